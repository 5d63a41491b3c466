// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import TestSupport
import Testing

@testable import HTTPServer

@Suite("Server parts: output that waits")
struct HTTPOutputBufferTests {
    @Test("gives bytes in order, whatever part of them is sent, and keeps no more than twice")
    func order() {
        var random = SeededGenerator()
        var buffer = HTTPOutputBuffer()
        var expected: [UInt8] = []
        var sent: [UInt8] = []
        for round in 0..<3000 {
            if round % 3 < 2 {
                let bytes = random.bytes(countMax: 600)
                buffer.bytes += bytes
                expected += bytes
            }
            let count = Int.random(in: 0...buffer.count, using: &random)
            if !buffer.isEmpty {
                sent += buffer.withUnsent { Array((Array($0) + Array($1)).prefix(count)) }
                buffer.sent(count)
            }
            #expect(buffer.count == expected.count - sent.count)
            #expect(buffer.isEmpty == (buffer.count == 0))
            #expect(buffer.bytes.count <= max(64 * 1024, buffer.count * 2) + 600)
        }
        while !buffer.isEmpty {
            let pieces = buffer.withUnsent { Array($0) + Array($1) }
            #expect(!pieces.isEmpty)
            sent += pieces
            buffer.sent(pieces.count)
        }
        #expect(sent == expected, "seed \(SeededGenerator.seed)")
    }

    @Test("keeps chunks in their place among small bytes, whatever part of them is sent")
    func chunks() {
        var random = SeededGenerator()
        var buffer = HTTPOutputBuffer()
        var expected: [UInt8] = []
        var sent: [UInt8] = []
        let chunkBytesMin = HTTPOutputBuffer.chunkBytesMin
        for round in 0..<600 {
            switch round % 4 {
            case 0:
                let byte = UInt8(truncatingIfNeeded: round)
                let length = chunkBytesMin + [-1, 0, 1, 5000][round / 4 % 4]
                let chunk = [UInt8](repeating: byte, count: length)
                buffer.append(chunk)
                expected += chunk
            case 1:
                let bytes = random.bytes(countMax: 600)
                buffer.bytes += bytes
                expected += bytes
            default:
                guard !buffer.isEmpty else { break }
                let pieces = buffer.withUnsent { Array($0) + Array($1) }
                let count = Int.random(in: 0...pieces.count, using: &random)
                sent += pieces.prefix(count)
                buffer.sent(count)
            }
            #expect(buffer.count == expected.count - sent.count)
            #expect(buffer.isEmpty == (buffer.count == 0))
        }
        while !buffer.isEmpty {
            let pieces = buffer.withUnsent { Array($0) + Array($1) }
            #expect(!pieces.isEmpty)
            sent += pieces
            buffer.sent(pieces.count)
        }
        #expect(sent == expected, "seed \(SeededGenerator.seed)")
    }

    @Test("much memory goes from one that is empty to one that has none")
    func borrows() {
        var spare: [UInt8] = []
        var buffer = HTTPOutputBuffer()
        buffer.bytes += [UInt8](repeating: 1, count: 1000)
        buffer.giveBack(to: &spare)
        #expect(spare.capacity == 0 && buffer.count == 1000)
        buffer.sent(1000)
        buffer.giveBack(to: &spare)
        #expect(spare.capacity >= 1000 && spare.isEmpty && buffer.bytes.capacity == 0)
        var other = HTTPOutputBuffer()
        other.borrow(&spare)
        #expect(other.bytes.capacity >= 1000 && spare.capacity == 0)
        other.bytes.append(1)
        other.borrow(&spare)
        #expect(other.bytes == [1])
    }

    @Test("gives a large buffer back when it is empty, keeps a small one")
    func capacity() {
        var buffer = HTTPOutputBuffer()
        buffer.bytes += [UInt8](repeating: 1, count: 1 << 20)
        buffer.sent(1 << 20)
        #expect(buffer.isEmpty && buffer.bytes.capacity < 1 << 16)
        buffer.bytes += [1, 2, 3]
        let capacity = buffer.bytes.capacity
        buffer.sent(3)
        #expect(buffer.bytes.capacity == capacity)
    }
}

@Suite("Server parts: a body that was read ahead")
struct HTTPIncomingBodyTests {
    private final class Log { var events: [String] = [] }

    private static func consumer(_ log: Log) -> (HTTPBodyEvent) -> Void {
        { event in
            switch event {
            case .chunk(let bytes): log.events.append("\(bytes.count)")
            case .end(let trailers): log.events.append("end \(trailers.count)")
            case .failed(let error): log.events.append("\(error)")
            }
        }
    }

    private static func tell(_ body: inout HTTPIncomingBody) {
        while let notice = body.next() { notice.tell() }
    }

    @Test("tells chunks, then the end, once; nothing while paused")
    func tells() {
        let log = Log()
        var body = HTTPIncomingBody()
        body.append(.chunk([1, 2]))
        #expect(body.bufferedBytes == 2 && !body.isAwaited)
        Self.tell(&body)
        #expect(log.events == [])
        body.consumer = Self.consumer(log)
        #expect(body.isAwaited)
        Self.tell(&body)
        body.isPaused = true
        #expect(!body.isAwaited)
        body.append(.chunk([3]))
        body.append(.end(trailers: ["a": "b"]))
        body.append(.chunk([4]))
        body.append(.failed(.timedOut))
        Self.tell(&body)
        #expect(log.events == ["2"] && body.bufferedBytes == 1)
        body.isPaused = false
        Self.tell(&body)
        Self.tell(&body)
        #expect(log.events == ["2", "1", "end 1"] && body.bufferedBytes == 0)
        #expect(!body.isAwaited)
    }

    @Test("what arrives is passed on directly only when nothing waits before it")
    func passesOn() {
        let log = Log()
        var body = HTTPIncomingBody()
        #expect(body.passOn(.chunk([1])) == nil)
        body.consumer = Self.consumer(log)
        body.passOn(.chunk([1, 2]))?(.chunk([1, 2]))
        body.isPaused = true
        #expect(body.passOn(.chunk([1])) == nil)
        body.append(.chunk([1]))
        body.isPaused = false
        #expect(body.passOn(.end(trailers: HTTPFields())) == nil)
        Self.tell(&body)
        body.passOn(.end(trailers: HTTPFields()))?(.end(trailers: HTTPFields()))
        #expect(log.events == ["2", "1", "end 0"])
        #expect(body.passOn(.chunk([1])) == nil && body.next() == nil && !body.isAwaited)
    }

    @Test("a request without a body has its end at once")
    func empty() {
        let log = Log()
        var body = HTTPIncomingBody(whole: [])
        body.consumer = Self.consumer(log)
        Self.tell(&body)
        #expect(log.events == ["end 0"])
    }

    @Test("a whole body is taken once, or told like any other")
    func whole() {
        var body = HTTPIncomingBody(whole: [1, 2])
        #expect(body.bufferedBytes == 2)
        #expect(body.takeWhole() == [1, 2] && body.takeWhole() == nil)
        #expect(body.bufferedBytes == 0 && body.next() == nil)
        let log = Log()
        body.consumer = Self.consumer(log)
        Self.tell(&body)
        #expect(log.events == [])

        body = HTTPIncomingBody(whole: [])
        #expect(body.takeWhole() == [] && body.takeWhole() == nil)

        body = HTTPIncomingBody(whole: [1, 2])
        body.consumer = Self.consumer(log)
        #expect(body.takeWhole() == nil)
        Self.tell(&body)
        #expect(log.events == ["2", "end 0"] && body.takeWhole() == nil)
    }

    @Test("what is not all there, was told, or has trailers is not taken as a whole")
    func notWhole() {
        var body = HTTPIncomingBody()
        #expect(body.takeWhole() == nil)
        body.append(.chunk([1]))
        #expect(body.takeWhole() == nil && body.bufferedBytes == 1)
        body.append(.end(trailers: HTTPFields()))
        #expect(body.takeWhole() == [1])

        body = HTTPIncomingBody()
        body.append(.end(trailers: ["a": "b"]))
        #expect(body.takeWhole() == nil)

        body = HTTPIncomingBody()
        body.append(.chunk([UInt8](repeating: 1, count: 16 * 1024)))
        body.append(.chunk([2]))
        body.append(.end(trailers: HTTPFields()))
        #expect(body.takeWhole() == nil && body.bufferedBytes == 16 * 1024 + 1)

        body = HTTPIncomingBody()
        body.append(.failed(.timedOut))
        #expect(body.takeWhole() == nil)
    }

    @Test("joins small chunks that wait, so that memory stays near what is counted")
    func joins() {
        let log = Log()
        var body = HTTPIncomingBody()
        for _ in 0..<65_536 { body.append(.chunk([1])) }
        body.append(.chunk([UInt8](repeating: 2, count: 20_000)))
        body.append(.chunk([3]))
        #expect(body.bufferedBytes == 85_537)
        body.consumer = Self.consumer(log)
        Self.tell(&body)
        #expect(log.events == ["16384", "16384", "16384", "16384", "20000", "1"])
        // One that was told is not added to.
        body.append(.chunk([4]))
        Self.tell(&body)
        #expect(log.events.last == "1" && log.events.count == 7)
    }

    @Test("after the answer the consumer hears nothing more, and nothing more is kept")
    func answered() {
        let log = Log()
        var body = HTTPIncomingBody()
        body.consumer = Self.consumer(log)
        body.answerEnded()
        body.append(.chunk([1]))
        Self.tell(&body)
        #expect(log.events == [] && body.bufferedBytes == 0 && !body.isAwaited)
    }
}

@Suite("Server parts: one response (RFC 9112 section 6)")
struct HTTPResponseWriterTests {
    private struct Run {
        var writer: HTTPResponseWriter
        var date = HTTPDateCache()
        var output = HTTPOutputBuffer()

        init(_ method: HTTPMethod, minorVersion: UInt8 = 1, closes: Bool = false) {
            let head = HTTPRequestHead(method: method, target: "/", minorVersion: minorVersion)
            self.writer = HTTPResponseWriter(request: head, closesConnection: closes)
        }

        mutating func start(
            _ status: HTTPStatus = .ok,
            _ fields: HTTPFields = [:],
            length: Int?
        ) throws {
            let head = HTTPResponseHead(status: status, fields: fields)
            try self.writer.start(
                head,
                bodyLength: length,
                serverName: nil,
                date: &self.date,
                now: .now(),
                to: &self.output.bytes
            )
        }

        /// The lines of the head but for the date, and the body.
        var text: String {
            String(decoding: self.output.bytes, as: UTF8.self).split(
                separator: "\r\n",
                omittingEmptySubsequences: false
            )
            .filter { !$0.hasPrefix("Date: ") }.joined(separator: "|")
        }
    }

    @Test("counts an announced body: exact, more, less")
    func counts() throws {
        var run = Run(.get)
        try run.start(length: 4)
        try run.writer.write([0x61, 0x62], to: &run.output)
        #expect(throws: HTTPAnswerMistake.moreThanAnnounced) {
            try run.writer.write([1, 2, 3], to: &run.output)
        }
        #expect(throws: HTTPAnswerMistake.lessThanAnnounced) {
            try run.writer.end(trailers: nil, to: &run.output.bytes)
        }
        try run.writer.write([0x63, 0x64], to: &run.output)
        #expect(run.writer.isStarted && !run.writer.isEnded)
        try run.writer.end(trailers: ["X": "dropped"], to: &run.output.bytes)
        #expect(run.writer.isEnded)
        #expect(run.text == "HTTP/1.1 200 OK|Content-Length: 4||abcd")
    }

    @Test(
        "frames by method, version and status",
        arguments: [
            ("GET", 1, 200, 0, "HTTP/1.1 200 OK|Content-Length: 0||"),
            ("GET", 1, 200, nil, "HTTP/1.1 200 OK|Transfer-Encoding: chunked||1|x|0||"),
            ("HEAD", 1, 200, nil, "HTTP/1.1 200 OK|Transfer-Encoding: chunked||"),
            ("HEAD", 1, 200, 7, "HTTP/1.1 200 OK|Content-Length: 7||"),
            ("GET", 1, 204, 1, "HTTP/1.1 204 No Content||"),
            ("GET", 1, 304, nil, "HTTP/1.1 304 Not Modified||"),
            ("GET", 0, 200, 1, "HTTP/1.1 200 OK|Content-Length: 1|Connection: keep-alive||x"),
            ("GET", 0, 200, nil, "HTTP/1.1 200 OK|Connection: close||x"),
            ("HEAD", 0, 200, nil, "HTTP/1.1 200 OK|Connection: close||"),
        ] as [(String, UInt8, Int, Int?, String)]
    )
    func frames(
        _ method: String,
        _ minorVersion: UInt8,
        _ status: Int,
        _ length: Int?,
        _ text: String
    ) throws {
        var run = Run(HTTPMethod(rawValue: method), minorVersion: minorVersion)
        try run.start(HTTPStatus(rawValue: status), length: length)
        if length != 0 { try run.writer.write([0x78], to: &run.output) }
        try run.writer.end(trailers: nil, to: &run.output.bytes)
        #expect(run.text == text)
        #expect(run.writer.closesConnection == text.contains("Connection: close"))
    }

    @Test("a whole body is sent when the answer has one, and ends it", arguments: [200, 204])
    func whole(_ status: Int) throws {
        var run = Run(.get)
        try run.start(HTTPStatus(rawValue: status), length: 2)
        run.writer.writeWhole([0x61, 0x62], to: &run.output)
        #expect(run.writer.isEnded)
        #expect(run.text.hasSuffix(status == 200 ? "|Content-Length: 2||ab" : "No Content||"))
    }

    @Test("what is refused leaves the output as it was, and another head can follow")
    func refused() throws {
        var run = Run(.get, closes: true)
        run.output.bytes = [0x21]
        for (status, fields) in [
            (.ok, ["X": "\n"]), (.ok, ["": ""]), (100, [:]), (1000, [:]),
        ] as [(HTTPStatus, HTTPFields)] {
            #expect(throws: HTTPAnswerMistake.self) { try run.start(status, fields, length: 0) }
            #expect(run.output.bytes == [0x21])
            #expect(!run.writer.isStarted)
        }
        try run.start(.internalServerError, length: 0)
        let text = "!HTTP/1.1 500 Internal Server Error|Content-Length: 0|Connection: close||"
        #expect(run.text == text)
    }

    @Test("a head that was started twice, or a body outside of it, stops the process")
    func misuse() async {
        await #expect(processExitsWith: .failure) {
            var run = Run(.get)
            try run.start(length: 0)
            try run.start(length: 0)
        }
        await #expect(processExitsWith: .failure) {
            var run = Run(.get)
            try run.writer.write([1], to: &run.output)
        }
    }
}
