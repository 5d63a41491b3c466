// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: handlers that make mistakes", .timeLimit(.minutes(10)))
struct MistakenHandlerTests {
    private struct Mistake: Error {}

    @Test("throwing, forgetting and asking for the impossible are 500, and the server goes on")
    func fails() async throws {
        let handler = AsyncHTTPHandler { exchange in
            switch exchange.request.path {
            case "/throws": throw Mistake()
            case "/forgets": return
            case "/too-large": throw HTTPBodyError.tooLarge
            case "/elsewhere": try await Task.detached { throw Mistake() }.value
            default: await exchange.sendResponse(.ok)
            }
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                for (path, status) in [
                    ("/throws", 500), ("/forgets", 500), ("/too-large", 413), ("/elsewhere", 500),
                    ("/", 200),
                ] {
                    let response = try client.get(path)
                    #expect(response.status == status, "\(path)")
                    // What went wrong inside is nobody's business outside.
                    #expect(response.body == [])
                }
                #expect(test.reports.count == 3)
                #expect(test.reports.values.contains { $0.contains("Mistake") })
            }
        }
    }

    @Test(
        "after the answer began, they are a reset",
        arguments: ["/throws", "/forgets", "/aborts"]
    )
    func failsLate(_ path: String) async throws {
        let handler = AsyncHTTPHandler { exchange in
            await exchange.sendStart(HTTPResponseHead(status: .ok), bodyLength: nil)
            try await exchange.send([1])
            switch exchange.request.path {
            case "/throws": throw Mistake()
            case "/aborts": await exchange.loop.run { exchange.abort() }
            default: return
            }
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(client.isReset())
            }
        }
    }

    @Test("an answer that would break its frame is replaced by 500, and nothing gets out")
    func injection() async throws {
        let heads: [(HTTPStatus, HTTPFields)] = [
            (.ok, ["X": "a\r\nSet-Cookie: stolen=1"]), (.ok, ["X\r\nSet-Cookie": "stolen=1"]),
            (.ok, ["X": "\u{0}"]), (.ok, ["": "a"]), (.ok, ["A b": "c"]), (.continue, [:]),
            (101, [:]), (0, [:]), (1000, [:]), (-200, [:]),
        ]
        let handler = ClosureHandler { exchange in
            let (status, fields) = heads[Int(exchange.request.query ?? "") ?? 0]
            if exchange.request.path == "/whole" {
                exchange.respond(status, fields, body: Array("stolen".utf8))
            } else {
                let head = HTTPResponseHead(status: status, fields: fields)
                exchange.start(head, bodyLength: nil)
                exchange.write(Array("stolen".utf8))
                exchange.end(trailers: ["X": "stolen"])
            }
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                for index in heads.indices {
                    for path in ["/whole", "/parts"] {
                        let client = try test.client()
                        try client.send("GET \(path)?\(index) HTTP/1.1\r\nHost: a\r\n\r\n")
                        let text = try client.readToEnd()
                        #expect(text.hasPrefix("HTTP/1.1 500 Internal Server Error\r\n"))
                        #expect(text.hasSuffix("Content-Length: 0\r\nConnection: close\r\n\r\n"))
                        #expect(!text.lowercased().contains("stolen"))
                    }
                }
                #expect(test.reports.count == heads.count * 2)
            }
        }
    }

    @Test("invalid trailers are left out, and the body still ends")
    func trailers() async throws {
        let handler = ClosureHandler { exchange in
            exchange.start(HTTPResponseHead(status: .ok), bodyLength: nil)
            exchange.write([0x61])
            exchange.end(trailers: ["X": "a\r\n\r\nHTTP/1.1 200 OK"])
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                for _ in 0..<2 {
                    let response = try client.get()
                    #expect(response.text == "a")
                    #expect(response.trailers == [])
                }
            }
        }
    }

    @Test("who writes more or less than announced cannot deceive the client", arguments: [3, 5])
    func lies(_ count: Int) async throws {
        let handler = ClosureHandler { exchange in
            exchange.start(HTTPResponseHead(status: .ok), bodyLength: 4)
            exchange.write([UInt8](repeating: 0x61, count: count))
            exchange.end()
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(client.isReset())
                #expect(test.reports.count == 1)
                #expect(test.reports.values[0].contains(count > 4 ? "longer" : "shorter"))
            }
        }
    }

    @Test("a lie to HEAD or in a 204 harms nobody")
    func harmlessLies() async throws {
        let handler = ClosureHandler { exchange in
            let status: HTTPStatus = exchange.request.path == "/none" ? .noContent : .ok
            exchange.start(HTTPResponseHead(status: status), bodyLength: 4)
            exchange.write([UInt8](repeating: 0x61, count: 9))
            exchange.end()
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                let head = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
                #expect(try client.exchange(head).values("content-length") == ["4"])
                #expect(try client.get("/none").status == 204)
                #expect(try client.get("/none").status == 204)
            }
        }
    }

    @Test(
        "an answer in the wrong order is a reset and a report, and no more than that",
        arguments: [
            ("/write-first", "not started"), ("/end-first", "not started"),
            ("/start-twice", "second time"), ("/informational-late", "second time"),
        ]
    )
    func disorder(_ path: String, _ report: String) async throws {
        let handler = ClosureHandler { exchange in
            let head = HTTPResponseHead(status: .ok)
            switch exchange.request.path {
            case "/write-first": exchange.write([1])
            case "/end-first": exchange.end()
            case "/start-twice":
                exchange.start(head, bodyLength: 1)
                exchange.start(head, bodyLength: 1)
            case "/informational-late":
                exchange.start(head, bodyLength: 1)
                exchange.sendInformational(HTTPResponseHead(status: 103))
            default: return exchange.respond(.ok)
            }
            #expect(exchange.isOver)
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(client.isReset())
                #expect(try test.client().get().status == 200)
            }
            #expect(test.reports.count == 1)
            #expect(test.reports.values.first?.contains(report) == true)
        }
    }

    @Test("of two tasks that read one body the second fails, and the first gets it")
    func twoReaders() async throws {
        let begun = Semaphore()
        let handler = AsyncHTTPHandler { exchange in
            async let first = exchange.collectBody(upTo: 100)
            await exchange.loop.run {}
            await #expect(throws: HTTPExchangeMistake.twoReaders) {
                try await exchange.nextBodyChunk()
            }
            begun.signal()
            await exchange.sendResponse(.ok, body: try await first)
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
                #expect(begun.wait())
                try client.send("hi")
                #expect(try client.readResponse().text == "hi")
            }
            #expect(test.reports.values == ["two tasks read the body of one request"])
        }
    }

    @Test("of two tasks that write one answer the second fails, and its bytes are not sent")
    func twoWriters() async throws {
        let block = [UInt8](repeating: 0x61, count: 4 << 20)
        let isBlocked = Semaphore()
        let handler = AsyncHTTPHandler { exchange in
            await exchange.sendStart(HTTPResponseHead(status: .ok), bodyLength: block.count)
            async let first: Void = exchange.send(block)
            await exchange.loop.run {}
            await #expect(throws: HTTPExchangeMistake.twoWriters) {
                try await exchange.send([0x62])
            }
            isBlocked.signal()
            try await first
            await exchange.sendEnd()
        }
        try await withServer(handler, sendBuffer: 16 * 1024) { test in
            try await TestThread.run {
                let client = try test.client(receiveBuffer: 16 * 1024)
                try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(isBlocked.wait())
                #expect(try client.readResponse().body == block)
            }
            #expect(test.reports.values == ["two tasks write one answer"])
        }
    }

    @Test("a handler may abort from any of its callbacks")
    func aborts() async throws {
        let handler = ClosureHandler { exchange in
            switch exchange.request.path {
            case "/at-once": exchange.abort()
            case "/chunk": exchange.consumeBody { _ in exchange.abort() }
            case "/writable":
                exchange.onWritable = { exchange.abort() }
                exchange.start(HTTPResponseHead(status: .ok), bodyLength: nil)
                while exchange.write([UInt8](repeating: 1, count: 1 << 20)) {}
            default:
                exchange.start(HTTPResponseHead(status: .ok), bodyLength: nil)
                exchange.abort()
                exchange.write([1])
                exchange.end()
            }
        }
        try await withServer(handler, sendBuffer: 16 * 1024) { test in
            try await TestThread.run {
                for path in ["/at-once", "/chunk", "/writable", "/started"] {
                    let client = try test.client(receiveBuffer: 16 * 1024)
                    try client.send(
                        "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                    )
                    #expect(client.isReset(), "\(path)")
                }
            }
        }
    }
}
