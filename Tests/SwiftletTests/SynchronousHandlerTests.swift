// SPDX-License-Identifier: Apache-2.0

import CloudEvents
import TestSupport
import Testing

@testable import Swiftlet

private struct Item: Codable, Sendable { var name: String }

@Suite("Handlers that never wait", .timeLimit(.minutes(10)))
struct SynchronousHandlerTests {
    private func isSynchronous(_ entry: EventHandlerEntry) -> Bool {
        if case .synchronous = entry.handler { return true }
        return false
    }

    @Test("the compiler tells them from those that wait")
    func chosen() {
        var function = Function()
        function.on("a") { event, _ in event }
        function.on("a") { _, _ in }
        function.on("a") { event, _ in event.subject == nil ? nil : event }
        function.on("a") { (_: Item, _) in }
        function.on("a", reply: "b") { (item: Item, _) in item }
        #expect(function.eventHandlers.map(self.isSynchronous) == [true, true, true, true, true])
        function.on("a") { event, _ in
            await Task.yield()
            return event
        }
        function.on("a") { _, _ in await Task.yield() }
        function.on("a") { event, _ in
            await Task.yield()
            return event.subject == nil ? nil : event
        }
        function.on("a") { (_: Item, _) in await Task.yield() }
        function.on("a", reply: "b") { (item: Item, _) in
            await Task.yield()
            return item
        }
        let waiting = function.eventHandlers.dropFirst(5).map(self.isSynchronous)
        #expect(waiting == [false, false, false, false, false])
    }

    /// A request in binary mode with a JSON payload.
    private static func delivery(_ type: String, _ body: String) -> String {
        "POST / HTTP/1.1\r\nHost: test\r\nce-specversion: 1.0\r\nce-id: 1\r\nce-source: /s\r\n"
            + "ce-type: \(type)\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test("they answer as others do, wherever they run", arguments: [HandlerOptions.loop, .pool])
    func answers(_ options: HandlerOptions) async throws {
        var function = Function()
        function.on("echo", options: options) { event, _ in event }
        function.on("quiet", options: options) { _, _ in }
        function.on("fails", options: options) { _, _ in throw FunctionError(409, "not now") }
        function.on("json", reply: "made", options: options) { (item: Item, _) in
            Item(name: item.name + "!")
        }
        try await withServed(function) { served in
            try await TestThread.run {
                let client = try served.client()
                let body = #"{"name":"a"}"#
                // In one packet, so that one is answered while the next waits.
                let types = ["echo", "quiet", "fails", "json", "json", "nobody", "echo"]
                try client.send(types.map { Self.delivery($0, body) }.joined())
                #expect(try client.answer().text == body)
                #expect(try client.answer().status == 200)
                #expect(try client.answer().status == 409)
                let made = try client.answer()
                #expect(made.text == #"{"name":"a!"}"# && made.fields["ce-type"] == "made")
                #expect(try client.answer().status == 200)
                #expect(try client.answer().status == 422)
                #expect(try client.answer().text == body)
                #expect(try client.exchange(Self.delivery("json", "{}")).status == 400)
            }
        }
    }

    @Test("their turns and limits hold on the loop")
    func limited() async throws {
        var function = Function()
        function.on("a", options: .loop.concurrency(1, queue: 0)) { event, _ in event }
        try await withServed(function, ["CONTAINER_CONCURRENCY": "1"]) { served in
            for _ in 0..<100 { #expect(try await served.deliver("a").status == 200) }
            try await served.depth(0)
        }
    }

    @Test("they and handlers that wait serve one function, in every mode and for large payloads")
    func mixed() async throws {
        var function = Function(placement: .loop)
        function.on("echo") { event, _ in event }
        function.on("waits") { event, _ in
            await Task.yield()
            return event
        }
        let large = #"{"name":"\#(String(repeating: "x", count: 70_000))"}"#
        try await withServed(function) { served in
            try await TestThread.run {
                let client = try served.client()
                for type in ["echo", "waits"] {
                    for body in [#"{"name":"a"}"#, large] {
                        #expect(try client.exchange(Self.delivery(type, body)).text == body)
                        let event =
                            #"{"specversion":"1.0","id":"1","source":"/s","type":"\#(type)","#
                            + #""data":\#(body)}"#
                        let answer = try client.exchange(Self.posted(event, "cloudevents+json"))
                        #expect(
                            answer.fields["content-type"]
                                == "application/cloudevents+json; charset=UTF-8"
                        )
                        #expect(answer.text.contains(body))
                        let batch = try client.exchange(
                            Self.posted("[\(event)]", "cloudevents-batch+json")
                        )
                        #expect(batch.status == 200 && batch.text.contains(body))
                    }
                }
            }
        }
    }

    /// A request with a body that says what it is.
    private static func posted(_ body: String, _ type: String) -> String {
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Type: application/\(type)\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test("a payload of the largest size is handled, and one byte more refused")
    func bodyLimit() async throws {
        var function = Function(placement: .loop)
        function.on("echo") { event, _ in event }
        try await withServed(function, ["SWIFTLET_BODY_BYTES_MAX": "1000"]) { served in
            try await TestThread.run {
                let body = "\"" + String(repeating: "x", count: 998) + "\""
                let client = try served.client()
                #expect(try client.exchange(Self.delivery("echo", body)).text == body)
                #expect(try client.exchange(Self.delivery("echo", body + " ")).status == 413)
            }
        }
    }

    @Test("metrics count them as all others")
    func metrics() async throws {
        var function = Function(placement: .loop)
        function.on("echo") { event, _ in event }
        try await withServed(function, ["METRICS_PORT": "0"]) { served in
            for _ in 0..<3 { #expect(try await served.deliver("echo").status == 200) }
            #expect(try await served.deliver("nobody").status == 422)
            let port = try #require(served.service.metricsPort)
            let page = try await TestThread.run {
                try TestClient(port: port).exchange("GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n")
            }
            let name = "kn_serving_invocation_duration_seconds_count"
            let counts = page.text.split(separator: "\n").filter { $0.hasPrefix(name) }
            #expect(
                counts == [
                    "\(name){http_response_status_code=\"200\"} 3",
                    "\(name){http_response_status_code=\"422\"} 1",
                ]
            )
        }
    }
}
