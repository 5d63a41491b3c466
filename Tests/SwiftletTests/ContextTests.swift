// SPDX-License-Identifier: Apache-2.0

import HTTP
import Swiftlet
import SwiftletTesting
import TestSupport
import Testing

@testable import Swiftlet

@Suite("Context")
struct ContextTests {
    private struct Failure: Error {}

    @Test("background work goes on after the answer, and its errors end with it")
    func background() async throws {
        let done = Recorder<String>()
        let gate = AsyncStream.makeStream(of: Void.self)
        var function = Function()
        function.on("*") { event, context in
            try context.background("counting") {
                for await _ in gate.stream { break }
                done.append(event.id)
                throw Failure()
            }
        }
        let tester = FunctionTester(function)
        _ = try await tester.send(CloudEvent(type: "t", source: "/s", id: "1"))
        #expect(done.count == 0)
        gate.continuation.yield()
        await tester.finishBackgroundWork()
        #expect(done.values == ["1"])
        await tester.finishBackgroundWork()
    }

    @Test("background work is bounded")
    func bounded() async throws {
        let gate = AsyncStream.makeStream(of: Void.self)
        var function = Function()
        function.on("*") { _, context in
            try context.background { for await _ in gate.stream {} }
        }
        let tester = FunctionTester(
            function,
            environment: Environment(variables: ["SWIFTLET_BACKGROUND_MAX": "2"])
        )
        let event = CloudEvent(type: "t", source: "/s", id: "1")
        for _ in 0..<2 { _ = try await tester.send(event) }
        let error = await #expect(throws: FunctionError.self) { try await tester.send(event) }
        #expect(error?.status == 503)
        gate.continuation.finish()
        await tester.finishBackgroundWork()
        _ = try await tester.send(event)
    }

    static let forwardedRows: [(fields: HTTPFields, value: String?)] = [
        ([:], nil),
        (["X-Forwarded-For": ""], nil),
        (["X-Forwarded-Host": "a.example"], nil),
        (["X-Forwarded-For": "192.0.2.1"], "for=192.0.2.1"),
        (
            [
                "X-Forwarded-For": "192.0.2.1, 192.0.2.2", "X-Forwarded-Proto": "https",
                "X-Forwarded-Host": "a.example",
            ],
            "for=192.0.2.1;host=a.example;proto=https, for=192.0.2.2"
        ),
        (["X-Forwarded-For": "2001:db8::1"], #"for="[2001:db8::1]""#),
        (["X-Forwarded-For": "[2001:db8::1]:4711"], #"for="[2001:db8::1]:4711""#),
        (["X-Forwarded-For": "192.0.2.1:80"], #"for="192.0.2.1:80""#),
        (
            ["X-Forwarded-For": "192.0.2.1", "X-Forwarded-Host": "a.example:8080"],
            #"for=192.0.2.1;host="a.example:8080""#
        ),
        (["X-Forwarded-For": #"a"b"#], #"for="a\"b""#),
        (["X-Forwarded-For": "a", "X-forwarded-for": "b"], "for=a, for=b"),
        (["X-Forwarded-For": "192.0.2.1", "Forwarded": "for=_hidden"], "for=_hidden"),
    ]

    @Test("Forwarded is made of the older fields", arguments: forwardedRows)
    func forwarded(_ fields: HTTPFields, _ value: String?) async {
        #expect(ForwardedField.completed(fields)["forwarded"] == value)
        var function = Function()
        function.get("/") { request, context in
            guard request.headers["Forwarded"] == context.headers["Forwarded"] else {
                throw FunctionError(500, "request and context differ")
            }
            return .text(request.headers["Forwarded"] ?? "none")
        }
        let response = await FunctionTester(function).send(
            Request(method: "GET", path: "/", headers: Headers(fields))
        )
        #expect(String(decoding: response.body, as: UTF8.self) == value ?? "none")
    }

    @Test("what the activator says to queue-proxy alone is undone, as queue-proxy does")
    func activatorFields() async {
        let inner = [("Knative-Serving-Namespace", "n"), ("Knative-Serving-Revision", "r")]
        var fields: HTTPFields = [
            "Host": "10.0.0.1:8012", "K-Original-Host": "a.example", "X": "y",
        ]
        for (name, value) in inner { fields.append(name, value) }
        let plain = HandlerFields.of(fields)
        #expect(inner.allSatisfy { plain[$0.0] == nil })
        // Only the activator is believed about the host.
        #expect(plain["host"] == "10.0.0.1:8012" && plain["k-original-host"] == "a.example")
        fields.append("K-Proxy-Request", "activator")
        let proxied = HandlerFields.of(fields)
        #expect(proxied.values("host") == ["a.example"] && proxied["k-original-host"] == nil)
        #expect(proxied["x"] == "y" && inner.allSatisfy { proxied[$0.0] == nil })
    }

    @Test("invocations have names of their own, and time left")
    func names() async throws {
        let names = Recorder<String>()
        var function = Function()
        function.on("*") { _, context in
            names.append(context.invocationID)
            guard context.remaining > .zero, context.deadline > .now else {
                throw FunctionError(500, "no time is left")
            }
        }
        let tester = FunctionTester(function)
        for _ in 0..<3 { _ = try await tester.send(CloudEvent(type: "t", source: "/s", id: "1")) }
        #expect(Set(names.values).count == 3)
    }
}
