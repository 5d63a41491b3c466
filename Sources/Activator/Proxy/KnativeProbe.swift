// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The answers to Knative's and the kubelet's probes; known by their fields, whatever the path.
enum KnativeProbe {
    /// The field that says who is meant.
    static let networkProbe = "k-network-probe"
    /// The field whose value is echoed.
    static let networkHash = "k-network-hash"
    /// The kubelet's deprecated mark.
    static let kubeletProbe = "k-kubelet-probe"
    /// What the kubelet's agent begins with.
    static let kubeletAgent = "kube-probe/"

    /// An answer.
    struct Answer: Equatable {
        var status: HTTPStatus
        var fields = HTTPFields()
        var text = ""
    }

    /// The answer to a probe; `nil` when the request is none.
    static func answer(to fields: HTTPFields, isStopping: Bool) -> Answer? {
        switch fields[self.networkProbe] {
        case nil, "": break
        case "activator":
            guard !isStopping else { return Answer(status: 503, text: "shutting down") }
            return Answer(status: .ok, text: "activator")
        case "probe":
            guard let hash = fields[self.networkHash], !hash.isEmpty else {
                return Answer(status: .badRequest, text: "a probe needs the header K-Network-Hash")
            }
            return Answer(status: .ok, fields: ["K-Network-Hash": hash])
        case let value?:
            return Answer(status: .badRequest, text: "unexpected probe header value: \(value)")
        }
        guard
            fields.contains(self.kubeletProbe)
                || fields.valueBytes("user-agent")?.starts(with: self.kubeletAgent.utf8) == true
        else { return nil }
        return isStopping
            ? Answer(status: .internalServerError, text: "shutting down") : Answer(status: .ok)
    }
}
