// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: HTTP/2 frames that carry nothing", .timeLimit(.minutes(10)))
struct HTTP2FloodTests {
    private static let ping = HTTP2Frame(.ping, [0, 0, 0, 0, 0, 0, 0, 0])
    private static let enhanceYourCalm: UInt32 = 11
    private static let framesMax = 200
    /// What a client sends before: settings, their acknowledgement, and a PING.
    private static let framesOfGreeting = 3

    /// A frame pays for itself alone, and hardly any come back with time.
    private static let configuration = HTTPServerConfiguration.with {
        $0.http2.overheadFramesMax = Self.framesMax
        $0.http2.overheadFramesPerSecond = 1
        $0.http2.overheadFramesPerMessageFrame = 1
    }

    private static let overhead = [
        HTTP2Frame(.windowUpdate, HTTP2Frame.bytes(1)),
        HTTP2Frame(.windowUpdate, stream: 1, HTTP2Frame.bytes(1)),
        HTTP2Frame(.priority, stream: 5, [0, 0, 0, 0, 1]),
        HTTP2Frame(.ping, flags: HTTP2Frame.acknowledgement, Self.ping.payload),
        HTTP2Frame(.data, stream: 1),
        // Padding alone.
        HTTP2Frame(kind: 0, flags: 8, stream: 1, payload: [2, 0, 0]),
        HTTP2Frame(kind: 0x77, flags: 0, stream: 0, payload: []),
        HTTP2Frame(kind: 0x77, flags: 0, stream: 1, payload: [1, 2, 3]),
    ]

    private static func bytes(_ frame: HTTP2Frame, _ count: Int) -> [UInt8] {
        Array(repeatElement(frame.encoded, count: count).joined())
    }

    private static func client(_ test: TestServer) throws -> HTTP2Client {
        let client = try test.http2Client()
        // What is not told in this time never is.
        client.raw.setDeadline(seconds: 60)
        return client
    }

    @Test("are taken up to the limit, and end the connection past it", arguments: overhead)
    func limit(_ frame: HTTP2Frame) async throws {
        // The stream stays open.
        let kept = Recorder<HTTPExchange>()
        let handler = ClosureHandler { kept.append($0) }
        try await withServer(handler, configuration: Self.configuration) { test in
            try await TestThread.run {
                let client = try Self.client(test)
                let count = Self.framesMax - Self.framesOfGreeting
                try client.send(HTTP2Client.headers(1, HTTP2Client.post, ends: false))
                try client.raw.send(bytes: Self.bytes(frame, count))
                try client.send(Self.ping)
                try client.read { $0.isKind(.ping) }
                #expect(client.goAways.isEmpty)
                // More than can have come back, and less than is dropped.
                try? client.raw.send(bytes: Self.bytes(frame, 10_000))
                #expect(try client.goAway() == Self.enhanceYourCalm)
                #expect(client.isEnded())
                let other = try Self.client(test)
                try other.send(Self.ping)
                try other.read { $0.isKind(.ping) }
            }
        }
    }

    @Test("are paid by the DATA that they answer, however much that is")
    func windowUpdates() async throws {
        let length = 8 * 1024 * 1024
        let handler = ClosureHandler {
            $0.respond(.ok, body: [UInt8](repeating: 1, count: length))
        }
        var configuration = Self.configuration
        configuration.http2.overheadFramesPerMessageFrame = 2
        try await withServer(handler, configuration: configuration) { test in
            try await TestThread.run {
                let client = try Self.client(test)
                try client.send(HTTP2Client.headers(1, HTTP2Client.get))
                var (received, updates) = (0, 0)
                while received < length {
                    let data = try client.read { $0.isKind(.data) || $0.isKind(.goAway) }
                    try #require(data.isKind(.data))
                    received += data.payload.count
                    guard received < length else { break }
                    let increment = HTTP2Frame.bytes(UInt32(data.payload.count))
                    try client.send(
                        HTTP2Frame(.windowUpdate, increment),
                        HTTP2Frame(.windowUpdate, stream: 1, increment)
                    )
                    updates += 2
                }
                #expect(updates > 2 * Self.framesMax)
                try client.send(Self.ping)
                try client.read { $0.isKind(.ping) }
                #expect(client.goAways.isEmpty)
            }
        }
    }

    @Test("are no frames of requests, as many and as small as these may be")
    func requests() async throws {
        let handler = AsyncHTTPHandler { exchange in
            let body = try await exchange.collectBody(upTo: 1024)
            await exchange.sendResponse(.ok, body: Array("\(body.count)".utf8))
        }
        try await withServer(handler, configuration: Self.configuration) { test in
            try await TestThread.run {
                let client = try Self.client(test)
                for number in 0..<300 as Range<UInt32> {
                    try client.send(HTTP2Client.headers(number * 2 + 1, HTTP2Client.get))
                    #expect(try client.answer(number * 2 + 1).status == "200")
                }
                let last: UInt32 = 601
                try client.send(HTTP2Client.headers(last, HTTP2Client.post, ends: false))
                for _ in 0..<500 { try client.send(HTTP2Client.data(last, [1], ends: false)) }
                try client.send(HTTP2Client.data(last, [1]))
                #expect(try client.answer(last).text == "501")
                #expect(client.goAways.isEmpty)
            }
        }
    }

    @Test("are not heard to their end behind the GOAWAY")
    func afterGoAway() async throws {
        var configuration = Self.configuration
        configuration.lingerTimeout = .seconds(600)
        try await withServer(ClosureHandler { $0.respond(.ok) }, configuration: configuration) {
            test in
            try await TestThread.run {
                let client = try Self.client(test)
                let block = Self.bytes(Self.overhead[0], 1000)
                #expect(throws: RawClientError.reset) {
                    // Far more than the kernel keeps for a server that does not read.
                    for _ in 0..<10_000 { try client.raw.send(bytes: block) }
                }
            }
        }
    }
}
