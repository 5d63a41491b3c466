// SPDX-License-Identifier: Apache-2.0

import Bytes
package import HTTP

/// How the values of attributes are written in HTTP headers.
///
/// Both ways accept raw UTF-8 from the other side, and neither ever writes a control character:
/// those are percent-encoded by both.
public enum CloudEventHeaderCoding: Sendable, CaseIterable {
    /// As the specification says: percent-encoded (HTTP binding 1.0.2 section 3.1.3.2).
    ///
    /// `Euro €` travels as `Euro%20%E2%82%AC`.
    case strict
    /// As Knative does: the value travels as it is, in UTF-8.
    ///
    /// The SDKs for Go and Java neither encode nor decode. For a peer that is built on one of them
    /// this keeps `100%` or an object's name with spaces intact. Spaces at either end of a value
    /// are lost, as HTTP trims them.
    case knative
}

extension CloudEventHeaderCoding {
    /// Reads the value of a header.
    ///
    /// - Throws: What is wrong with the value; never lets through text that an attribute must not
    ///   hold.
    package func decode(
        _ value: ArraySlice<UInt8>
    ) throws(CloudEventError.AttributeFault) -> String {
        if self.isPlain(value) { return String(decoding: value, as: UTF8.self) }
        let decoded: String?
        switch self {
        case .strict:
            let unquoted = Self.unquoted(value) ?? value
            // One round only: a second would turn %2541 into A. A % that begins no escape comes
            // from a sender that does not encode, as Knative's; refusing it would lose the event.
            decoded = String(utf8: PercentCoding.decodeKeepingOthers(unquoted).span)
        case .knative:
            decoded = String(utf8: value.span)
        }
        guard let decoded else { throw .notUTF8 }
        guard AttributeRules.isAllowed(decoded) else { throw .characterNotAllowed }
        return decoded
    }

    /// Whether the value is printable ASCII that means itself.
    private func isPlain(_ value: ArraySlice<UInt8>) -> Bool {
        let bytes = value.span
        let percent = UInt8(ascii: "%")
        return switch self {
        case .strict:
            PrintableASCII.holds(bytes, without: percent, percent, percent)
                && (bytes.isEmpty || bytes[0] != UInt8(ascii: "\""))
        case .knative:
            PrintableASCII.holds(bytes, without: 0, 0, 0)
        }
    }

    /// The content of a quoted string (RFC 9110 section 5.6.4), which old producers send.
    ///
    /// - Returns: `nil` when the value as a whole is not a quoted string; then it means itself.
    private static func unquoted(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let quote = UInt8(ascii: "\"")
        guard value.count >= 2, value.first == quote, value.last == quote else { return nil }
        var content: [UInt8] = []
        content.reserveCapacity(value.count)
        var isEscaped = false
        for byte in value.dropFirst().dropLast() {
            if isEscaped || byte != UInt8(ascii: "\\") {
                guard isEscaped || byte != quote else { return nil }
                content.append(byte)
                isEscaped = false
            } else {
                isEscaped = true
            }
        }
        return isEscaped ? nil : content[...]
    }

    /// Appends a header with `text` as its value.
    package func append(_ name: String, _ text: String, to fields: inout HTTPFields) {
        guard !self.isKept(text) else { return fields.append(name, text) }
        fields.append(name, PercentCoding.encode(text, keeping: self.isKept))
    }

    private func isKept(_ text: String) -> Bool {
        let bytes = text.utf8.span
        return switch self {
        case .strict:
            PrintableASCII.holds(
                bytes,
                without: UInt8(ascii: " "),
                UInt8(ascii: "\""),
                UInt8(ascii: "%")
            )
        case .knative:
            PrintableASCII.holds(bytes, without: 0, 0, 0)
        }
    }

    private func isKept(_ byte: UInt8) -> Bool {
        switch self {
        case .strict:
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "%")
        case .knative:
            byte >= 0x20 && byte != 0x7F
        }
    }
}
