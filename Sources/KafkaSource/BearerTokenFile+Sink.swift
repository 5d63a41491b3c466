// SPDX-License-Identifier: Apache-2.0

internal import HTTPClient

extension BearerTokenFile {
    /// The token that a sink wants to see.
    ///
    /// - Throws: When the file has none; the error names the file, not what is in it.
    mutating func sinkToken() throws(KafkaSourceError) -> String {
        guard let token = self.value() else {
            throw KafkaSourceError(message: "the file \(self.path) has no token for the sink")
        }
        return token
    }
}
