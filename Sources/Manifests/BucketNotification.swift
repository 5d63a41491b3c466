// SPDX-License-Identifier: Apache-2.0

/// Which changes in a bucket are told to which topic.
///
/// On a cluster a Job that runs `mc event add` sets this up; annotations on the Job say the same
/// in words that a program can read.
package struct BucketNotification: Sendable, Hashable {
    /// The bucket.
    package let bucket: String
    /// The topic that gets a record for each change.
    package let topic: String
    /// Kinds of change by the names of S3, `s3:ObjectCreated:*` or `s3:ObjectCreated:Put`.
    package let events: [String]
    /// What keys start with; empty is any.
    package let prefix: String
    /// What keys end with, case counting; empty is any.
    package let suffixes: [String]

    /// Makes one.
    package init(
        bucket: String,
        topic: String,
        events: [String],
        prefix: String = "",
        suffixes: [String] = []
    ) {
        self.bucket = bucket
        self.topic = topic
        self.events = events
        self.prefix = prefix
        self.suffixes = suffixes
    }
}
