// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// Writes events in the JSON format (JSON format 1.0.2 sections 2 to 4).
struct EventJSONWriter {
    private(set) var json: [UInt8] = []

    init(capacity: Int) { self.json.reserveCapacity(capacity) }

    /// Writes the array of a batch.
    mutating func write(_ events: [CloudEvent]) {
        self.append("[")
        for (index, event) in events.enumerated() {
            if index > 0 { self.append(",") }
            self.write(event)
        }
        self.append("]")
    }

    /// Writes the object of one event, whose structure the caller has checked.
    mutating func write(_ event: CloudEvent) {
        let storage = event.storage
        self.json.append(literal: "{\"specversion\":\"1.0\"")
        self.member("id", storage.id, of: storage)
        self.member("source", storage.source, of: storage)
        self.member("type", storage.type, of: storage)
        self.member("subject", storage.subject, of: storage)
        _ = storage.withTimeBytes { self.member("time", text: $0) }
        self.member("dataschema", storage.dataSchema, of: storage)
        self.extensions(of: storage)
        self.member("datacontenttype", storage.dataContentType, of: storage)
        if let data = storage.data { self.payload(data, of: storage) }
        self.append("}")
    }

    private mutating func extensions(of event: EventStorage) {
        let (received, headers) = (event.receivedExtensions, event.headers)
        for index in 0..<received.count {
            let range = received.nameRange(at: index, in: headers)
            let name = headers.block.span.extracting(range)
            if AttributeName.isValid(name) {
                received[index].withBytes(in: headers) { self.member("", name, text: $0) }
            } else if let name = AttributeName.lowercased(name) {
                received[index].withBytes(in: headers) {
                    self.member("", name.utf8.span, text: $0)
                }
            }
        }
        event.extensions.forEachAttribute { name, value in self.member(name, value) }
    }

    /// Writes `data` or `data_base64` (section 3.1).
    private mutating func payload(_ data: CloudEventData, of event: EventStorage) {
        let isTypeJSON = event.withBytes(event.dataContentType) { MediaType.isJSON($0) }
        let isJSON = isTypeJSON ?? data.isJSON
        let bytes = data.bytes
        if isJSON {
            if event.isDataKnownJSON || JSONScanner.isValid(bytes) {
                return self.raw("data", bytes)
            }
        } else if isTypeJSON != nil, let text = Self.text(data) {
            return self.member("data", text: text.utf8.span)
        }
        self.name("data_base64")
        self.append("\"")
        self.json.append(contentsOf: Base64.encodeBytes(bytes))
        self.append("\"")
    }

    /// The payload as a string, unless its author said that it is bytes.
    private static func text(_ data: CloudEventData) -> String? {
        if case .binary = data { nil } else { data.string }
    }

    private mutating func member(_ name: String, _ value: CloudEventValue) {
        switch value {
        case .boolean, .integer: self.raw(name, Array(value.canonicalString.utf8))
        default: self.member("", name.utf8.span, text: value.canonicalString.utf8.span)
        }
    }

    private mutating func member(
        _ name: StaticString,
        _ value: AttributeText,
        of event: EventStorage
    ) {
        event.withBytes(value) { self.member(name, text: $0) }
    }

    /// Writes a name of two parts, of which nothing must be escaped, and a string of UTF-8.
    private mutating func member(
        _ prefix: StaticString,
        _ name: Span<UInt8> = Span(),
        text: Span<UInt8>
    ) {
        let backslash = UInt8(ascii: "\\")
        let isPlain = PrintableASCII.holds(text, without: UInt8(ascii: "\""), backslash, backslash)
        // Most members are written at once.
        let length = prefix.utf8CodeUnitCount + name.count + text.count + 6
        self.json.append(addingCapacity: length) { json in
            json.append(",\"")
            json.append(prefix)
            json.append(name)
            json.append("\":")
            guard isPlain else { return }
            json.append("\"")
            json.append(text)
            json.append("\"")
        }
        if !isPlain { JSONText.append(String(utf8: text) ?? "", to: &self.json) }
    }

    private mutating func raw(_ name: String, _ value: [UInt8]) {
        self.name(name)
        self.json.append(value.span)
    }

    private mutating func name(_ name: String) {
        // Names are letters and digits, or were written by us: nothing to escape.
        self.append(",\"")
        self.append(name)
        self.append("\":")
    }

    private mutating func append(_ text: String) { self.json.append(text) }
}

extension CloudEvent {
    /// What the text of most events like this one takes.
    var lengthUsual: Int {
        // Headers that are longer have more than an event in them.
        let attributes = min(self.storage.headers.block.count, 1024)
        return attributes + (self.data?.bytes.count ?? 0) + 512
    }
}
