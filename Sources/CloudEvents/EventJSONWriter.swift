// SPDX-License-Identifier: Apache-2.0

import Bytes

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
        self.append("{\"specversion\":\"1.0\"")
        self.member("id", event.id)
        self.member("source", event.source)
        self.member("type", event.type)
        if let subject = event.subject { self.member("subject", subject) }
        if let time = event.time {
            self.name("time")
            self.append("\"")
            time.withRFC3339 { self.json.append($0) }
            self.append("\"")
        }
        if let schema = event.dataSchema { self.member("dataschema", schema) }
        event.extensions.forEachAttribute { name, value in self.member(name, value) }
        if let type = event.dataContentType { self.member("datacontenttype", type) }
        if let data = event.data { self.payload(data, type: event.dataContentType) }
        self.append("}")
    }

    /// Writes `data` or `data_base64` (section 3.1).
    private mutating func payload(_ data: CloudEventData, type: String?) {
        let isJSON = type.map(MediaType.isJSON) ?? data.isJSON
        let bytes = data.bytes
        if isJSON {
            if JSONScanner.isValid(bytes) { return self.raw("data", bytes) }
        } else if type != nil, let text = Self.text(data) {
            return self.member("data", text)
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
        default: self.member(name, value.canonicalString)
        }
    }

    private mutating func member(_ name: String, _ text: String) {
        self.name(name)
        let bytes = text.utf8.span
        let backslash = UInt8(ascii: "\\")
        if PrintableASCII.holds(bytes, without: UInt8(ascii: "\""), backslash, backslash) {
            self.append("\"")
            self.append(text)
            self.append("\"")
        } else {
            JSONText.append(text, to: &self.json)
        }
    }

    private mutating func raw(_ name: String, _ value: [UInt8]) {
        self.name(name)
        self.json.append(contentsOf: value)
    }

    private mutating func name(_ name: String) {
        // Names are letters and digits, or were written by us: nothing to escape.
        self.append(",\"")
        self.append(name)
        self.append("\":")
    }

    private mutating func append(_ text: String) { self.json.append(text) }
}
