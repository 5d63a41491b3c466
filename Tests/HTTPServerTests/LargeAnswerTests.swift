// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: answers that are too large to be copied", .timeLimit(.minutes(10)))
struct LargeAnswerTests {
    private static func body(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 7) }
    }

    /// Answers with as many bytes as the query says, in the form that the path says.
    private static let handler = AsyncHTTPHandler { exchange in
        let body = Self.body(Int(exchange.request.query ?? "") ?? 0)
        switch exchange.request.path {
        case "/whole": await exchange.sendResponse(.ok, body: body)
        default:
            let length = exchange.request.path == "/counted" ? body.count + 4 : nil
            await exchange.sendStart(HTTPResponseHead(status: .ok), bodyLength: length)
            try await exchange.send([1, 2])
            try await exchange.send(body)
            try await exchange.send([3, 4])
            await exchange.sendEnd()
        }
    }

    /// Around the length from which a chunk is kept as it is, and well beyond what a socket takes.
    private static let lengths = [16_383, 16_384, 16_385, 3_000_000]

    @Test("arrive whole in every form, to readers fast and slow", arguments: [nil, 16 * 1024])
    func whole(_ buffer: Int32?) async throws {
        try await withServer(Self.handler, sendBuffer: buffer) { test in
            try await TestThread.run {
                let client = try test.client(receiveBuffer: buffer)
                for length in Self.lengths {
                    let body = Self.body(length)
                    for form in ["/whole", "/counted", "/chunked"] {
                        let text = "GET \(form)?\(length) HTTP/1.1\r\nHost: a\r\n\r\n"
                        let expected = form == "/whole" ? body : [1, 2] + body + [3, 4]
                        #expect(try client.exchange(text).body == expected, "\(form) \(length)")
                    }
                }
            }
        }
    }

    @Test("keep their place among those of other requests")
    func pipelined() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.client()
                let requests = (0..<30).map { number in
                    let length = number % 3 == 0 ? 20_000 + number : number
                    return "GET /whole?\(length) HTTP/1.1\r\nHost: a\r\n\r\n"
                }
                try client.send(requests.joined())
                for number in 0..<30 {
                    let length = number % 3 == 0 ? 20_000 + number : number
                    #expect(try client.readResponse().body == Self.body(length), "\(number)")
                }
            }
        }
    }

    @Test("are left out where an answer has no body")
    func head() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.client()
                let request = "HEAD /whole?20000 HTTP/1.1\r\nHost: a\r\n\r\n"
                let head = try client.exchange(request)
                #expect(head.values("content-length") == ["20000"] && head.body == [])
                #expect(try client.get("/whole").status == 200)
            }
        }
    }
}
