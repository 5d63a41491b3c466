// SPDX-License-Identifier: Apache-2.0

/// What an ``EmbeddedBucket`` is made with.
package struct EmbeddedBucketConfiguration: Sendable {
    /// The folder that keeps the buckets; made when missing.
    package var stateDirectory: String
    /// The one pair of keys that may do everything.
    package var credentials: S3Credentials
    /// The region that clients must sign for.
    package var region = "us-east-1"
    /// Which events go to which topic.
    package var rules: [NotificationRule] = []
    /// Buckets that exist from the start, besides those that the rules name.
    package var buckets: [String] = []
    /// The largest object, in bytes.
    package var objectBytesMax: UInt64 = 5 * 1024 * 1024 * 1024
    /// Whether an upload is answered only when it is safe from a loss of power, not only from a
    /// crash of the process.
    package var synchronisesWrites = true
    /// The `Server` field of answers.
    package var serverName = "Swiftlet"

    /// Makes a configuration.
    package init(stateDirectory: String, accessKey: String, secretKey: String) {
        self.stateDirectory = stateDirectory
        self.credentials = S3Credentials(accessKey: accessKey, secretKey: secretKey)
    }
}
