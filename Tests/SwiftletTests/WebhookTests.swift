// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import Swiftlet
import SwiftletTesting
import Testing

@testable import Swiftlet

@Suite("Webhooks (Web Hooks for Event Delivery 1.0.2)")
struct WebhookTests {
    private func tester(_ webhook: Webhook) -> FunctionTester {
        var function = Function()
        function.webhook = webhook
        function.on("*") { _, _ in }
        function.get("/page") { _, _ in .text("") }
        return FunctionTester(function)
    }

    private func handshake(_ tester: FunctionTester, _ headers: Headers) async -> Response {
        await tester.send(Request(method: "OPTIONS", path: "/", headers: headers))
    }

    static let grants: [(webhook: Webhook, fields: HTTPFields, origin: String, rate: String)] = [
        (.allow(origins: ["a.example"]), ["WebHook-Request-Origin": "a.example"], "a.example", "*"),
        (.allow(origins: ["A.example"]), ["WebHook-Request-Origin": "a.Example"], "a.Example", "*"),
        (
            .allow(origins: ["*.example"]), ["WebHook-Request-Origin": "b.a.example"],
            "b.a.example", "*"
        ),
        (.allow(origins: ["*"]), ["WebHook-Request-Origin": "anybody"], "*", "*"),
        (
            .allow(origins: ["*"], rate: 100),
            ["WebHook-Request-Origin": "o", "WebHook-Request-Rate": "50"], "*", "50"
        ),
        (
            .allow(origins: ["*"], rate: 100),
            ["WebHook-Request-Origin": "o", "WebHook-Request-Rate": "500"], "*", "100"
        ),
        (
            .allow(origins: ["*"], rate: 100),
            ["WebHook-Request-Origin": "o", "WebHook-Request-Rate": "-5"], "*", "100"
        ),
        (.allow(origins: ["*"], rate: 0), ["WebHook-Request-Origin": "o"], "*", "1"),
    ]

    @Test("a handshake is granted", arguments: grants)
    func granted(_ webhook: Webhook, _ fields: HTTPFields, _ origin: String, _ rate: String) async {
        let response = await self.handshake(self.tester(webhook), Headers(fields))
        #expect(response.status == 200)
        #expect(response.headers["WebHook-Allowed-Origin"] == origin)
        #expect(response.headers["WebHook-Allowed-Rate"] == rate)
        #expect(response.headers["Allow"] == "POST")
    }

    static let refusals: [(webhook: Webhook, origin: String?, status: Int)] = [
        (.refuse, "a.example", 405), (.refuse, nil, 405),
        (.allow(origins: []), "a.example", 405),
        (.allow(origins: ["a.example"]), nil, 400),
        (.allow(origins: ["a.example"]), "", 400),
        (.allow(origins: ["a.example"]), "b.example", 400),
        (.allow(origins: ["a.example"]), "a.example.evil", 400),
        (.allow(origins: ["*.example"]), "example", 400),
        (.allow(origins: ["*.example"]), ".example", 400),
        (.allow(origins: ["*.example"]), "aexample", 400),
    ]

    @Test("a handshake is refused, without a grant", arguments: refusals)
    func refused(_ webhook: Webhook, _ origin: String?, _ status: Int) async {
        var headers = Headers()
        headers["WebHook-Request-Origin"] = origin
        let response = await self.handshake(self.tester(webhook), headers)
        #expect(response.status == status)
        #expect(response.headers["WebHook-Allowed-Origin"] == nil)
        #expect((response.headers["Allow"] != nil) == (status == 405))
    }

    private func delivery(_ origin: String?) -> Request {
        var headers: Headers = [
            "ce-specversion": "1.0", "ce-id": "1", "ce-type": "t", "ce-source": "/s",
        ]
        headers["WebHook-Request-Origin"] = origin
        return Request(method: "POST", path: "/", headers: headers)
    }

    @Test("deliveries are held to the origin and the rate that were granted")
    func deliveries() async {
        let tester = self.tester(.allow(origins: ["a.example", "b.example"], rate: 3))
        #expect(await tester.send(self.delivery("c.example")).status == 400)
        for _ in 0..<3 { #expect(await tester.send(self.delivery("a.example")).status == 200) }
        let tooMany = await tester.send(self.delivery("a.example"))
        #expect(tooMany.status == 429)
        #expect(tooMany.headers["Retry-After"].flatMap { Int($0) }.map { 1...20 ~= $0 } == true)
        // Another origin has its own, and who names none is no webhook.
        #expect(await tester.send(self.delivery("b.example")).status == 200)
        #expect(await tester.send(self.delivery(nil)).status == 200)
    }
}
