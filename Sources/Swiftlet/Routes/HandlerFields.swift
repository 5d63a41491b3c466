// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The fields of a request as Knative promises them to containers (runtime contract).
///
/// Behind queue-proxy they are so already; without one, what it would do is done here.
enum HandlerFields {
    /// What the activator tells queue-proxy alone.
    private static let inner = ["knative-serving-namespace", "knative-serving-revision"]

    /// The fields, with a `Forwarded` if anything is known of the client, and with the host that
    /// the client named if the activator took another one.
    static func of(_ fields: HTTPFields) -> HTTPFields {
        var visible = ForwardedField.completed(fields)
        for name in self.inner where fields.contains(name) { visible.remove(name) }
        guard let host = fields["k-original-host"], !host.isEmpty,
            fields["k-proxy-request"] == "activator"
        else { return visible }
        visible["host"] = host
        visible.remove("k-original-host")
        return visible
    }
}
