// SPDX-License-Identifier: Apache-2.0

import Bytes

extension CloudEvent {
    /// Reads an event in the JSON format, `application/cloudevents+json`.
    ///
    /// - Parameter bytes: The text, in UTF-8.
    /// - Throws: What is wrong and where; nothing is returned that ``validate()`` would refuse.
    public init(jsonFormat bytes: [UInt8]) throws(CloudEventError) {
        try self.init(jsonFormat: bytes, limits: CloudEventLimits())
    }

    /// Reads an event in the JSON format.
    ///
    /// - Parameters:
    ///   - bytes: The text, in UTF-8.
    ///   - limits: How much is accepted.
    /// - Throws: What is wrong and where.
    package init(
        jsonFormat bytes: [UInt8],
        limits: CloudEventLimits
    ) throws(CloudEventError) {
        var scanner = try Self.scanner(bytes, limits)
        self = try EventJSONReader.read(&scanner, limits)
        try scanner.expectEnd()
    }

    /// Reads a batch, `application/cloudevents-batch+json`; it may be empty.
    ///
    /// - Parameters:
    ///   - bytes: The text, in UTF-8.
    ///   - limits: How much is accepted.
    /// - Returns: The events in order.
    /// - Throws: What is wrong with the first event that is.
    package static func batch(
        jsonFormat bytes: [UInt8],
        limits: CloudEventLimits = CloudEventLimits()
    ) throws(CloudEventError) -> [CloudEvent] {
        var scanner = try self.scanner(bytes, limits)
        var events: [CloudEvent] = []
        try scanner.expect("[")
        if try !scanner.accept("]") {
            repeat {
                guard events.count < limits.batchEventsMax else {
                    throw .batchTooLong(limit: limits.batchEventsMax)
                }
                events.append(try EventJSONReader.read(&scanner, limits))
            } while try scanner.accept(",")
            try scanner.expect("]")
        }
        try scanner.expectEnd()
        return events
    }

    private static func scanner(
        _ bytes: [UInt8],
        _ limits: CloudEventLimits
    ) throws(CloudEventError) -> JSONScanner {
        guard bytes.count <= limits.formatBytesMax else {
            throw .formatTooLarge(limitBytes: limits.formatBytesMax)
        }
        return try JSONScanner(bytes)
    }

    /// Writes the event in the JSON format, in UTF-8 and without spaces.
    ///
    /// - Returns: The text.
    /// - Throws: The rule that the event breaks.
    public func jsonFormat() throws(CloudEventError) -> [UInt8] {
        try self.checkStructure()
        var writer = EventJSONWriter(capacity: (self.data?.bytes.count ?? 0) + 512)
        writer.write(self)
        return writer.json
    }

    /// Writes a batch.
    ///
    /// - Parameter events: The events in order; there may be none.
    /// - Returns: The text.
    /// - Throws: The rule that the first bad event breaks.
    package static func jsonFormat(
        batch events: [CloudEvent]
    ) throws(CloudEventError) -> [UInt8] {
        for event in events { try event.checkStructure() }
        var writer = EventJSONWriter(capacity: 2 + events.count * 1024)
        writer.write(events)
        return writer.json
    }
}

/// Reads the object of one event (JSON format 1.0.2 sections 2 and 3).
private struct EventJSONReader {
    private var assembler: EventAssembler
    /// Where the `data` member lies; its meaning depends on an attribute that may come after it.
    private var data: Range<Int>?
    private var hasBase64 = false
    private var base64: [UInt8]?
    /// Names of extensions that came as `null`, and so are not in the event.
    private var nullNames: [String] = []

    private init(_ limits: CloudEventLimits) {
        self.assembler = EventAssembler(limits: limits)
    }

    static func read(
        _ scanner: inout JSONScanner,
        _ limits: CloudEventLimits
    ) throws(CloudEventError) -> CloudEvent {
        var reader = Self(limits)
        try scanner.expect("{")
        if try !scanner.accept("}") {
            repeat {
                let name = try scanner.string()
                try scanner.expect(":")
                try reader.readMember(name, &scanner, limits)
            } while try scanner.accept(",")
            try scanner.expect("}")
        }
        let data = try reader.payload(scanner)
        let event = try reader.assembler.finish(data: data)
        try event.validate()
        return event
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
            let digits = String(decoding: scanner.slice(start..<scanner.offset), as: UTF8.self)
            guard isWhole, let number = Int32(digits) else {
                throw .attributeInvalid(name, .notInteger)
            }
            return .integer(number)
        }
    }

    /// The payload, now that its content type is known (section 3.1).
    private func payload(_ scanner: JSONScanner) throws(CloudEventError) -> CloudEventData? {
        let type = self.assembler.dataContentType
        if let bytes = self.base64 {
            guard self.data == nil else { throw .dataInvalid(.bothMembers) }
            return CloudEventData(bytes: bytes, type: type)
        }
        guard let range = self.data else { return nil }
        // Without a type, application/json is meant.
        if type.map(MediaType.isJSON) ?? true { return .json(Array(scanner.slice(range))) }
        var value = scanner.moved(to: range.lowerBound)
        switch try value.peek() {
        case UInt8(ascii: "\""): return .text(try value.string())
        case UInt8(ascii: "n"): return nil
        default: throw .dataInvalid(.notString)
        }
    }
}
