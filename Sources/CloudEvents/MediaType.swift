// SPDX-License-Identifier: Apache-2.0

import HTTP

/// The syntax of media types (RFC 9110 section 8.3.1, RFC 2046).
package enum MediaType {
    /// The media type of one event in the JSON format.
    package static let event = "application/cloudevents+json; charset=UTF-8"
    /// The media type of a batch in the JSON format.
    package static let batch = "application/cloudevents-batch+json; charset=UTF-8"
    /// JSON.
    package static let json = "application/json"

    /// Whether `text` announces JSON: `*/json` or `*/*+json`, parameters ignored.
    package static func isJSON(_ text: String) -> Bool { self.isJSON(text.utf8.span) }

    /// As ``isJSON(_:)``, of bytes.
    static func isJSON(_ bytes: Span<UInt8>) -> Bool {
        if self.isPlainJSON(bytes) { return true }
        var end = 0
        while end < bytes.count, bytes[end] != UInt8(ascii: ";") { end += 1 }
        while end > 0, self.isSpace(bytes[end - 1]) { end -= 1 }
        guard end > 5, bytes[end - 5] == UInt8(ascii: "/") || bytes[end - 5] == UInt8(ascii: "+")
        else { return false }
        return AttributeName.lowercased(bytes[end - 4]) == UInt8(ascii: "j")
            && AttributeName.lowercased(bytes[end - 3]) == UInt8(ascii: "s")
            && AttributeName.lowercased(bytes[end - 2]) == UInt8(ascii: "o")
            && AttributeName.lowercased(bytes[end - 1]) == UInt8(ascii: "n")
    }

    /// Whether the bytes are `application/json`, as nearly all events have it.
    static func isPlainJSON(_ bytes: Span<UInt8>) -> Bool {
        bytes.count == 16 && HeaderWord(bytes, at: 0, count: 8).bits == 0x7461_6369_6C70_7061
            && HeaderWord(bytes, at: 8, count: 8).bits == 0x6E6F_736A_2F6E_6F69
    }

    /// Whether a message of this type would be read as an event in structured or batch mode.
    static func announcesEvent(_ text: String) -> Bool {
        let prefix = "application/cloudevents".utf8.span
        let bytes = text.utf8.span
        guard bytes.count >= prefix.count else { return false }
        for index in prefix.indices where AttributeName.lowercased(bytes[index]) != prefix[index] {
            return false
        }
        return true
    }

    /// The type and subtype in lower case, without parameters.
    package static func essence(_ text: String) -> String {
        var essence = text.utf8.prefix { $0 != UInt8(ascii: ";") }
        while let last = essence.last, self.isSpace(last) { essence.removeLast() }
        while let first = essence.first, self.isSpace(first) { essence.removeFirst() }
        return String(Substring(essence)).lowercased()
    }

    /// Whether `text` is `type/subtype`, with or without parameters (RFC 9110 section 5.6.6).
    package static func isValid(_ text: String) -> Bool { self.isValid(text.utf8.span) }

    /// As ``isValid(_:)``, of bytes.
    static func isValid(_ bytes: Span<UInt8>) -> Bool {
        if self.isPlainJSON(bytes) { return true }
        var index = 0
        guard self.skipToken(bytes, &index), index < bytes.count,
            bytes[index] == UInt8(ascii: "/")
        else { return false }
        index += 1
        guard self.skipToken(bytes, &index) else { return false }
        self.skipSpaces(bytes, &index)
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: ";") else { return false }
            index += 1
            self.skipSpaces(bytes, &index)
            guard
                index == bytes.count || bytes[index] == UInt8(ascii: ";")
                    || self.skipParameter(bytes, &index)
            else { return false }
            self.skipSpaces(bytes, &index)
        }
        return true
    }

    /// Steps over `name=value`, where the value is a token or a quoted string.
    private static func skipParameter(_ bytes: Span<UInt8>, _ index: inout Int) -> Bool {
        guard self.skipToken(bytes, &index), index < bytes.count, bytes[index] == UInt8(ascii: "=")
        else { return false }
        index += 1
        return self.skipToken(bytes, &index) || self.skipQuotedString(bytes, &index)
    }

    private static func skipQuotedString(_ bytes: Span<UInt8>, _ index: inout Int) -> Bool {
        let quote = UInt8(ascii: "\"")
        guard index < bytes.count, bytes[index] == quote else { return false }
        index += 1
        while index < bytes.count, bytes[index] != quote {
            if bytes[index] == UInt8(ascii: "\\") { index += 1 }
            guard index < bytes.count, HTTPText.isFieldValue(bytes[index]) else { return false }
            index += 1
        }
        guard index < bytes.count else { return false }
        index += 1
        return true
    }

    private static func skipSpaces(_ bytes: Span<UInt8>, _ index: inout Int) {
        while index < bytes.count, self.isSpace(bytes[index]) { index += 1 }
    }

    /// Whether a JSON text of this type is in UTF-8: no `charset`, or one that says so.
    static func isUTF8(_ text: String) -> Bool {
        for parameter in text.utf8.split(separator: UInt8(ascii: ";")).dropFirst() {
            let trimmed = self.essence(String(Substring(parameter)))
            guard trimmed.hasPrefix("charset=") else { continue }
            let charset = trimmed.dropFirst("charset=".count)
            return ["utf-8", "\"utf-8\"", "us-ascii", "\"us-ascii\""].contains(charset)
        }
        return true
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func skipToken(_ bytes: Span<UInt8>, _ index: inout Int) -> Bool {
        let start = index
        while index < bytes.count, HTTPText.isToken(bytes[index]) { index += 1 }
        return index > start
    }
}
