// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
internal import HTTP

/// What must hold for every event that a decoder let through.
enum EventProperties {
    static func check(_ event: CloudEvent) throws(BrokenProperty) {
        try succeed("what was decoded is valid") { try event.validate() }
        try self.checkJSON(event)
        try self.checkBinary(event)
        try self.checkKafka(event)
    }

    private static func checkJSON(_ event: CloudEvent) throws(BrokenProperty) {
        let again = try succeed("structured mode carries it") {
            try CloudEvent(jsonFormat: try event.jsonFormat())
        }
        try self.requireSame(again, event, "structured mode")
        let third = try succeed("structured mode carries it twice") {
            try CloudEvent(jsonFormat: try again.jsonFormat())
        }
        try require(third == again, "structured mode twice: \(third), once: \(again)")
        let batch = try succeed("a batch carries it") {
            try CloudEvent.batch(jsonFormat: try CloudEvent.jsonFormat(batch: [event, event]))
        }
        try require(batch == [again, again], "as a batch \(batch), alone \(again)")
    }

    private static func checkBinary(_ event: CloudEvent) throws(BrokenProperty) {
        for coding in CloudEventHeaderCoding.allCases {
            let again = try succeed("binary mode carries it, coding \(coding)") {
                var fields = HTTPFields()
                let body = try event.encode(into: &fields, headerCoding: coding)
                // Only the strict coding keeps spaces at the ends of a value, which HTTP trims.
                let received = coding == .strict ? try self.overTheWire(fields) : fields
                return try CloudEvent(httpFields: received, body: body, headerCoding: coding)
            }
            try self.requireSame(again, event, "binary mode, coding \(coding)")
        }
    }

    private static func checkKafka(_ event: CloudEvent) throws(BrokenProperty) {
        for mode in [CloudEventContentMode.binary, .structured] {
            let again = try succeed("Kafka carries it, mode \(mode)") {
                let message = try event.kafkaMessage(mode: mode, key: .partitionKey)
                return try CloudEvent(kafkaHeaders: message.headers, value: message.value)
            }
            try self.requireSame(again, event, "Kafka, mode \(mode)")
        }
    }

    /// The fields as a server reads them.
    private static func overTheWire(_ fields: HTTPFields) throws -> HTTPFields {
        var limits = HTTPLimits()
        limits.headerCountMax = 1 << 20
        limits.headerBytesMax = 1 << 24
        var head = HTTPRequestHead(method: .post, target: "/", fields: ["host": "a"])
        fields.forEachBytes { name, value in
            head.fields.append(String(decoding: name, as: UTF8.self), bytes: value)
        }
        var bytes: [UInt8] = []
        try HTTPEncoder.append(head, to: &bytes)
        var parser = HTTPRequestParser(limits: limits)
        guard let (request, _) = try parser.parse(bytes.span) else {
            throw BrokenProperty(description: "a written head is complete")
        }
        return request.head.fields
    }

    /// Transports differ in types alone: attributes have the same text, data the same bytes.
    private static func requireSame(
        _ again: CloudEvent,
        _ event: CloudEvent,
        _ transport: String
    ) throws(BrokenProperty) {
        let isSame =
            again.id == event.id && again.source == event.source && again.type == event.type
            && again.subject == event.subject && again.time == event.time
            && again.timeText == event.timeText
            && again.dataSchema == event.dataSchema
            && (event.dataContentType == nil
                || self.trimmed(again.dataContentType) == self.trimmed(event.dataContentType))
            && again.extensions.map(\.name) == event.extensions.map(\.name)
            && again.extensions.map(\.value.canonicalString)
                == event.extensions.map(\.value.canonicalString)
            && self.payload(again) == self.payload(event)
        try require(isSame, "\(transport) makes \(again) of \(event)")
    }

    /// HTTP does not keep spaces at the ends of a content type.
    private static func trimmed(_ text: String?) -> [UInt8] {
        Array(HTTPText.trim(Array((text ?? "").utf8)[...]))
    }

    /// The bytes of the data; white space around a JSON text is lost where it is a part of another.
    private static func payload(_ event: CloudEvent) -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
        let bytes = event.data?.bytes ?? []
        guard event.data?.isJSON == true, let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return bytes[...] }
        return bytes[...last].drop(while: isSpace)
    }
}
