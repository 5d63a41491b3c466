// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@testable import Swiftlet

@Suite("Streams, over sockets")
struct ServedStreamTests {
    @Test(
        "a body is echoed piece by piece while it is sent, with trailers",
        arguments: [true, false]
    )
    func echo(_ isOnLoop: Bool) async throws {
        var function = Function(placement: isOnLoop ? .loop : .pool)
        function.stream("POST", "/echo") { request, response, _ in
            try await response.start(status: 201, headers: ["X-Kind": "echo"])
            var count = 0
            for try await chunk in request.body {
                count += chunk.count
                try await response.write(chunk)
            }
            try await response.finish(trailers: ["X-Count": "\(count)"])
        }
        try await withServed(function) { served in
            let answer = try await TestThread.run {
                let client = try served.client()
                try client.send(
                    "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                var answer = try client.head()
                // Each piece comes back before the next one is sent.
                for word in ["one", "three", "fourteen"] {
                    let length = String(word.utf8.count, radix: 16)
                    try client.send("\(length)\r\n\(word)\r\n")
                    answer.body += try client.chunk() ?? []
                }
                try client.send("0\r\n\r\n")
                let last = try client.chunk()
                #expect(last == nil)
                answer.trailers = ["line": try client.line()]
                return answer
            }
            #expect(answer.status == 201)
            #expect(answer.fields["x-kind"] == "echo")
            #expect(answer.text == "onethreefourteen")
            #expect(answer.trailers["line"]?.lowercased() == "x-count: 16")
        }
    }

    @Test("trailers of the request reach the handler behind the last piece")
    func requestTrailers() async throws {
        var function = Function()
        function.stream("POST", "/sum") { request, response, _ in
            let early = await request.body.trailers["x-sum"]
            let body = try await request.body.collect(upTo: 100)
            let late = await request.body.trailers["x-sum"]
            try await response.write("\(early ?? "none") \(body.count) \(late ?? "none")")
        }
        try await withServed(function) { served in
            for (end, sum) in [("X-Sum: 4\r\n", "4"), ("", "none")] {
                let answer = try await served.exchange(
                    "POST /sum HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "4\r\nabcd\r\n0\r\n\(end)\r\n"
                )
                #expect(answer.text == "none 4 \(sum)")
            }
        }
    }

    @Test(
        "a handler is cancelled whose answer breaks in its first steps",
        arguments: [true, false]
    )
    func breaks(_ isOnLoop: Bool) async throws {
        let cancelled = Semaphore()
        var function = Function(placement: isOnLoop ? .loop : .pool)
        function.stream("GET", "/broken") { _, response, _ in
            try await response.start(length: 1)
            // More than was announced: the connection is reset within this call.
            try? await response.write("two")
            // Nothing ever comes; what ends the wait is the end of the task.
            let (stream, source) = AsyncStream<Void>.makeStream()
            for await _ in stream {}
            source.finish()
            if Task.isCancelled { cancelled.signal() }
        }
        try await withServed(function) { served in
            let client = try served.client()
            let isCancelled = try await TestThread.run {
                try client.send("GET /broken HTTP/1.1\r\nHost: t\r\n\r\n")
                return cancelled.wait()
            }
            #expect(isCancelled)
        }
    }

    @Test("a slow reader stops the writer")
    func backPressure() async throws {
        let written = Recorder<Int>()
        let block = [UInt8](repeating: 7, count: 64 * 1024)
        let blocks = 512
        var function = Function(placement: .loop)
        function.stream("GET", "/big") { _, response, _ in
            for index in 0..<blocks {
                try await response.write(block)
                written.append(index)
            }
        }
        try await withServed(function) { served in
            let client = try served.client(receiveBuffer: 4096)
            try await TestThread.run {
                try client.send("GET /big HTTP/1.1\r\nHost: t\r\n\r\n")
                _ = try client.head()
            }
            // A writer that does not wait writes once a turn of the loop, and would be done by now.
            for _ in 0..<(4 * blocks) { await served.loop.run {} }
            #expect(written.count < blocks)
            let count = try await TestThread.run {
                var count = 0
                while let chunk = try client.chunk() { count += chunk.count }
                return count
            }
            #expect(count == blocks * block.count)
            #expect(written.count == blocks)
        }
    }

    @Test("a client that goes ends a stream that never would")
    func clientGone() async throws {
        let ended = Gate()
        let gate = Gate()
        var function = Function()
        function.stream("GET", "/ticks") { _, response, _ in
            defer { ended.open() }
            try await response.start(headers: ServerSentEvent.headers)
            try await response.write(ServerSentEvent(data: "hello"))
            try await gate.pass()
        }
        try await withServed(function) { served in
            try await TestThread.run {
                let client = try served.client()
                try client.send("GET /ticks HTTP/1.1\r\nHost: t\r\n\r\n")
                let head = try client.head()
                #expect(head.fields["content-type"] == "text/event-stream; charset=utf-8")
                let chunk = try client.chunk() ?? []
                #expect(String(decoding: chunk, as: UTF8.self) == "data: hello\n\n")
                client.reset()
            }
            try await ended.pass()
        }
    }

    @Test("an error before the first byte decides the status, one after it cuts the answer")
    func errors() async throws {
        var function = Function()
        function.stream("GET", "/refused") { _, _, _ in throw FunctionError(410, "gone") }
        function.stream("GET", "/cut") { _, response, _ in
            try await response.write("half")
            throw FunctionError(410, "gone")
        }
        function.stream("GET", "/twice") { _, response, _ in
            try await response.start()
            do { try await response.start() } catch { try await response.write("\(error)") }
        }
        function.stream("GET", "/silent") { _, _, _ in }
        try await withServed(function) { served in
            let refused = try await served.get("/refused")
            #expect(refused.status == 410)
            #expect(refused.text == "gone\n")
            let isCut = try await TestThread.run {
                let client = try served.client()
                try client.send("GET /cut HTTP/1.1\r\nHost: t\r\n\r\n")
                _ = try client.head()
                let chunk = try client.chunk()
                #expect(chunk == Array("half".utf8))
                return client.isCut()
            }
            #expect(isCut)
            #expect(try await served.get("/twice").text.contains("began its answer twice"))
            let silent = try await served.get("/silent")
            #expect(silent.status == 200)
            #expect(silent.body.isEmpty)
        }
    }

    @Test("bodies are bounded by the route, above and below what holds elsewhere")
    func bodyLimits() async throws {
        var function = Function()
        function.stream("PUT", "/large", options: .bodyBytesMax(20)) { request, response, _ in
            let body = try await request.body.collect(upTo: .max)
            try await response.write("\(body.count)")
        }
        function.put("/small", options: .bodyBytesMax(5)) { request, _ in
            .text("\(request.body.count)")
        }
        function.put("/plain") { request, _ in .text("\(request.body.count)") }
        try await withServed(function, ["SWIFTLET_BODY_BYTES_MAX": "10"]) { served in
            for (path, limit) in [("/large", 20), ("/small", 5), ("/plain", 10)] {
                for count in [limit, limit + 1] {
                    let body = String(repeating: "x", count: count)
                    let answer = try await served.exchange(
                        "PUT \(path) HTTP/1.1\r\nHost: t\r\nContent-Length: \(count)\r\n\r\n\(body)"
                    )
                    #expect(answer.status == (count == limit ? 200 : 413), "\(path) \(count)")
                    if count == limit { #expect(answer.text == "\(count)") }
                }
            }
        }
    }

    @Test("an answer must begin in time, and go on in time")
    func progress() async throws {
        let gate = Gate()
        var function = Function()
        function.stream("GET", "/late") { _, _, _ in try await gate.pass() }
        function.stream("GET", "/stuck") { _, response, _ in
            try await response.write("first")
            try await gate.pass()
        }
        function.get("/whole") { _, _ in
            try await gate.pass()
            return .text("")
        }
        try await withServed(
            function,
            settings: [
                .set(\.responseStartTimeout, .milliseconds(40)),
                .set(\.idleTimeout, .milliseconds(40)),
            ]
        ) { served in
            let late = try await served.get("/late")
            #expect(late.status == 504)
            let whole = try await served.get("/whole")
            #expect(whole.status == 504)
            let isCut = try await TestThread.run {
                let client = try served.client()
                try client.send("GET /stuck HTTP/1.1\r\nHost: t\r\n\r\n")
                let head = try client.head()
                #expect(head.status == 200)
                return client.isCut()
            }
            #expect(isCut)
        }
    }

    @Test("two tasks cannot write, or read, at once")
    func mistakes() async throws {
        let errors = Recorder<String>()
        let refused = Semaphore()
        let block = [UInt8](repeating: 1, count: 8 * 1024 * 1024)
        var function = Function(placement: .loop)
        function.stream("GET", "/") { _, response, _ in
            await withTaskGroup { group in
                for _ in 0..<2 {
                    group.addTask {
                        do {
                            try await response.write(block)
                        } catch {
                            errors.append("\(error)")
                            refused.signal()
                        }
                    }
                }
            }
        }
        try await withServed(function) { served in
            let count = try await TestThread.run {
                let client = try served.client(receiveBuffer: 4096)
                try client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
                // Whoever reads at once may have all of the first before the second begins.
                #expect(refused.wait())
                return try client.answer().body.count
            }
            #expect(count == block.count)
        }
        #expect(errors.values == ["\(ResponseMistake.concurrent)"])
    }
}
