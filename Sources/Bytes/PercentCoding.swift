// SPDX-License-Identifier: Apache-2.0

/// Percent-encoding (RFC 3986 section 2.1).
package enum PercentCoding {
    /// Whether RFC 3986 section 2.3 calls the byte unreserved.
    package static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default:
            false
        }
    }

    /// Writes each UTF-8 byte that `isKept` does not keep as `%XX`, in upper case.
    package static func encode(
        _ text: some StringProtocol,
        keeping isKept: (UInt8) -> Bool = Self.isUnreserved
    ) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isKept(byte) {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(Hex.digit(byte >> 4, uppercase: true))
                encoded.append(Hex.digit(byte & 0xF, uppercase: true))
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// Undoes one round of encoding; `nil` when a `%` is not followed by two digits.
    ///
    /// - Parameters:
    ///   - text: The encoded bytes.
    ///   - plusIsSpace: Whether `+` means a space, as in HTML forms and Go's query escaping.
    /// - Returns: The decoded bytes.
    package static func decode(
        _ text: some Sequence<UInt8>,
        plusIsSpace: Bool = false
    ) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.underestimatedCount)
        var iterator = text.makeIterator()
        while let byte = iterator.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = iterator.next().flatMap(Hex.value(of:)),
                    let low = iterator.next().flatMap(Hex.value(of:))
                else { return nil }
                decoded.append(high << 4 | low)
            } else if plusIsSpace, byte == UInt8(ascii: "+") {
                decoded.append(UInt8(ascii: " "))
            } else {
                decoded.append(byte)
            }
        }
        return decoded
    }

    /// Undoes one round of encoding, and keeps each `%` that is not followed by two digits.
    ///
    /// - Parameters:
    ///   - text: What to decode.
    ///   - decoded: A place with room for as many bytes as `text` has.
    package static func decodeKeepingOthers(
        _ text: Span<UInt8>,
        into decoded: inout OutputSpan<UInt8>
    ) {
        var index = 0
        var keptStart = 0
        while index < text.count {
            let start = index
            index &+= 1
            guard text[start] == UInt8(ascii: "%"), index &+ 1 < text.count,
                let high = Hex.value(of: text[index]), let low = Hex.value(of: text[index &+ 1])
            else { continue }
            decoded.append(text.extracting(keptStart..<start))
            decoded.append(high << 4 | low)
            index &+= 2
            keptStart = index
        }
        decoded.append(text.extracting(keptStart..<text.count))
    }

    /// As ``decode(_:plusIsSpace:)``, and `nil` also when the outcome is not UTF-8.
    package static func decodeText(
        _ text: some StringProtocol,
        plusIsSpace: Bool = false
    ) -> String? {
        guard let bytes = self.decode(text.utf8, plusIsSpace: plusIsSpace) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}
