// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: bodies that are wanted as a whole", .timeLimit(.minutes(10)))
struct CollectedBodyTests {
    private static let bytesMax = 3_000_000

    /// Answers with the body, or with what is wrong with it.
    private static let handler = ClosureHandler { exchange in
        exchange.collectBody(upTo: Self.bytesMax) { result in
            switch result {
            case .success(let body): exchange.respond(.ok, body: body)
            case .failure(let error): exchange.respond(error.status)
            }
        }
    }

    private static func body(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 7) }
    }

    private static func head(_ length: Int) -> String {
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n"
    }

    /// Around what is read at once, what is read to its place, and what memory is taken for ahead.
    private static let lengths = [
        0, 1, 16_383, 16_384, 32_700, 32_768, 49_080, 49_152, 65_536, 98_304, 1 << 20, 1 << 20 + 1,
        bytesMax,
    ]

    @Test("come whole, whatever their length, and the connection goes on", arguments: [nil, 4096])
    func lengths(_ buffer: Int32?) async throws {
        try await withServer(Self.handler, sendBuffer: buffer) { test in
            try await TestThread.run {
                let client = try test.client()
                for length in Self.lengths {
                    let body = Self.body(length)
                    try client.send(Self.head(length))
                    try client.send(bytes: body)
                    #expect(try client.readResponse().body == body, "\(length) bytes")
                }
            }
        }
    }

    @Test("in any number of packets, with the next request behind them")
    func packets() async throws {
        var random = SeededGenerator()
        let sizes = (0..<60).map { _ in Int.random(in: 1...60_000, using: &random) }
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.client()
                let length = 200_000
                let body = Self.body(length)
                let all = Array(Self.head(length).utf8) + body
                let stream = Array(repeatElement(all, count: 8).joined())
                var start = 0
                var received = 0
                for size in sizes {
                    let end = min(stream.count, start + size)
                    try client.send(bytes: Array(stream[start..<end]))
                    start = end
                    while received < start / all.count {
                        received += 1
                        #expect(try client.readResponse().body == body)
                    }
                }
                #expect(received > 0, "seed \(SeededGenerator.seed)")
            }
        }
    }

    @Test("in chunks: at the limit, and one byte past")
    func chunks() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                for length in [Self.bytesMax, Self.bytesMax + 1] {
                    let client = try test.client()
                    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    try client.send(head)
                    let body = Self.body(length)
                    try client.send(String(length, radix: 16) + "\r\n")
                    try client.send(bytes: body)
                    try client.send("\r\n0\r\n\r\n")
                    let response = try client.readResponse()
                    #expect(response.status == (length == Self.bytesMax ? 200 : 413))
                    if length == Self.bytesMax { #expect(response.body == body) }
                }
            }
        }
    }

    @Test("an announced length past the limit is refused before it comes")
    func tooLong() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(Self.head(Self.bytesMax + 1))
                #expect(try client.readResponse().status == 413)
            }
        }
    }

    @Test("one that came with its head has the same limit")
    func wholeLimit() async throws {
        let handler = ClosureHandler { exchange in
            exchange.collectBody(upTo: 4) { result in
                exchange.respond((try? result.get()) == nil ? .contentTooLarge : .ok)
            }
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                #expect(try client.exchange(Self.head(4) + "1234").status == 200)
                #expect(try client.exchange(Self.head(5) + "12345").status == 413)
                #expect(try client.exchange(Self.head(4) + "1234").status == 200)
            }
        }
    }

    @Test("a client that leaves within one is told of, once")
    func broken() async throws {
        let failures = Recorder<HTTPBodyError>()
        let handler = ClosureHandler { exchange in
            exchange.collectBody(upTo: Self.bytesMax) { result in
                if case .failure(let error) = result { failures.append(error) }
                exchange.respond(.badRequest)
            }
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                for isReset in [false, true] {
                    let client = try test.client()
                    try client.send(Self.head(1_000_000))
                    try client.send(bytes: Self.body(500_000))
                    if isReset {
                        client.reset()
                    } else {
                        client.shutdownWrite()
                        #expect(try client.readResponse().status == 400)
                    }
                }
            }
        }
        // Drained: whoever waited was told.
        #expect(failures.values == [.connectionClosed, .connectionClosed])
    }

    @Test("one that stops coming is given up in time")
    func slow() async throws {
        let configuration = HTTPServerConfiguration.with { $0.bodyTimeout = .milliseconds(100) }
        try await withServer(Self.handler, configuration: configuration) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(Self.head(1_000_000))
                try client.send(bytes: Self.body(500_000))
                #expect(try client.readResponse().status == 408)
            }
        }
    }

    @Test("nothing is told after an answer that does not wait for the body")
    func answered() async throws {
        let handler = ClosureHandler { exchange in
            exchange.collectBody(upTo: Self.bytesMax) { _ in Issue.record("told too late") }
            exchange.respond(.ok)
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(Self.head(100_000))
                #expect(try client.readResponse().status == 200)
                try client.send(bytes: Self.body(100_000))
                try client.send(Self.head(100_000))
                #expect(try client.readResponse().status == 200)
            }
        }
    }
}
