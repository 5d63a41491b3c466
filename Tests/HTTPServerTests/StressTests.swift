// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: clients of every kind at once; SWIFTLET_TEST_SEED repeats a run")
struct StressTests {
    /// Reads, or does not, answers at once, late, in parts, or fails: by the path.
    private static func handler(_ ended: Recorder<String>) -> AsyncHTTPHandler {
        AsyncHTTPHandler { exchange in
            ended.append("begun")
            defer { ended.append("ended") }
            switch exchange.request.path {
            case "/echo":
                let body = try await exchange.collectBody(upTo: 1 << 20)
                await exchange.sendResponse(.ok, body: body)
            case "/late":
                await Task.detached { await Task.yield() }.value
                await exchange.sendResponse(.ok)
            case "/parts":
                await exchange.sendStart(HTTPResponseHead(status: .ok), bodyLength: nil)
                while let chunk = try await exchange.nextBodyChunk() {
                    try await exchange.send(chunk)
                }
                await exchange.sendEnd()
            case "/fails": throw HTTPBodyError.tooLarge
            case "/large":
                await exchange.sendResponse(.ok, body: [UInt8](repeating: 1, count: 700_000))
            default: await exchange.sendResponse(.ok)
            }
        }
    }

    /// One connection with a few requests on it, and an end of any kind.
    private static func behave(_ client: RawClient, _ random: inout SeededGenerator) {
        do {
            let paths = ["/echo", "/late", "/parts", "/fails", "/large", "/"]
            var stream: [UInt8] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let path = paths.randomElement(using: &random) ?? "/"
                let body = random.bytes(countMax: 3000)
                stream += Array("POST \(path) HTTP/1.1\r\nHost: a\r\n".utf8)
                if Bool.random(using: &random) {
                    stream += Array("Content-Length: \(body.count)\r\n\r\n".utf8) + body
                } else {
                    stream += Array("Transfer-Encoding: chunked\r\n\r\n".utf8)
                    HTTPEncoder.append(chunk: body, to: &stream)
                    stream += Array("0\r\n\r\n".utf8)
                }
            }
            if Int.random(in: 0..<5, using: &random) == 0 {
                stream[Int.random(in: 0..<stream.count, using: &random)] = 0
            }
            let cut = Int.random(in: 0...stream.count, using: &random)
            try client.send(bytes: Array(stream[..<cut]))
            let end = Int.random(in: 0..<6, using: &random)
            if end == 0 { return client.reset() }
            if end == 1 { return client.close() }
            try client.send(bytes: Array(stream[cut...]))
            if end == 2 { return client.reset() }
            client.shutdownWrite()
            if end == 3 { return client.close() }
            _ = try client.readToEnd()
        } catch {
            // A reset is one of the ends; what matters is that the server gets over it.
            #expect(error as? RawClientError == .reset, "\(error)")
        }
    }

    @Test(
        "every handler comes to its end, and the server is as good as new",
        .timeLimit(.minutes(10))
    )
    func everyKind() async throws {
        let ended = Recorder<String>()
        try await withServer(Self.handler(ended), sendBuffer: 64 * 1024) { test in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for thread in 0..<4 {
                    group.addTask {
                        try await TestThread.run {
                            let seed = SeededGenerator.seed &* 1000 &+ UInt64(thread)
                            var random = SeededGenerator(seed: seed)
                            for _ in 0..<150 { Self.behave(try test.client(), &random) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let status = try await TestThread.run { try test.client().get().status }
            #expect(status == 200)
        }
        // Drained: whoever waited was told.
        var left = 10_000
        while Self.openCount(ended) > 0, left > 0 {
            await Task.yield()
            left -= 1
        }
        #expect(Self.openCount(ended) == 0, "seed \(SeededGenerator.seed)")
        #expect(ended.count > 600)
    }

    private static func openCount(_ ended: Recorder<String>) -> Int {
        ended.values.reduce(0) { $0 + ($1 == "begun" ? 1 : -1) }
    }
}
