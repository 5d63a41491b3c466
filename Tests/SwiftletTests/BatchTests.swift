// SPDX-License-Identifier: Apache-2.0

import Swiftlet
import SwiftletTesting
import TestSupport
import Testing

@testable import Swiftlet

@Suite("Batches")
struct BatchTests {
    private static func event(_ type: String, _ id: Int) -> CloudEvent {
        CloudEvent(type: type, source: "/s", id: String(id))
    }

    private func tester(
        _ handled: Recorder<String>,
        environment: [String: String] = [:]
    ) -> FunctionTester {
        var function = Function()
        function.on("quiet") { event, _ in handled.append(event.id) }
        function.on("echo") { event, _ in
            handled.append(event.id)
            return event
        }
        function.on("busy") { _, _ in throw FunctionError(503, "later", retryAfter: .seconds(3)) }
        function.on("wrong") { _, _ in throw FunctionError(400, "wrong") }
        function.on("bad.reply") { event, _ in CloudEvent(type: "", source: "/s", id: event.id) }
        return FunctionTester(function, environment: Environment(variables: environment))
    }

    @Test("each event is handled, in order, and the replies come as a batch")
    func handled() async throws {
        let handled = Recorder<String>()
        let events = [Self.event("echo", 1), Self.event("quiet", 2), Self.event("echo", 3)]
        let replies = try await self.tester(handled).send(batch: events)
        #expect(replies.map(\.id) == ["1", "3"])
        #expect(handled.values == ["1", "2", "3"])
    }

    @Test("an empty batch, and one without replies, have an empty answer")
    func empty() async throws {
        for events in [[], [Self.event("quiet", 1)]] {
            let response = await self.tester(Recorder()).send(try Request(batch: events))
            #expect(response.status == 200)
            #expect(response.body.isEmpty)
            #expect(response.headers["Content-Type"] == nil)
        }
    }

    static let failures: [(types: [String], status: Int, retryAfter: String?)] = [
        (["quiet", "wrong", "echo"], 400, nil),
        (["wrong", "busy", "echo"], 503, "3"),
        (["busy", "wrong"], 503, "3"),
        (["unknown", "wrong"], 422, nil),
        (["bad.reply"], 500, nil),
    ]

    @Test("some fail: the others are handled all the same", arguments: failures)
    func failed(_ types: [String], _ status: Int, _ retryAfter: String?) async throws {
        let handled = Recorder<String>()
        let events = types.enumerated().map { Self.event($1, $0) }
        let response = await self.tester(handled).send(try Request(batch: events))
        #expect(response.status == status)
        #expect(response.headers["Retry-After"] == retryAfter)
        let good = types.enumerated().filter { $1 == "quiet" || $1 == "echo" }.map {
            "\($0.offset)"
        }
        #expect(handled.values == good)
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(text.hasPrefix("\(types.count - good.count) of \(types.count) events"))
        for (index, type) in types.enumerated() {
            let isNamed = text.contains("event \(index) (\(index))")
            #expect(isNamed == (type != "quiet" && type != "echo"))
        }
    }

    @Test("a batch is bounded", arguments: [(3, 200), (4, 413)])
    func bounded(_ count: Int, _ status: Int) async throws {
        let handled = Recorder<String>()
        let tester = self.tester(handled, environment: ["SWIFTLET_BATCH_EVENTS_MAX": "3"])
        let events = (0..<count).map { Self.event("quiet", $0) }
        #expect(await tester.send(try Request(batch: events)).status == status)
        #expect(handled.count == (status == 200 ? count : 0))
    }

    @Test("an event that is none refuses the whole batch, before any is handled")
    func invalid() async {
        let handled = Recorder<String>()
        let body =
            #"[{"specversion":"1.0","type":"quiet","source":"/s","id":"1"},{"specversion":"1.0"}]"#
        let response = await self.tester(handled).send(
            Request(
                method: "POST",
                path: "/",
                headers: ["Content-Type": "application/cloudevents-batch+json"],
                body: Array(body.utf8)
            )
        )
        #expect(response.status == 400)
        #expect(handled.count == 0)
    }
}
