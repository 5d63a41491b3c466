// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// The syntax of URIs (RFC 3986).
enum URIRules {
    /// Whether `text` is a URI-reference (section 4.1) that is not empty.
    static func isReference(_ text: String) -> Bool { self.isReference(text.utf8.span) }

    /// As ``isReference(_:)``, of bytes.
    static func isReference(_ bytes: Span<UInt8>) -> Bool {
        if self.isPlainPath(bytes, 0..<bytes.count) { return true }
        guard let schemeEnd = self.schemeEnd(bytes) else { return false }
        return !bytes.isEmpty && self.isHierarchy(bytes, from: schemeEnd)
    }

    /// Whether `text` begins with a scheme (section 3); a fragment is allowed, as schemas use it.
    static func isAbsolute(_ text: String) -> Bool { self.isAbsolute(text.utf8.span) }

    /// As ``isAbsolute(_:)``, of bytes.
    static func isAbsolute(_ bytes: Span<UInt8>) -> Bool {
        guard let schemeEnd = self.schemeEnd(bytes), schemeEnd > 0 else { return false }
        return self.isHierarchy(bytes, from: schemeEnd)
    }

    /// Whether a part of some bytes is `/path` or `/path#fragment`, as most sources are.
    static func isPlainPath(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        guard range.count > 1, bytes[index] == UInt8(ascii: "/"),
            bytes[index &+ 1] != UInt8(ascii: "/")
        else { return false }
        var fragments = 0
        while index < range.upperBound {
            if let window = SixteenBytes(bytes, at: index) {
                index &+= window.firstOutsidePath
            } else {
                // Letters in the place of what lies behind the end.
                let count = range.upperBound &- index
                index &+= HeaderWord(bytes, at: index, count: count, filler: 0x61).firstNotPath
            }
            guard index < range.upperBound else { break }
            if bytes[index] == UInt8(ascii: "#") {
                fragments &+= 1
            } else if !self.isPathCharacter(bytes[index]) {
                return false
            }
            index &+= 1
        }
        return fragments < 2
    }

    /// The offset after `scheme:`, 0 without a scheme, `nil` for a `:` that cannot stand there.
    private static func schemeEnd(_ bytes: Span<UInt8>) -> Int? {
        var isScheme = true
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: ":"):
                return isScheme && index > 0 ? index + 1 : nil
            case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"):
                return 0
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"):
                break
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"),
                UInt8(ascii: "."):
                if index == 0 { isScheme = false }
            default:
                isScheme = false
            }
        }
        return 0
    }

    /// Judges what follows the scheme: authority, path, query and fragment.
    private static func isHierarchy(_ bytes: Span<UInt8>, from start: Int) -> Bool {
        var index = start
        if start + 1 < bytes.count, bytes[start] == UInt8(ascii: "/"),
            bytes[start + 1] == UInt8(ascii: "/")
        {
            index = start + 2
            guard self.skipAuthority(bytes, &index) else { return false }
        }
        var hasFragment = false
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "#") {
                guard !hasFragment else { return false }
                hasFragment = true
                index += 1
            } else {
                guard self.skipCharacter(bytes, &index) else { return false }
            }
        }
        return true
    }

    /// Steps over user, host and port (section 3.2).
    private static func skipAuthority(_ bytes: Span<UInt8>, _ index: inout Int) -> Bool {
        let start = index
        authority: while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"): break authority
            default: index += 1
            }
        }
        var host = start
        for place in start..<index where bytes[place] == UInt8(ascii: "@") {
            // Neither a user nor a host holds a second one.
            guard host == start else { return false }
            host = place + 1
        }
        let user = start..<max(start, host - 1)
        return self.areCharacters(bytes.extracting(user))
            && self.isHostAndPort(bytes.extracting(host..<index))
    }

    /// Whether bytes are a name, an address or nothing, and perhaps a port.
    private static func isHostAndPort(_ bytes: Span<UInt8>) -> Bool {
        var end = 0
        if !bytes.isEmpty, bytes[0] == UInt8(ascii: "[") {
            guard let length = HTTPHost.literalLength(bytes) else { return false }
            end = length
        } else {
            while end < bytes.count, bytes[end] != UInt8(ascii: ":") { end += 1 }
            guard self.areCharacters(bytes.extracting(0..<end)) else { return false }
        }
        guard end < bytes.count else { return true }
        return bytes[end] == UInt8(ascii: ":") && self.areDigits(bytes, end + 1..<bytes.count)
    }

    private static func areCharacters(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            guard self.skipCharacter(bytes, &index) else { return false }
        }
        return true
    }

    private static func areDigits(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where bytes[index] &- UInt8(ascii: "0") > 9 { return false }
        return true
    }

    /// Steps over one `pchar`, `/`, `?` or percent-encoded byte.
    private static func skipCharacter(_ bytes: Span<UInt8>, _ index: inout Int) -> Bool {
        if bytes[index] == UInt8(ascii: "%") {
            guard index + 2 < bytes.count, self.isHexadecimal(bytes[index + 1]),
                self.isHexadecimal(bytes[index + 2])
            else { return false }
            index += 3
            return true
        }
        guard self.isPathCharacter(bytes[index]) else { return false }
        index += 1
        return true
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "F"),
            UInt8(ascii: "a")...UInt8(ascii: "f"):
            true
        default:
            false
        }
    }

    /// Whether the byte is unreserved, a sub-delimiter, or one of `:@/?` (sections 2.2, 2.3, 3.3).
    ///
    /// One bit for each of the 128 characters of ASCII; a test rebuilds them from the RFC's text.
    @inline(__always)
    private static func isPathCharacter(_ byte: UInt8) -> Bool {
        guard byte < 128 else { return false }
        let word: UInt64 = byte < 64 ? 0xAFFF_FFD2_0000_0000 : 0x47FF_FFFE_87FF_FFFF
        return (word >> UInt64(byte & 63)) & 1 == 1
    }
}
