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
        _ value: Span<UInt8>
    ) throws(CloudEventError.AttributeFault) -> String {
        if self.isPlain(value) { return String(ascii: value) }
        let decoded: String?
        switch self {
        case .strict:
            // One round only: a second would turn %2541 into A. A % that begins no escape comes
            // from a sender that does not encode, as Knative's; refusing it would lose the event.
            decoded =
                if let content = Self.unquoted(value) {
                    Self.percentDecoded(content.span)
                } else {
                    Self.percentDecoded(value)
                }
        case .knative:
            decoded = String(utf8: value)
        }
        guard let decoded else { throw .notUTF8 }
        guard AttributeRules.isAllowed(decoded) else { throw .characterNotAllowed }
        return decoded
    }

    /// The text of a value with its escapes undone.
    static func percentDecoded(_ value: Span<UInt8>) -> String? {
        self.withPercentDecoded(value) { String(utf8: $0) }
    }

    /// Lends a value with its escapes undone, decoded on the stack.
    static func withPercentDecoded<Result>(
        _ value: Span<UInt8>,
        _ body: (Span<UInt8>) -> Result
    ) -> Result {
        // Safety: the buffer is written before it is read, and used within the call that lends it.
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: value.count) { room in
            var bytes = unsafe OutputSpan(buffer: room, initializedCount: 0)
            PercentCoding.decodeKeepingOthers(value, into: &bytes)
            return body(bytes.span)
        }
    }

    /// Whether the value is printable ASCII that means itself.
    private func isPlain(_ bytes: Span<UInt8>) -> Bool {
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
    private static func unquoted(_ value: Span<UInt8>) -> [UInt8]? {
        let quote = UInt8(ascii: "\"")
        let last = value.count - 1
        guard last >= 1, value[0] == quote, value[last] == quote else { return nil }
        var content: [UInt8] = []
        content.reserveCapacity(value.count)
        var isEscaped = false
        for index in 1..<last {
            let byte = value[index]
            if isEscaped || byte != UInt8(ascii: "\\") {
                guard isEscaped || byte != quote else { return nil }
                content.append(byte)
                isEscaped = false
            } else {
                isEscaped = true
            }
        }
        return isEscaped ? nil : content
    }

    /// Appends a header with `text` as its value.
    package func append(_ name: String, _ text: String, to fields: inout HTTPFields) {
        self.append(prefix: "", name.utf8.span, value: text, to: &fields)
    }

    /// As ``append(_:_:to:)``, with a name of two parts, of which the second may be empty.
    func append(
        prefix: StaticString,
        _ name: Span<UInt8> = Span(),
        value text: String,
        to fields: inout HTTPFields
    ) {
        let bytes = text.utf8.span
        if self.isKept(bytes) {
            fields.append(prefix: prefix, name, value: bytes)
        } else {
            fields.append(prefix: prefix, name, valueBytesMax: bytes.count * 3) { value in
                self.encode(bytes, into: &value)
            }
        }
    }

    private func encode(_ text: Span<UInt8>, into value: inout OutputSpan<UInt8>) {
        var keptStart = 0
        for index in text.indices where !self.isKept(text[index]) {
            let byte = text[index]
            value.append(text.extracting(keptStart..<index))
            value.append(UInt8(ascii: "%"))
            value.append(Hex.digit(byte >> 4, uppercase: true))
            value.append(Hex.digit(byte & 0xF, uppercase: true))
            keptStart = index + 1
        }
        value.append(text.extracting(keptStart..<text.count))
    }

    private func isKept(_ bytes: Span<UInt8>) -> Bool {
        switch self {
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
