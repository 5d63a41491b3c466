// SPDX-License-Identifier: Apache-2.0

/// Why a rule is refused; one sentence.
package struct NotificationRuleError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong.
    package var description: String
}

/// Which events of a bucket go to which topic, with MinIO's meaning of prefix and suffix.
package struct NotificationRule: Sendable, Hashable {
    /// The longest prefix and the longest suffix, in characters.
    static let affixCharactersMax = 1024

    /// The bucket.
    package var bucket: String
    /// The Kafka topic.
    package var topic: String
    /// The events, for example `s3:ObjectCreated:*` or `s3:ObjectRemoved:Delete`.
    package var events: [String]
    /// How keys start; empty for any key.
    package var prefix: String
    /// How keys end, with regard to case; empty for any key.
    package var suffix: String

    /// Makes a rule.
    ///
    /// - Throws: ``NotificationRuleError`` for an event that no server sends, and for what MinIO
    ///   refuses as a prefix or suffix.
    package init(
        bucket: String,
        topic: String,
        events: [String] = ["s3:ObjectCreated:*"],
        prefix: String = "",
        suffix: String = ""
    ) throws(NotificationRuleError) {
        self.bucket = bucket
        self.topic = topic
        self.events = events
        self.prefix = prefix
        self.suffix = suffix
        guard !topic.isEmpty else {
            throw NotificationRuleError(
                description: "The notification rule for bucket \(bucket) names no topic."
            )
        }
        guard !events.isEmpty else {
            throw NotificationRuleError(
                description: "The notification rule for bucket \(bucket) names no event."
            )
        }
        for event in events where !Self.isKnown(event) {
            throw NotificationRuleError(
                description: "The notification rule for bucket \(bucket) names the event \(event),"
                    + " which the bucket never sends; use s3:ObjectCreated:* or"
                    + " s3:ObjectRemoved:*, or one of "
                    + ObjectEventName.allCases.map(\.rawValue).joined(separator: ", ") + "."
            )
        }
        try Self.check(prefix, called: "prefix", bucket: bucket)
        try Self.check(suffix, called: "suffix", bucket: bucket)
    }

    private static func isKnown(_ event: String) -> Bool {
        ObjectEventName.allCases.contains { Self.matches(event, $0) }
    }

    private static func check(
        _ affix: String,
        called name: String,
        bucket: String
    ) throws(NotificationRuleError) {
        let segments = affix.split(separator: "/")
        guard affix.count <= self.affixCharactersMax, !affix.contains("\\"),
            !segments.contains("."), !segments.contains("..")
        else {
            throw NotificationRuleError(
                description: "The \(name) of the notification rule for bucket \(bucket) is longer"
                    + " than \(self.affixCharactersMax) characters, or holds a backslash or a"
                    + " segment . or .., which no rule may."
            )
        }
    }

    /// Whether the pattern `s3:ObjectCreated:*` or `s3:ObjectCreated:Put` means `name`.
    private static func matches(_ event: String, _ name: ObjectEventName) -> Bool {
        event.hasSuffix(":*")
            ? name.rawValue.hasPrefix(event.dropLast(1)) : event == name.rawValue
    }

    /// Whether an event of an object is one that the rule is for.
    package func matches(_ name: ObjectEventName, bucket: String, key: String) -> Bool {
        bucket == self.bucket && self.events.contains { Self.matches($0, name) }
            && self.matchesKey(key)
    }

    /// Matches `prefix*suffix` as a pattern: the two may not overlap, and a `*` of theirs counts.
    private func matchesKey(_ key: String) -> Bool {
        var pattern = Array(self.prefix.utf8)
        pattern.append(UInt8(ascii: "*"))
        pattern.append(contentsOf: self.suffix.utf8)
        return Self.matches(pattern, Array(key.utf8))
    }

    /// Matches a pattern in which `*` stands for any bytes, in time linear but for the stars.
    private static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
        var patternIndex = 0
        var textIndex = 0
        // Where to go on when the text after the last star did not fit.
        var retry: (pattern: Int, text: Int)?
        while textIndex < text.count {
            if patternIndex < pattern.count, pattern[patternIndex] == UInt8(ascii: "*") {
                patternIndex += 1
                retry = (patternIndex, textIndex)
            } else if patternIndex < pattern.count, pattern[patternIndex] == text[textIndex] {
                patternIndex += 1
                textIndex += 1
            } else if let place = retry {
                patternIndex = place.pattern
                textIndex = place.text + 1
                retry = (place.pattern, textIndex)
            } else {
                return false
            }
        }
        return pattern[patternIndex...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
