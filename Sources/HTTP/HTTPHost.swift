// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// The `Host` field (RFC 9110 section 7.2, RFC 3986 section 3.2).
package enum HTTPHost {
    /// Whether a text is `uri-host [ ":" port ]`, not empty and without user information.
    package static func isValid(_ text: String) -> Bool { self.isValid(Array(text.utf8)[...]) }

    /// As ``isValid(_:)``, of bytes as they were received.
    static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first else { return false }
        let isLiteral = first == UInt8(ascii: "[")
        guard let end = isLiteral ? self.endOfLiteral(bytes) : self.endOfName(bytes) else {
            return false
        }
        guard end < bytes.endIndex else { return true }
        return bytes[end] == UInt8(ascii: ":") && bytes[(end + 1)...].allSatisfy(self.isDigit)
    }

    /// Behind `[` and `]` with an IPv6 address between them; its grouping is not checked.
    private static func endOfLiteral(_ bytes: ArraySlice<UInt8>) -> Int? {
        let start = bytes.startIndex + 1
        guard let bracket = bytes.firstIndex(of: UInt8(ascii: "]")), bracket > start else {
            return nil
        }
        for byte in bytes[start..<bracket] {
            guard
                Hex.value(of: byte) != nil || byte == UInt8(ascii: ":")
                    || byte == UInt8(ascii: ".")
            else { return nil }
        }
        return bracket + 1
    }

    /// Behind a `reg-name` or IPv4 address: unreserved, sub-delims, and whole percent escapes.
    private static func endOfName(_ bytes: ArraySlice<UInt8>) -> Int? {
        var index = bytes.startIndex
        while index < bytes.endIndex, bytes[index] != UInt8(ascii: ":") {
            if bytes[index] == UInt8(ascii: "%") {
                guard index + 2 < bytes.endIndex, Hex.value(of: bytes[index + 1]) != nil,
                    Hex.value(of: bytes[index + 2]) != nil
                else { return nil }
                index += 3
            } else {
                guard PercentCoding.isUnreserved(bytes[index]) || self.isSubDelimiter(bytes[index])
                else { return nil }
                index += 1
            }
        }
        return index == bytes.startIndex ? nil : index
    }

    /// `sub-delims` of RFC 3986 section 2.2, but for the comma, which separates list items.
    private static func isSubDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"),
            UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: ";"), UInt8(ascii: "="):
            true
        default:
            false
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func port(of text: String) -> Substring.UTF8View? {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { return nil }
        if let bracket = text.utf8.lastIndex(of: UInt8(ascii: "]")), bracket > colon { return nil }
        return text[text.utf8.index(after: colon)...].utf8
    }

    /// The host without its port, in lower case.
    package static func name(of authority: String) -> String {
        guard let port = self.port(of: authority) else { return authority.lowercased() }
        let end = authority.utf8.index(before: port.startIndex)
        return authority[..<end].lowercased()
    }
}
