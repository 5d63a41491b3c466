// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// Reads the object of one event (JSON format 1.0.2 sections 2 and 3).
///
/// Attributes of plain text, as nearly all are, become lines of headers: no `String` is made before
/// somebody asks for one, and in binary mode they are sent on as they are.
struct EventJSONReader: ~Copyable {
    private var assembler: EventAssembler
    /// Where the `data` member lies; its meaning depends on an attribute that may come after it.
    private var data: Range<Int>?
    /// Whether the payload is a JSON value that was looked at as a whole.
    private var isDataJSON = false
    private var hasBase64 = false
    private var base64: [UInt8]?
    /// Names of extensions that came as `null`, and so are not in the event.
    private var nullNames: [String] = []

    /// Room for the attributes of most events; KafkaSource sends eleven.
    private static let linesUsual = 12
    private static let lineBytesUsual = 512

    private init(_ limits: CloudEventLimits) {
        var lines = HTTPFields()
        lines.reserveCapacity(lines: Self.linesUsual, bytes: Self.lineBytesUsual)
        self.assembler = EventAssembler(headers: lines, limits: limits)
    }

    /// Reads the event that comes next.
    ///
    /// - Parameters:
    ///   - scanner: Stands before the event; afterwards behind it.
    ///   - limits: How much is accepted.
    /// - Returns: The event, and whether it has members that came as `null` and say nothing.
    /// - Throws: What is wrong and where.
    static func read(
        _ scanner: inout JSONScanner,
        _ limits: CloudEventLimits
    ) throws(CloudEventError) -> (event: CloudEvent, hasNulls: Bool) {
        var reader = Self(limits)
        try scanner.expect("{")
        if try !scanner.accept("}") {
            repeat {
                let name = try scanner.text()
                try scanner.expect(":")
                if try reader.readLine(name, &scanner) { continue }
                try reader.readMember(try scanner.string(name), &scanner, limits)
            } while try scanner.accept(",")
            try scanner.expect("}")
        }
        let data = try reader.payload(scanner)
        let event = try reader.assembler.finish(data: data, isKnownJSON: reader.isDataJSON)
        try event.validate()
        let hasNulls = !reader.nullNames.isEmpty || reader.hasBase64 && reader.base64 == nil
        return (event, hasNulls)
    }

    /// Takes an attribute of plain text.
    ///
    /// - Returns: `false` for all others, of which nothing is read then but the name.
    private mutating func readLine(
        _ name: JSONScanner.Text,
        _ scanner: inout JSONScanner
    ) throws(CloudEventError) -> Bool {
        guard !name.hasEscapes, self.nullNames.isEmpty, try scanner.peek() == UInt8(ascii: "\"")
        else { return false }
        let start = scanner.offset
        let core = CoreAttribute(scanner.bytes.span, name.range, ignoringCase: false)
        if core == nil, !AttributeName.isValid(scanner.bytes.span.extracting(name.range)) {
            return false
        }
        let value = try scanner.text()
        if !value.hasEscapes {
            let text = scanner.bytes.span.extracting(value.range)
            if let core {
                if try self.assembler.setLine(core, text) { return true }
            } else if self.assembler.setExtensionLine(scanner.bytes.span, name.range, text) {
                return true
            }
        }
        scanner.move(to: start)
        return false
    }

    private mutating func readMember(
        _ name: String,
        _ scanner: inout JSONScanner,
        _ limits: CloudEventLimits
    ) throws(CloudEventError) {
        switch name {
        case "data":
            guard self.data == nil else { throw .attributeDuplicated(name) }
            self.data = try scanner.skipValue()
        case "data_base64":
            guard !self.hasBase64 else { throw .attributeDuplicated(name) }
            self.hasBase64 = true
            self.base64 = try Self.readBase64(&scanner)
        default:
            try self.readAttribute(name, &scanner, limits)
        }
    }

    private static func readBase64(
        _ scanner: inout JSONScanner
    ) throws(CloudEventError) -> [UInt8]? {
        switch try scanner.peek() {
        case UInt8(ascii: "n"):
            try scanner.skipWord("null")
            return nil
        case UInt8(ascii: "\""):
            guard let bytes = Base64.decode(try scanner.string()) else {
                throw .dataInvalid(.base64Invalid)
            }
            return bytes
        default:
            _ = try scanner.skipValue()
            throw .dataInvalid(.base64Invalid)
        }
    }

    private mutating func readAttribute(
        _ name: String,
        _ scanner: inout JSONScanner,
        _ limits: CloudEventLimits
    ) throws(CloudEventError) {
        guard !self.nullNames.contains(name) else { throw .attributeDuplicated(name) }
        let core = CoreAttribute(name: name)
        let value = try Self.readValue(name, &scanner)
        switch (core, value) {
        case (_, nil):
            // Absent, but the name is used up (section 2.2).
            guard self.nullNames.count < limits.attributesMax else {
                throw .attributesTooMany(limit: limits.attributesMax)
            }
            guard AttributeName.isValid(name) else { throw .attributeInvalid(name, .nameInvalid) }
            guard !self.assembler.hasAttribute(name) else { throw .attributeDuplicated(name) }
            self.nullNames.append(name)
        case (let core?, .string(let text)?):
            try self.assembler.set(core, text)
        case (_?, _):
            throw .attributeInvalid(name, .typeInvalid)
        case (nil, let value?):
            try self.assembler.setExtension(name, value)
        }
    }

    /// The value of an attribute; `nil` for `null`.
    private static func readValue(
        _ name: String,
        _ scanner: inout JSONScanner
    ) throws(CloudEventError) -> CloudEventValue? {
        switch try scanner.peek() {
        case UInt8(ascii: "\""): return .string(try scanner.string())
        case UInt8(ascii: "t"):
            try scanner.skipWord("true")
            return .boolean(true)
        case UInt8(ascii: "f"):
            try scanner.skipWord("false")
            return .boolean(false)
        case UInt8(ascii: "n"):
            try scanner.skipWord("null")
            return nil
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            _ = try scanner.skipValue()
            throw .attributeInvalid(name, .typeInvalid)
        default:
            let start = scanner.offset
            let isWhole = try scanner.skipNumber()
            let digits = String(ascii: scanner.bytes.span.extracting(start..<scanner.offset))
            guard isWhole, let number = Int32(digits) else {
                throw .attributeInvalid(name, .notInteger)
            }
            return .integer(number)
        }
    }

    /// The payload, now that its content type is known (section 3.1).
    private mutating func payload(
        _ scanner: consuming JSONScanner
    ) throws(CloudEventError) -> CloudEventData? {
        let isTypeJSON = self.assembler.isTypeJSON
        if let bytes = self.base64 {
            guard self.data == nil else { throw .dataInvalid(.bothMembers) }
            return isTypeJSON == true ? .json(bytes) : .binary(bytes)
        }
        guard let range = self.data else { return nil }
        // Without a type, application/json is meant.
        if isTypeJSON ?? true {
            self.isDataJSON = true
            return .json([UInt8](copying: scanner.bytes.span.extracting(range)))
        }
        scanner.move(to: range.lowerBound)
        switch try scanner.peek() {
        case UInt8(ascii: "\""): return .text(try scanner.string())
        case UInt8(ascii: "n"): return nil
        default: throw .dataInvalid(.notString)
        }
    }
}
