// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import Swiftlet

@Suite("Probes (Knative runtime contract, func's health paths)")
struct HealthProbesTests {
    struct Probe: Sendable {
        var target = "/"
        var fields: HTTPFields = [:]
        var isReady = true
        var status: HTTPStatus
        var body: String
    }

    static let probes = [
        Probe(target: "/health/liveness", status: 200, body: "ALIVE"),
        Probe(target: "/health/liveness", isReady: false, status: 200, body: "ALIVE"),
        Probe(target: "/health/readiness", status: 200, body: "READY"),
        Probe(target: "/health/readiness", isReady: false, status: 503, body: "shutting down"),
        Probe(fields: ["K-Network-Probe": "queue"], status: 200, body: "queue"),
        Probe(
            fields: ["K-Network-Probe": "queue"],
            isReady: false,
            status: 503,
            body: "shutting down"
        ),
        Probe(
            fields: ["K-Network-Probe": "probe", "K-Network-Hash": "h"],
            status: 200,
            body: ""
        ),
        Probe(
            fields: ["K-Network-Probe": "probe"],
            status: 400,
            body: "a probe must carry the header K-Network-Hash"
        ),
        Probe(
            fields: ["K-Network-Probe": "x"],
            status: 400,
            body: "unexpected probe header value: x"
        ),
    ]

    @Test("are answered", arguments: probes)
    func answered(_ probe: Probe) throws {
        let request = HTTPRequestHead(method: .get, target: probe.target, fields: probe.fields)
        let answer = try #require(HealthProbes.answer(to: request, isReady: probe.isReady))
        #expect(answer.status == probe.status)
        #expect(String(decoding: answer.body, as: UTF8.self) == probe.body)
        #expect(answer.fields["k-network-hash"] == probe.fields["k-network-hash"])
    }

    @Test("an empty probe header is none")
    func empty() {
        let head = HTTPRequestHead(method: .get, target: "/", fields: ["K-Network-Probe": ""])
        #expect(HealthProbes.answer(to: head, isReady: true) == nil)
    }

    @Test(
        "those who only want to know are known by their agent",
        arguments: [
            ("kube-probe/1.31", true), ("Knative-Activator-Probe", true),
            ("Knative-Autoscaling-Probe", true), ("Knative-Queue-Proxy-Probe/1", true),
            ("Knative-Ingress-Probe", true), ("kube-probe", false), ("curl/8", false), ("", false),
            ("a kube-probe/1", false), ("Knative", false),
        ]
    )
    func agents(_ agent: String, _ isProber: Bool) {
        #expect(HealthProbes.isFromProber(["User-Agent": agent]) == isProber)
        #expect(!HealthProbes.isFromProber([:]))
    }

    @Test("or by the kubelet's mark, whoever sends it")
    func mark() {
        let fields: HTTPFields = ["User-Agent": "envoy", "K-Kubelet-Probe": "queue"]
        #expect(HealthProbes.isFromProber(fields))
        #expect(!HealthProbes.isFromProber(["K-Kubelet-Probe": ""]))
    }

    @Test("other requests are no probes", arguments: ["/", "/health", "/health/other"])
    func others(_ target: String) {
        let request = HTTPRequestHead(method: .get, target: target)
        #expect(HealthProbes.answer(to: request, isReady: true) == nil)
    }

    @Test("health paths take GET and HEAD", arguments: ["liveness", "readiness"])
    func methods(_ name: String) {
        for method in [.get, .head, .post, .delete] as [HTTPMethod] {
            let request = HTTPRequestHead(method: method, target: "/health/\(name)")
            let answer = HealthProbes.answer(to: request, isReady: true)
            let isTaken = method == .get || method == .head
            #expect(answer?.status == (isTaken ? .ok : .methodNotAllowed))
            #expect(answer?.fields["allow"] == (isTaken ? nil : "GET, HEAD"))
        }
    }
}
