// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents

/// What the keys of a source's records are: its label `kafkasources.sources.knative.dev/key-type`.
package enum RecordKeyType: String, Sendable, CaseIterable {
    /// Text in UTF-8.
    case string
    /// A number of four bytes, big-endian.
    case int
    /// A number of four or eight bytes, IEEE 754, big-endian.
    case float
    /// Any bytes; they become base64.
    case byteArray = "byte-array"
}

/// Turns the key of a record into the value of an extension.
enum RecordKey {
    /// The key as `type` wants it.
    ///
    /// A number of another length is taken as text, and text that is not UTF-8 has its wrong bytes
    /// replaced: both as Knative does it, so that no key holds up its partition.
    static func value(of key: [UInt8], type: RecordKeyType) -> CloudEventValue {
        switch type {
        case .int where key.count == 4:
            .integer(Int32(bitPattern: UInt32(truncatingIfNeeded: self.bigEndian(key))))
        case .float where key.count == 4:
            .string(
                self.text(Float(bitPattern: UInt32(truncatingIfNeeded: self.bigEndian(key))))
            )
        case .float where key.count == 8:
            .string(self.text(Double(bitPattern: self.bigEndian(key))))
        case .byteArray: .binary(key)
        case .string, .int, .float: .string(String(decoding: key, as: UTF8.self))
        }
    }

    private static func bigEndian(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Writes a number as Java does: `1.5`, `1.0E10`, `-Infinity`.
    static func text<Number: BinaryFloatingPoint & LosslessStringConvertible>(
        _ number: Number
    ) -> String {
        guard number.isFinite else {
            return number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
        }
        let magnitude = number.magnitude
        let sign = number.sign == .minus ? "-" : ""
        let (digits, exponent) = Self.decimal(magnitude.description)
        guard magnitude == 0 || 1e-3..<1e7 ~= Double(magnitude) else {
            let fraction = digits.count > 1 ? String(digits.dropFirst()) : "0"
            return "\(sign)\(digits.first ?? "0").\(fraction)E\(exponent)"
        }
        return sign + Self.plain(digits, exponent)
    }

    /// The significant digits, and the power of ten of the first of them.
    private static func decimal(_ description: String) -> (digits: String, exponent: Int) {
        let parts = description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = String(mantissa[0])
        let all = whole + (mantissa.count > 1 ? String(mantissa[1]) : "")
        let leadingZeros = all.prefix { $0 == "0" }.count
        var digits = String(all.dropFirst(leadingZeros))
        while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
        guard !digits.isEmpty else { return ("0", 0) }
        let power = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        return (digits, power + whole.count - 1 - leadingZeros)
    }

    private static func plain(_ digits: String, _ exponent: Int) -> String {
        guard exponent >= 0 else {
            return "0." + String(repeating: "0", count: -exponent - 1) + digits
        }
        let padding = max(0, exponent + 1 - digits.count)
        let padded = digits + String(repeating: "0", count: padding)
        let fraction = padded.dropFirst(exponent + 1)
        return padded.prefix(exponent + 1) + "." + (fraction.isEmpty ? "0" : fraction)
    }
}
