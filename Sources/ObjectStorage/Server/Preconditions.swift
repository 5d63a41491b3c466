// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// The conditions that a request makes (RFC 9110 section 13), measured against an object.
enum Preconditions {
    /// What the conditions come to.
    enum Outcome: Equatable {
        case proceed
        /// 304: the client has it already.
        case notModified
        /// 412.
        case failed
    }

    /// Measures `If-Match`, `If-Unmodified-Since`, `If-None-Match` and `If-Modified-Since`.
    ///
    /// - Parameters:
    ///   - fields: The request's fields.
    ///   - prefix: Comes before each name, for the conditions on the source of a copy.
    ///   - eTag: The object's entity tag.
    ///   - modified: When the object was made.
    /// - Returns: What is to be done.
    static func evaluate(
        _ fields: HTTPFields,
        prefix: String = "",
        eTag: String,
        modified: Timestamp
    ) -> Outcome {
        let modifiedSeconds = modified.secondsSinceEpoch
        if let list = fields[prefix + "if-match"] {
            guard self.list(list, matches: eTag) else { return .failed }
        } else if let date = fields[prefix + "if-unmodified-since"].flatMap({
            Timestamp(httpDate: $0)
        }) {
            guard modifiedSeconds <= date.secondsSinceEpoch else { return .failed }
        }
        if let list = fields[prefix + "if-none-match"] {
            guard !self.list(list, matches: eTag) else { return .notModified }
        } else if let date = fields[prefix + "if-modified-since"].flatMap({
            Timestamp(httpDate: $0)
        }) {
            guard modifiedSeconds > date.secondsSinceEpoch else { return .notModified }
        }
        return .proceed
    }

    /// Whether an object may be written over what is there (`If-None-Match: *`, `If-Match`).
    static func mayWrite(_ fields: HTTPFields, over eTag: String?) -> Bool {
        if let list = fields["if-none-match"], let eTag, self.list(list, matches: eTag) {
            return false
        }
        guard let list = fields["if-match"] else { return true }
        guard let eTag else { return false }
        return self.list(list, matches: eTag)
    }

    /// Whether `Range` counts, given `If-Range` (RFC 9110 section 13.1.5).
    static func rangeCounts(_ fields: HTTPFields, eTag: String, modified: Timestamp) -> Bool {
        guard let validator = fields["if-range"] else { return true }
        if let date = Timestamp(httpDate: validator) {
            return date.secondsSinceEpoch == modified.secondsSinceEpoch
        }
        return self.unquote(validator.trimmingSpaces()) == eTag
    }

    private static func list(_ list: String, matches eTag: String) -> Bool {
        list.split(separator: ",").contains { item in
            let item = String(item).trimmingSpaces()
            return item == "*" || self.unquote(item) == eTag
        }
    }

    /// An entity tag without quotes and without the mark of a weak one; S3 has strong ones only.
    static func unquote(_ tag: String) -> String {
        var text = tag[...]
        if text.hasPrefix("W/") { text = text.dropFirst(2) }
        if text.hasPrefix("\"") { text = text.dropFirst() }
        if text.hasSuffix("\"") { text = text.dropLast() }
        return String(text)
    }
}
