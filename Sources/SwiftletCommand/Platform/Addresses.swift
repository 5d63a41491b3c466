// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Where the parts of a running platform are reached.
struct Addresses: Sendable {
    /// `http://127.0.0.1:8080`; `nil` without functions.
    var activator: String?
    /// `http://127.0.0.1:9000`, or the object storage that was named.
    var bucket: String?
    /// `127.0.0.1:40123`, or the cluster that was named.
    var kafka: String?
    /// `http://127.0.0.1:9090`.
    var admin: String?

    /// One line of JSON.
    var json: String {
        let members = [
            ("activator", self.activator), ("bucket", self.bucket), ("kafka", self.kafka),
            ("admin", self.admin),
        ]
        let texts = members.compactMap { name, value in
            value.map { "\"\(name)\":\(JSONText.escape($0))" }
        }
        return "{\(texts.joined(separator: ","))}"
    }
}
