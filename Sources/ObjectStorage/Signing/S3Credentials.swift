// SPDX-License-Identifier: Apache-2.0

/// A pair of keys; its description leaves the secret out.
package struct S3Credentials: Sendable, Hashable, CustomStringConvertible,
    CustomDebugStringConvertible, CustomReflectable
{
    /// The name of the pair, which travels with each request.
    package var accessKey: String
    /// What signatures are made with; it never travels.
    package var secretKey: String

    /// Makes a pair.
    package init(accessKey: String, secretKey: String) {
        self.accessKey = accessKey
        self.secretKey = secretKey
    }

    /// The access key alone.
    package var description: String { "access key \(self.accessKey)" }
    /// The access key alone.
    package var debugDescription: String { self.description }
    /// The access key alone.
    package var customMirror: Mirror { Mirror(self, children: ["accessKey": self.accessKey]) }
}
