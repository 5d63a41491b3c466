// SPDX-License-Identifier: Apache-2.0

import Swiftlet

/// Writes an event for people, exactly as Knative's `event_display` does.
enum EventText {
    /// The text of `event`, its payload as it came, with a line end.
    static func make(_ event: CloudEvent) -> [UInt8] {
        var text = "☁️  cloudevents.Event\nContext Attributes,\n"
        func add(_ name: String, _ value: String?) {
            if let value { text += "  \(name): \(value)\n" }
        }
        add("specversion", event.specVersion)
        add("type", event.type)
        add("source", event.source)
        add("subject", event.subject)
        add("id", event.id)
        add("time", event.time?.rfc3339())
        add("dataschema", event.dataSchema)
        add("datacontenttype", event.dataContentType)
        if !event.extensions.isEmpty {
            text += "Extensions,\n"
            for (name, value) in event.extensions.sorted(by: { $0.name < $1.name }) {
                add(name, value.canonicalString)
            }
        }
        guard let data = event.data else { return Array(text.utf8) }
        text += self.isBinary(data) ? "Data (binary),\n  " : "Data,\n  "
        return Array(text.utf8) + self.payload(data.bytes, type: event.dataContentType) + [0x0A]
    }

    private static func isBinary(_ data: CloudEventData) -> Bool {
        if case .binary = data { data.string == nil } else { false }
    }

    /// JSON is laid out anew when the media type is exactly `application/json`.
    private static func payload(_ bytes: [UInt8], type: String?) -> [UInt8] {
        guard let type, self.isJSON(type) else { return bytes }
        return JSONIndenter.indent(bytes, prefix: "  ", indent: "  ") ?? bytes
    }

    private static func isJSON(_ type: String) -> Bool {
        let mediaType = type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }
        return mediaType.lowercased() == "application/json"
    }
}
