// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
internal import HTTP

/// Events as they come in: whatever is accepted is valid and survives every way of carrying it.
enum EventTargets {
    static func json(_ bytes: [UInt8]) throws(BrokenProperty) {
        guard let event = try? CloudEvent(jsonFormat: bytes) else { return }
        try EventProperties.check(event)
        let batch = [UInt8(ascii: "[")] + bytes + [UInt8(ascii: "]")]
        let alone = try succeed("an event is a batch of one") {
            try CloudEvent.batch(jsonFormat: batch)
        }
        try require(alone == [event], "in a batch \(alone), alone \(event)")
    }

    static func jsonBatch(_ bytes: [UInt8]) throws(BrokenProperty) {
        guard let events = try? CloudEvent.batch(jsonFormat: bytes) else { return }
        for event in events { try EventProperties.check(event) }
        let again = try succeed("a batch can be written and read again") {
            try CloudEvent.batch(jsonFormat: try CloudEvent.jsonFormat(batch: events))
        }
        try require(again.count == events.count, "\(events.count) became \(again.count)")
    }

    /// The value of one header, in both codings.
    static func headerCoding(_ bytes: [UInt8]) throws(BrokenProperty) {
        for coding in CloudEventHeaderCoding.allCases {
            guard let text = try? coding.decode(bytes.span) else { continue }
            var fields = HTTPFields()
            coding.append("ce-x", text, to: &fields)
            guard let value = fields.valueBytes("ce-x") else {
                throw BrokenProperty(description: "a value is written")
            }
            try require(value.allSatisfy { HTTPText.isFieldValue($0) }, "it can be sent")
            let again = try succeed("what is written can be read, coding \(coding)") {
                try coding.decode(value.span)
            }
            try require(again == text, "coding \(coding) makes \(again) of \(text)")
        }
    }

    /// Lines of `name: value`, an empty line, and the body; the first byte picks the coding.
    static func http(_ bytes: [UInt8]) throws(BrokenProperty) {
        var input = FuzzInput(bytes)
        let coding: CloudEventHeaderCoding = input.takeFirst() % 2 == 0 ? .strict : .knative
        let message = MessageText(input.bytes)
        var fields = HTTPFields()
        for (name, value) in message.lines {
            fields.append(name, bytes: HTTPText.trim((value ?? [])[...]))
        }
        let mode = CloudEventContentMode(httpFields: fields)
        if mode == .batch {
            let batch = try? CloudEvent.batch(httpFields: fields, body: message.body)
            for event in batch ?? [] { try EventProperties.check(event) }
        }
        guard
            let event = try? CloudEvent(
                httpFields: fields,
                body: message.body,
                headerCoding: coding
            )
        else { return }
        try require(mode != nil && mode != .batch, "an event without a mode")
        try EventProperties.check(event)
    }

    /// As ``http(_:)``, for the headers of a record; a line without colon has a null value.
    static func kafka(_ bytes: [UInt8]) throws(BrokenProperty) {
        let message = MessageText(bytes)
        let value = message.hasBody ? message.body : nil
        guard let event = try? CloudEvent(kafkaHeaders: message.lines, value: value) else { return }
        try EventProperties.check(event)
    }
}

/// A message as text that a fuzzer can change in useful ways: lines, an empty one, a body.
private struct MessageText {
    private(set) var lines: [(name: String, value: [UInt8]?)] = []
    private(set) var body: [UInt8] = []
    private(set) var hasBody = false

    init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let line = rest.prefix { $0 != 10 }
            rest = rest.dropFirst(line.count + 1)
            if line.isEmpty {
                self.hasBody = true
                self.body = Array(rest)
                return
            }
            let name = line.prefix { $0 != UInt8(ascii: ":") }
            let value = name.count < line.count ? Array(line.dropFirst(name.count + 1)) : nil
            self.lines.append((String(decoding: name, as: UTF8.self), value))
        }
    }
}
