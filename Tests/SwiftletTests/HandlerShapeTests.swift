// SPDX-License-Identifier: Apache-2.0

import Swiftlet
import Testing

private struct Item: Codable, Sendable { var name: String }

/// Every way in which an author writes a handler: that this compiles is most of the test.
@Suite("Handlers of all shapes")
struct HandlerShapeTests {
    private struct Service: Sendable {
        func reply(_ event: CloudEvent, _ context: Context) async throws -> CloudEvent? { event }
        func always(_ event: CloudEvent, _ context: Context) async throws -> CloudEvent { event }
        func consume(_ event: CloudEvent, _ context: Context) async throws {}
        func consume(item: Item, _ context: Context) throws {}
        func make(_ item: Item, _ context: Context) -> Item { item }
        func page(_ request: Request, _ context: Context) -> Response { .text("") }
    }

    @Test("events without types in the closure")
    func untyped() {
        let isTagged: @Sendable (CloudEvent) -> Bool = { $0.extensions["tag"] != nil }
        var function = Function()
        function.on("a") { _, _ in }
        function.on("a") { _, _ in nil }
        function.on("a") { event, _ in event }
        function.on("a") { event, context in
            context.logger.debug("An event.", ["id": event.id])
        }
        function.on("a") { event, _ in
            guard event.subject != nil else { return nil }
            return event
        }
        function.on("a") { _, _ in throw FunctionError(503, "later") }
        function.on("a") { event, context in
            guard event.subject != nil else { throw FunctionError(400, "no subject") }
            try context.background { _ = event }
        }
        function.on(where: isTagged) { _, _ in }
        function.on(where: isTagged) { event, _ in event }
        function.on(where: isTagged) { _, _ in throw FunctionError(503, "later") }
    }

    @Test("events whose handlers wait")
    func waiting() {
        var function = Function()
        function.on("a") { _, _ in await Task.yield() }
        function.on("a") { event, _ in
            await Task.yield()
            return event
        }
        function.on("a") { event, _ in
            await Task.yield()
            return event.subject == nil ? nil : event
        }
        function.on("a") { (_: Item, _) in await Task.yield() }
        function.on("a", reply: "b") { (item: Item, _) in
            await Task.yield()
            return item
        }
    }

    @Test("events with types in the closure")
    func typed() {
        var function = Function()
        function.on("a") { (_: CloudEvent, _) in }
        function.on("a") { (_: CloudEvent, _: Context) in nil }
        function.on("a") { (event: CloudEvent, _) in event }
        function.on("a") { (_: CloudEvent, _) in throw FunctionError(503, "later") }
        function.on("a") { (_: CloudEvent, _) -> Void in throw FunctionError(503, "later") }
        function.on("a") { (_: CloudEvent, _) -> CloudEvent? in throw FunctionError(503, "later") }
        function.on("a", source: "b", subject: "c", options: .loop) { (_: CloudEvent, _) in }
    }

    @Test("JSON payloads")
    func payloads() {
        var function = Function()
        function.on("a") { (_: Item, _) in }
        function.on("a") { (_: Item, _) in throw FunctionError(503, "later") }
        function.on("a") { (item: Item, context: Context) in
            guard !item.name.isEmpty else { throw FunctionError(400, "no name") }
            context.logger.debug("An item.")
        }
        function.on("a", reply: "b") { (item: Item, _) in item }
        function.on("a", reply: "b") { (item: Item, _) in
            guard !item.name.isEmpty else { throw FunctionError(400, "no name") }
            return ["name": item.name]
        }
        function.on("a", reply: "b", options: .concurrency(1)) { (_: Item, _) -> Item in
            throw FunctionError(503, "later")
        }
    }

    @Test("functions and methods instead of closures")
    func references() {
        let service = Service()
        var function = Function()
        function.on("a", service.reply)
        function.on("a", service.always)
        function.on("a", service.consume(_:_:))
        function.on("a", service.consume(item:_:))
        function.on("a", reply: "b", service.make)
        function.get("/", service.page)
    }

    @Test("routes and streams")
    func routes() {
        var function = Function()
        function.get("/") { _, _ in .text("") }
        function.post("/", options: .pool.deadline(.seconds(1))) { request, _ in
            guard !request.body.isEmpty else { throw FunctionError(400, "no body") }
            return try .json(["a": 1])
        }
        function.put("/") { _, _ in throw FunctionError(501, "not yet") }
        function.delete("/") { _, _ in Response(status: 204) }
        function.stream("PUT", "/a", options: .bodyBytesMax(1)) { request, response, _ in
            for try await chunk in request.body { try await response.write(chunk) }
        }
        function.stream("GET", "/b") { _, _, _ in }
    }
}
