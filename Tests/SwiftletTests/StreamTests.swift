// SPDX-License-Identifier: Apache-2.0

import Swiftlet
import SwiftletTesting
import Testing

@testable import Swiftlet

@Suite("Streams, without a socket")
struct StreamTests {
    private static let function: Function = {
        var function = Function()
        function.stream("PUT", "/copies/{name}") { request, response, _ in
            try await response.start(
                status: 201,
                headers: ["X-Name": request.parameters["name"] ?? ""]
            )
            var count = 0
            for try await chunk in request.body {
                count += chunk.count
                try await response.write(chunk)
            }
            try await response.finish(trailers: ["X-Count": String(count)])
        }
        function.stream("GET", "/silent") { _, _, _ in }
        function.stream("GET", "/refused") { _, _, _ in throw FunctionError(410, "gone") }
        function.stream("GET", "/cut") { _, response, _ in
            try await response.write("half")
            throw FunctionError(500, "no more")
        }
        function.stream("GET", "/twice") { _, response, _ in
            try await response.start()
            try await response.start()
        }
        function.stream("GET", "/late") { _, response, _ in
            try await response.finish()
            try await response.write("more")
        }
        function.stream("POST", "/small") { request, response, _ in
            try await response.write(try await request.body.collect(upTo: 3))
        }
        return function
    }()
    @Test("trailers of the request are there behind its last piece, and not before")
    func requestTrailers() async throws {
        var function = Function()
        function.stream("PUT", "/") { request, response, _ in
            for try await _ in request.body {
                let trailers = await request.body.trailers
                try await response.write(trailers["X-Sum"] ?? "none")
            }
            let trailers = await request.body.trailers
            try await response.write(trailers["X-Sum"] ?? "none")
        }
        let answer = await FunctionTester(function).stream(
            Request(method: "PUT", path: "/"),
            chunks: [[1], [2]],
            trailers: ["X-Sum": "3"]
        )
        #expect(answer.chunks.map { String(decoding: $0, as: UTF8.self) } == ["none", "3", "3"])
    }

    private let tester = FunctionTester(StreamTests.function)

    @Test("pieces go in and out, and trailers follow")
    func copy() async {
        let answer = await self.tester.stream(
            Request(method: "PUT", path: "/copies/a%20b"),
            chunks: [[1, 2], [], [3]]
        )
        #expect(answer.status == 201)
        #expect(answer.headers["X-Name"] == "a b")
        #expect(answer.chunks == [[1, 2], [3]])
        #expect(answer.trailers["X-Count"] == "3")
        #expect(!answer.isAborted)
    }

    @Test(
        "what handlers do instead",
        arguments: [
            ("/silent", 200, "", false), ("/refused", 410, "gone\n", false),
            ("/cut", 200, "half", true), ("/twice", 200, "", true), ("/late", 200, "", false),
        ]
    )
    func ends(_ path: String, _ status: Int, _ text: String, _ isAborted: Bool) async {
        let answer = await self.tester.stream(Request(method: "GET", path: path))
        #expect(answer.status == status)
        #expect(answer.text == text)
        #expect(answer.isAborted == isAborted)
    }

    @Test("a body is collected up to a limit", arguments: [(3, 200), (4, 413)])
    func collected(_ count: Int, _ status: Int) async {
        let chunks: [[UInt8]] = [[1], Array(repeating: 2, count: count - 1)]
        let answer = await self.tester.stream(
            Request(method: "POST", path: "/small"),
            chunks: chunks
        )
        #expect(answer.status == status)
    }

    @Test("a plain call of a streaming route has the whole answer")
    func whole() async {
        let response = await self.tester.send(
            Request(method: "PUT", path: "/copies/x", body: [7, 8])
        )
        #expect(response.status == 201)
        #expect(response.body == [7, 8])
    }

    static let events: [(event: ServerSentEvent, text: String)] = [
        (ServerSentEvent(data: "a"), "data: a\n\n"),
        (ServerSentEvent(data: ""), "data: \n\n"),
        (ServerSentEvent(data: "a\nb\r\nc\rd"), "data: a\ndata: b\ndata: c\ndata: d\n\n"),
        (ServerSentEvent(data: "a\n"), "data: a\ndata: \n\n"),
        (
            ServerSentEvent(data: "é", event: "tick", id: "7", retry: .milliseconds(1500)),
            "event: tick\nid: 7\nretry: 1500\ndata: é\n\n"
        ),
        (
            ServerSentEvent(data: "a", event: "x\ndata: b", id: "1\r2"),
            "event: x\nid: 1\ndata: a\n\n"
        ),
        (ServerSentEvent(data: "a", id: "1\u{0}"), "data: a\n\n"),
        (ServerSentEvent(data: "a", retry: .seconds(-1)), "retry: 0\ndata: a\n\n"),
    ]

    @Test("server-sent events", arguments: events)
    func serverSentEvents(_ event: ServerSentEvent, _ text: String) {
        #expect(String(decoding: event.bytes, as: UTF8.self) == text)
    }
}
