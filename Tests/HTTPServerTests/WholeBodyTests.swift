// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: bodies that come with their heads", .timeLimit(.minutes(10)))
struct WholeBodyTests {
    /// Answers with the body, and says in which form it came.
    private static let handler = ClosureHandler { exchange in
        if let body = exchange.takeWholeBody() {
            return exchange.respond(.ok, ["X-Form": "whole"], body: body)
        }
        var body: [UInt8] = []
        exchange.consumeBody { event in
            switch event {
            case .chunk(let bytes): body += bytes
            case .end: exchange.respond(.ok, ["X-Form": "parts"], body: body)
            case .failed: break
            }
        }
    }

    private static func post(_ body: String, _ fields: String = "") -> String {
        "POST / HTTP/1.1\r\nHost: a\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test("a packet with all of it is taken whole; a cut anywhere changes nothing else")
    func cuts() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.client()
                let request = Self.post("hello")
                let whole = try client.exchange(request)
                #expect(whole.text == "hello" && whole.values("x-form") == ["whole"])
                let bytes = Array(request.utf8)
                for cut in 1..<bytes.count {
                    try client.send(bytes: Array(bytes[..<cut]))
                    // Later bytes find the first ones read, or read with them: both must do.
                    try client.send(bytes: Array(bytes[cut...]))
                    #expect(try client.readResponse().text == "hello", "cut at \(cut)")
                }
                let none = try client.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(none.text == "" && none.values("x-form") == ["whole"])
            }
        }
    }

    @Test("many in one packet are told apart, whether they are read or not")
    func pipelined() async throws {
        let handler = ClosureHandler { exchange in
            guard exchange.request.target == "/" else { return exchange.respond(.noContent) }
            Self.handler.handle(exchange)
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                let unread = "PUT /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nGET"
                let requests = (0..<50).map { Self.post("body \($0)") + unread }
                try client.send(requests.joined())
                for number in 0..<50 {
                    #expect(try client.readResponse().text == "body \(number)")
                    #expect(try client.readResponse().status == 204)
                }
            }
        }
    }

    @Test("what exceeds the bytes that are read ahead, or comes in chunks, comes in parts")
    func parts() async throws {
        let configuration = HTTPServerConfiguration.with { $0.bodyBufferBytesMax = 8 }
        try await withServer(Self.handler, configuration: configuration) { test in
            try await TestThread.run {
                let client = try test.client()
                let atLimit = try client.exchange(Self.post("12345678"))
                #expect(atLimit.text == "12345678" && atLimit.values("x-form") == ["whole"])
                let past = try client.exchange(Self.post("123456789"))
                #expect(past.text == "123456789" && past.values("x-form") == ["parts"])
                let chunked = try client.exchange(
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "2\r\nhi\r\n0\r\n\r\n"
                )
                #expect(chunked.text == "hi" && chunked.values("x-form") == ["parts"])
            }
        }
    }

    @Test("who sends the body at once gets no 100, and keeps the connection")
    func noContinue() async throws {
        let handler = ClosureHandler { $0.respond(.ok) }
        for handler in [handler, Self.handler] {
            try await withServer(handler) { test in
                try await TestThread.run {
                    let client = try test.client()
                    for _ in 0..<2 {
                        try client.send(Self.post("hello", "Expect: 100-continue\r\n"))
                        let response = try client.readResponse()
                        #expect(response.status == 200)
                        #expect(response.values("connection") == [])
                    }
                }
            }
        }
    }

    @Test("the async forms get it too")
    func asyncForms() async throws {
        try await withServer(RequestBodyTests.echo) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(Self.post("one") + Self.post("") + Self.post("three"))
                for text in ["one", "", "three"] {
                    #expect(try client.readResponse().text == text)
                }
            }
        }
    }
}
