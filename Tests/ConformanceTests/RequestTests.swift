// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@testable import runtime_info

@Suite("Runtime contract: requests and probes")
struct RequestTests {
    @Test("a request arrives as it was sent, with Forwarded", arguments: Transport.allCases)
    func headers(_ transport: Transport) async throws {
        let fields =
            "X-Forwarded-For: 192.0.2.7, 2001:db8::1\r\nX-Forwarded-Proto: https\r\n"
            + "X-Forwarded-Host: shop.example\r\nX-Custom: one\r\nX-Custom: two\r\n"
            + "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
            + "tracestate: a=b\r\nK-Proxy-Request: activator\r\n"
        let info = try await FunctionProcess.with(.knative()) {
            try await $0.info("/info/a%20b?c=%C3%A9&d", fields, by: transport)
        }
        let request = info.request
        #expect(request.method == "GET")
        #expect(request.uri == "/info/a%20b?c=%C3%A9&d")
        #expect(request.host == "shop.example")
        #expect(request.proto == transport.name)
        #expect(request.headers["x-custom"] == ["one", "two"])
        #expect(request.headers["x-forwarded-for"] == ["192.0.2.7, 2001:db8::1"])
        #expect(
            request.headers["forwarded"]
                == [#"for=192.0.2.7;host=shop.example;proto=https, for="[2001:db8::1]""#]
        )
        #expect(request.headers["traceparent"]?.count == 1)
        #expect(request.headers["tracestate"] == ["a=b"])
    }

    @Test("HTTP/1.0 and 1.1 are spoken, and connections are kept")
    func protocols() async throws {
        try await FunctionProcess.with(.knative()) { process in
            let port = try await process.port()
            let statuses = try await TestThread.run {
                let client = try TestClient(port: port)
                let request = "GET /health/liveness HTTP/1.1\r\nHost: a\r\n\r\n"
                return try (0..<3).map { _ in try client.exchange(request).status }
            }
            #expect(statuses == [200, 200, 200])
            let old = try await process.exchange("GET /health/liveness HTTP/1.0\r\n\r\n")
            #expect(old.status == 200)
            #expect(old.text == "ALIVE")
        }
    }

    struct Probe: Sendable {
        var target = "/"
        var fields = ""
        var status: Int
        var text: String
    }

    static let probes = [
        Probe(target: "/health/liveness", status: 200, text: "ALIVE"),
        Probe(target: "/health/readiness", status: 200, text: "READY"),
        Probe(fields: "K-Network-Probe: queue\r\n", status: 200, text: "queue"),
        Probe(
            target: "/healthz",
            fields: "K-Network-Probe: probe\r\nK-Network-Hash: abc\r\n",
            status: 200,
            text: ""
        ),
        Probe(
            fields: "K-Network-Probe: probe\r\n",
            status: 400,
            text: "a probe must carry the header K-Network-Hash"
        ),
        Probe(
            fields: "K-Network-Probe: other\r\n",
            status: 400,
            text: "unexpected probe header value: other"
        ),
        Probe(target: "/healthz", fields: "User-Agent: kube-probe/1.31\r\n", status: 200, text: ""),
    ]

    @Test("probes are answered", arguments: probes, Transport.allCases)
    func answered(_ probe: Probe, _ transport: Transport) async throws {
        let answer = try await FunctionProcess.with(.knative()) {
            try await $0.get(probe.target, probe.fields, by: transport)
        }
        #expect(answer.status == probe.status)
        #expect(answer.text == probe.text)
        #expect(answer.fields["k-network-hash"] == (probe.fields.contains("abc") ? "abc" : nil))
    }
}
