// SPDX-License-Identifier: Apache-2.0

import Swiftlet
import SwiftletTesting
import Testing

private struct Order: Codable {
    var item: String
    var count: Int
}

private struct Receipt: Codable, Equatable {
    var text: String
}

private struct Surprise: Error {}

@Suite("Function")
struct FunctionTests {
    private static let function: Function = {
        var function = Function()
        function.on("order.placed", reply: "order.accepted") { (order: Order, _) in
            Receipt(text: "\(order.count) × \(order.item)")
        }
        function.on("echo.*") { (event: CloudEvent, _) -> CloudEvent? in event }
        function.on("quiet") { (_: CloudEvent, _) in }
        function.on("busy") { (_: CloudEvent, _) -> Void in throw FunctionError(503, "come back") }
        function.on("broken") { (_: CloudEvent, _) -> Void in throw Surprise() }
        function.on("sourced", source: "/a/*") { (_: CloudEvent, _) -> CloudEvent? in
            CloudEvent(type: "from.a", source: "/f", id: "1")
        }
        function.on("sourced", subject: "s") { (_: CloudEvent, _) -> CloudEvent? in
            CloudEvent(type: "about.s", source: "/f", id: "1")
        }
        function.on("bad.reply") { (_: CloudEvent, _) -> CloudEvent? in
            CloudEvent(type: "", source: "/f", id: "1")
        }
        function.get("/hello/{name}") { request, _ in
            .text("hello \(request.parameters["name"] ?? "") \(request.query("q") ?? "-")")
        }
        function.post("/orders") { request, _ in try .json(try request.decode(Order.self)) }
        return function
    }()
    private let tester = FunctionTester(
        FunctionTests.function,
        environment: Environment(variables: ["K_SERVICE": "shop"])
    )

    private func event(_ type: String, source: String = "/x", json: String? = nil) -> CloudEvent {
        CloudEvent(
            type: type,
            source: source,
            id: "1",
            dataContentType: json == nil ? nil : "application/json",
            data: json.map { .json(Array($0.utf8)) }
        )
    }

    private func status(of event: CloudEvent) async throws -> Int {
        do {
            _ = try await self.tester.send(event)
            return 200
        } catch let error as FunctionError {
            return error.status
        }
    }

    @Test("a JSON payload goes in, a JSON event comes out, named after the service")
    func codable() async throws {
        let event = self.event("order.placed", json: #"{"item":"tea","count":2}"#)
        let reply = try #require(try await self.tester.send(event))
        #expect(reply.type == "order.accepted")
        #expect(reply.source == "/shop")
        #expect(try reply.decode(Receipt.self) == Receipt(text: "2 × tea"))
    }

    @Test("a byte order mark before a payload is passed over")
    func byteOrderMark() async throws {
        let event = self.event("order.placed", json: "\u{FEFF}{\"item\":\"tea\",\"count\":2}")
        let reply = try #require(try await self.tester.send(event))
        #expect(reply.type == "order.accepted")
    }

    @Test(
        "a payload that does not fit gives 400 and says where",
        arguments: [
            (#"{"item":"tea"}"#, "count is missing"),
            (#"{"item":"tea","count":"two"}"#, "count is not a Int"),
            (#"{"item":null,"count":2}"#, "item is null"),
            ("{", "in the payload the JSON text is not valid: "),
            (#"{"item":"tea","count":2,}"#, " at byte 24"),
            (#"{"item":"tea","count":2,"x":01}"#, "the JSON text is not valid: "),
            ("{\"item\":\"tea\",\"count\":2,\"x\":\"\n\"}", "the JSON text is not valid: "),
            (#"{"item":"tea","count":2,"x":"\'"}"#, "the JSON text is not valid: "),
            (#"{"item":"tea","count":2} 3"#, "the JSON text is not valid: "),
        ]
    )
    func payloads(_ json: String, _ reason: String) async throws {
        let error = await #expect(throws: FunctionError.self) {
            try await self.tester.send(self.event("order.placed", json: json))
        }
        #expect(error?.status == 400)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("an event passes through unchanged")
    func echo() async throws {
        var event = self.event("echo.this", json: #"{"a":[1,2]}"#)
        event.subject = "100% é 😀 \"quoted\""
        event.extensions["course"] = "cs"
        #expect(try await self.tester.send(event) == event)
    }

    @Test("no reply, and the statuses of failures")
    func statuses() async throws {
        #expect(try await self.tester.send(self.event("quiet")) == nil)
        #expect(try await self.status(of: self.event("busy")) == 503)
        #expect(try await self.status(of: self.event("broken")) == 500)
        #expect(try await self.status(of: self.event("unknown")) == 422)
        #expect(try await self.status(of: self.event("bad.reply")) == 500)
    }

    @Test("source and subject choose among handlers")
    func patterns() async throws {
        #expect(try await self.tester.send(self.event("sourced", source: "/a/b"))?.type == "from.a")
        var event = self.event("sourced", source: "/b")
        #expect(try await self.status(of: event) == 422)
        event.subject = "s"
        #expect(try await self.tester.send(event)?.type == "about.s")
    }

    @Test("filters and conditions choose among handlers, in the order of registration")
    func filters() async throws {
        var function = Function()
        function.on(filter: try .cesql("subject LIKE '%.pdf'")) { event, _ in
            CloudEvent(type: "pdf", source: "/f", id: event.id)
        }
        function.on(filter: .prefix(["type": "com.example."])) { _, _ in nil }
        let isUrgent: @Sendable (CloudEvent) -> Bool = { $0.extensions["urgent"] == true }
        function.on(where: isUrgent) { _, _ in throw FunctionError(503, "busy") }
        let tester = FunctionTester(function)
        var event = self.event("com.example.x")
        #expect(try await tester.send(event) == nil)
        event.subject = "a.pdf"
        #expect(try await tester.send(event)?.type == "pdf")
        event = self.event("other")
        let unknown = await #expect(throws: FunctionError.self) { try await tester.send(event) }
        #expect(unknown?.status == 422)
        event.extensions["urgent"] = true
        let batch = await #expect(throws: FunctionError.self) {
            try await tester.send(batch: [event])
        }
        #expect(batch?.status == 503)
    }

    @Test("routes answer plain requests")
    func routes() async {
        let hello = await self.tester.send(
            Request(method: "GET", path: "/hello/A%20b", queryString: "p=1&q=x+y%21")
        )
        #expect(String(decoding: hello.body, as: UTF8.self) == "hello A b x y!")
        let order = await self.tester.send(
            Request(method: "POST", path: "/orders", body: Array(#"{"item":"a","count":1}"#.utf8))
        )
        #expect(order.status == 200)
        #expect(order.headers["content-type"] == "application/json")
    }

    @Test(
        "what is neither a route nor an event",
        arguments: [
            ("GET", "/", 405), ("GET", "/nothing", 405), ("DELETE", "/hello/x", 405),
            ("DELETE", "/x", 405), ("TRACE", "/", 405), ("BREW", "/", 501), ("get", "/", 501),
            ("POST", "/", 415), ("PUT", "/", 415), ("CONNECT", "a.example:443", 501),
        ]
    )
    func refusals(_ method: String, _ path: String, _ status: Int) async {
        let response = await self.tester.send(Request(method: method, path: path))
        #expect(response.status == status)
        #expect(!response.body.isEmpty)
        #expect((response.headers["allow"] != nil) == (status == 405))
    }

    @Test("without events there is nothing at other paths, and a method may be a route's own")
    func routesAlone() async {
        var function = Function()
        function.route("BREW", "/tea") { _, _ in Response(status: 418) }
        let tester = FunctionTester(function)
        for (method, path, status) in [
            ("GET", "/nothing", 404), ("GET", "/tea", 405), ("BREW", "/tea", 418),
            ("BREW", "/", 404), ("STEEP", "/tea", 501),
        ] {
            let response = await tester.send(Request(method: method, path: path))
            #expect(response.status == status, "\(method) \(path)")
        }
    }

    @Test("OPTIONS of the server as a whole")
    func optionsOfTheServer() async {
        let response = await self.tester.send(Request(method: "OPTIONS", path: "*"))
        #expect(response.status == 204)
    }
}
