// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Probes, which no handler sees and nothing counts: of Knative's headers, of the kubelet, and of
/// func's health paths.
///
/// The rules are those of Knative's queue-proxy, which this replaces: while the function stops,
/// probes fail so that nobody sends it more, and requests are served all the same.
enum HealthProbes {
    struct Answer: Equatable {
        var status: HTTPStatus
        var fields: HTTPFields
        var body: [UInt8]

        init(_ status: HTTPStatus, _ text: String, _ fields: HTTPFields = HTTPFields()) {
            self.status = status
            self.fields = fields
            self.fields.append("Content-Type", "text/plain; charset=utf-8")
            self.body = Array(text.utf8)
        }

        static let stopping = Answer(.serviceUnavailable, "shutting down")
        static let methodNotAllowed = Answer(
            .methodNotAllowed,
            "ask for it by GET or HEAD",
            ["Allow": "GET, HEAD"]
        )
    }

    /// User agents whose requests are probes, however they look otherwise.
    private static let agents = [
        "kube-probe/", "Knative-Activator-Probe", "Knative-Autoscaling-Probe",
        "Knative-Queue-Proxy-Probe", "Knative-Ingress-Probe",
    ]

    /// Whether ``answer(to:isReady:)`` can have an answer; seen without a copy of the head.
    static func mayAnswer(_ fields: HTTPFields, target: String) -> Bool {
        fields.contains(.networkProbe) || target.utf8.count >= Self.pathBytesMin
    }

    /// The length of `/health/`.
    private static let pathBytesMin = 8

    /// The answer to a probe that is meant for the runtime; `nil` for all other requests.
    static func answer(to request: HTTPRequestHead, isReady: Bool) -> Answer? {
        if let value = request.fields.valueBytes(.networkProbe), !value.isEmpty {
            return self.networkProbe(value, request.fields, isReady: isReady)
        }
        guard request.target.utf8.starts(with: "/health/".utf8) else { return nil }
        let answer: Answer
        switch request.path {
        case "/health/liveness": answer = Answer(.ok, "ALIVE")
        case "/health/readiness": answer = isReady ? Answer(.ok, "READY") : .stopping
        default: return nil
        }
        return request.method == .get || request.method == .head ? answer : .methodNotAllowed
    }

    /// Whether a request comes from the kubelet or a Knative component that only wants to know.
    ///
    /// It goes to the route that it names, if there is one, and is answered with 200 else.
    static func isFromProber(_ fields: HTTPFields) -> Bool {
        // A mesh that makes the kubelet's probes its own leaves this mark.
        if let mark = fields.valueBytes(.kubeletProbe), !mark.isEmpty { return true }
        guard let agent = fields.valueBytes(.userAgent),
            agent.first == UInt8(ascii: "k") || agent.first == UInt8(ascii: "K")
        else { return false }
        return self.agents.contains { agent.starts(with: $0.utf8) }
    }

    /// Knative serving, `pkg/network`: the header decides, the path does not matter.
    private static func networkProbe(
        _ value: ArraySlice<UInt8>,
        _ fields: HTTPFields,
        isReady: Bool
    ) -> Answer {
        switch String(decoding: value, as: UTF8.self) {
        case "queue": return isReady ? Answer(.ok, "queue") : .stopping
        case "probe":
            guard let hash = fields["k-network-hash"], !hash.isEmpty else {
                return Answer(.badRequest, "a probe must carry the header K-Network-Hash")
            }
            return Answer(.ok, "", ["K-Network-Hash": hash])
        case let other:
            return Answer(.badRequest, "unexpected probe header value: \(other)")
        }
    }
}
