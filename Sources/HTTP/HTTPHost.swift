// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// The `Host` field (RFC 9110 section 7.2, RFC 3986 section 3.2).
package enum HTTPHost {
    private static let portMax = 65_535

    /// Whether a text is `uri-host [ ":" port ]`, not empty and without user information.
    package static func isValid(_ text: String) -> Bool { self.isValid(Array(text.utf8)[...]) }

    /// As ``isValid(_:)``, of the bytes of a field.
    static func isValid(_ block: Span<UInt8>, _ range: Range<Int>) -> Bool {
        // Nearly all hosts are letters, digits, hyphens and full stops, and a port of five digits.
        var end = range.lowerBound
        while end < range.upperBound, let window = SixteenBytes(block, at: end) {
            let place = window.firstOutsideHost
            end += place
            if place < 16 { break }
        }
        if end >= range.upperBound { return true }
        if end > range.lowerBound, block[end] == UInt8(ascii: ":") {
            let port = block.extracting(end + 1..<range.upperBound)
            return port.isEmpty || self.isPort(HTTPText.decimal(port))
        }
        return self.isValid([UInt8](copying: block.extracting(range))[...])
    }

    private static func isValid(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let port = self.portStart(bytes) else { return false }
        guard port < bytes.endIndex else { return true }
        return port + 1 == bytes.endIndex || self.isPort(HTTPText.decimal(bytes[(port + 1)...]))
    }

    /// Whether a text is `uri-host ":" port`, the target of `CONNECT` (RFC 9112 section 3.2.3).
    package static func isAuthorityForm(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let port = self.portStart(bytes[...]), port < bytes.endIndex else { return false }
        return self.isPort(HTTPText.decimal(bytes[(port + 1)...]))
    }

    /// Where the colon of the port is, the end without one; `nil` when no host comes before it.
    private static func portStart(_ bytes: ArraySlice<UInt8>) -> Int? {
        let isLiteral = bytes.first == UInt8(ascii: "[")
        guard let end = isLiteral ? self.endOfLiteral(bytes) : self.endOfName(bytes),
            end == bytes.endIndex || bytes[end] == UInt8(ascii: ":")
        else { return nil }
        return end
    }

    /// Whether a number names a port; zeros may come before it (RFC 3986 section 3.2.3).
    private static func isPort(_ number: Int?) -> Bool {
        number.map { $0 <= self.portMax } ?? false
    }

    /// Behind `[` and `]` with an IPv6 address between them; no other literal is known.
    private static func endOfLiteral(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard let bracket = bytes.firstIndex(of: UInt8(ascii: "]")),
            self.isIPv6(bytes[(bytes.startIndex + 1)..<bracket])
        else { return nil }
        return bracket + 1
    }

    /// How long the `IP-literal` is that bytes begin with (RFC 3986 section 3.2.2), `nil` when they
    /// begin with none; those of the future count, which `Host` does not take.
    package static func literalLength(_ bytes: Span<UInt8>) -> Int? {
        let copy = [UInt8](copying: bytes)
        guard let bracket = copy.firstIndex(of: UInt8(ascii: "]")) else { return nil }
        let address = copy[1..<bracket]
        guard self.isIPv6(address) || self.isFutureAddress(address) else { return nil }
        return bracket + 1
    }

    /// Whether the bytes are an `IPvFuture`: a version, a full stop, and an address.
    private static func isFutureAddress(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.first == UInt8(ascii: "v") || bytes.first == UInt8(ascii: "V"),
            let stop = bytes.firstIndex(of: UInt8(ascii: "."))
        else { return false }
        let (version, address) = (bytes[..<stop].dropFirst(), bytes[(stop + 1)...])
        return !version.isEmpty && version.allSatisfy { Hex.value(of: $0) != nil }
            && !address.isEmpty
            && address.allSatisfy {
                PercentCoding.isUnreserved($0) || self.isSubDelimiter($0)
                    || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ":")
            }
    }

    /// Whether the bytes are an `IPv6address`: eight groups, or fewer and one `::`.
    private static func isIPv6(_ bytes: ArraySlice<UInt8>) -> Bool {
        let colon = UInt8(ascii: ":")
        var rest = bytes
        var groups = 0
        var hasGap = rest.starts(with: "::".utf8)
        if hasGap { rest = rest.dropFirst(2) }
        while !rest.isEmpty {
            let group = rest.prefix { $0 != colon }
            rest = rest.dropFirst(group.count)
            if rest.isEmpty, self.isIPv4(group) {
                groups += 2
                break
            }
            guard 1...4 ~= group.count, group.allSatisfy({ Hex.value(of: $0) != nil }) else {
                return false
            }
            groups += 1
            guard rest.popFirst() != nil else { break }
            guard let next = rest.first else { return false }
            if next == colon {
                guard !hasGap else { return false }
                hasGap = true
                rest.removeFirst()
            }
        }
        return hasGap ? groups < 8 : groups == 8
    }

    /// Whether the bytes are four numbers up to 255, without zeros before them.
    private static func isIPv4(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard let number = HTTPText.decimal(part), number <= 255 else { return false }
                return part.count == 1 || part.first != UInt8(ascii: "0")
            }
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
