// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Probes, which no handler sees: those of func's health paths and of Knative's headers.
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
    }

    /// The answer to a probe; `nil` for a request that is none.
    static func answer(to request: HTTPRequestHead, isReady: Bool) -> Answer? {
        if request.fields.contains("k-network-probe") {
            return self.networkProbe(request.fields, isReady: isReady)
        }
        guard request.method == .get || request.method == .head,
            request.target.hasPrefix("/health/")
        else { return nil }
        switch request.path {
        case "/health/liveness": return Answer(.ok, "ALIVE")
        case "/health/readiness":
            return isReady ? Answer(.ok, "READY") : Answer(.serviceUnavailable, "shutting down")
        default: return nil
        }
    }

    /// Knative serving, `pkg/network`: the header decides, the path does not matter.
    private static func networkProbe(_ fields: HTTPFields, isReady: Bool) -> Answer {
        let value = fields["k-network-probe"] ?? ""
        switch value {
        case "queue":
            return isReady ? Answer(.ok, "queue") : Answer(.serviceUnavailable, "shutting down")
        case "probe":
            guard let hash = fields["k-network-hash"], !hash.isEmpty else {
                return Answer(.badRequest, "a probe must carry the header K-Network-Hash")
            }
            return Answer(.ok, "", ["K-Network-Hash": hash])
        default:
            return Answer(.badRequest, "unexpected probe header value: \(value)")
        }
    }
}
