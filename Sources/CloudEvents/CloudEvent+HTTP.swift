// SPDX-License-Identifier: Apache-2.0

import Bytes
package import HTTP

extension CloudEvent {
    /// Reads the event of an HTTP request or response, in binary or structured mode.
    ///
    /// A `ce-datacontenttype` header is passed over, `Content-Type` speaks for it. An empty body is
    /// no data. Besides `ce-` and `Content-Type` no header is looked at.
    ///
    /// - Parameters:
    ///   - fields: The headers.
    ///   - body: The body; in binary mode the event takes it over without a copy.
    ///   - headerCoding: How the sender writes values.
    ///   - limits: How much is accepted.
    /// - Throws: What is wrong; nothing is returned that ``validate()`` would refuse.
    package init(
        httpFields fields: HTTPFields,
        body: [UInt8],
        headerCoding: CloudEventHeaderCoding = .strict,
        limits: CloudEventLimits = CloudEventLimits()
    ) throws(CloudEventError) {
        var reader = HTTPEventReader(coding: headerCoding, limits: limits)
        fields.forEachBytes { name, value in reader.read(name, value) }
        switch reader.mode {
        case .structured:
            try MediaType.checkFormat(reader.contentType, "application/cloudevents+json")
            try self.init(jsonFormat: body, limits: limits)
        case .batch:
            throw .formatUnsupported(contentType: reader.contentType ?? "")
        case .binary, nil:
            self = try reader.finish(body: body)
        }
    }

    /// Reads all events of an HTTP message in batch mode; there may be none.
    ///
    /// - Parameters:
    ///   - fields: The headers.
    ///   - body: The body.
    ///   - limits: How much is accepted.
    /// - Returns: The events in order.
    /// - Throws: What is wrong with the first event that is.
    package static func batch(
        httpFields fields: HTTPFields,
        body: [UInt8],
        limits: CloudEventLimits = CloudEventLimits()
    ) throws(CloudEventError) -> [CloudEvent] {
        let contentType = fields["content-type"]
        try MediaType.checkFormat(contentType, "application/cloudevents-batch+json")
        return try self.batch(jsonFormat: body, limits: limits)
    }

    /// Appends the event's headers to `fields` and gives the body that goes with them.
    ///
    /// - Parameters:
    ///   - fields: Headers of a request or response; a content type in them is replaced.
    ///   - mode: `batch` is a batch of this event alone.
    ///   - headerCoding: How the receiver reads values; matters in binary mode only.
    /// - Returns: The body, empty when there is none.
    /// - Throws: The rule that the event breaks; `fields` is as it was then.
    package func encode(
        into fields: inout HTTPFields,
        mode: CloudEventContentMode = .binary,
        headerCoding: CloudEventHeaderCoding = .strict
    ) throws(CloudEventError) -> [UInt8] {
        switch mode {
        case .structured:
            let body = try self.jsonFormat()
            fields["content-type"] = MediaType.event
            return body
        case .batch:
            let body = try Self.jsonFormat(batch: [self])
            fields["content-type"] = MediaType.batch
            return body
        case .binary:
            try self.checkStructure()
            self.appendHeaders(to: &fields, headerCoding)
            return self.data?.bytes ?? []
        }
    }

    private func appendHeaders(to fields: inout HTTPFields, _ coding: CloudEventHeaderCoding) {
        fields.append("ce-specversion", Self.specVersion)
        coding.append("ce-id", self.id, to: &fields)
        coding.append("ce-source", self.source, to: &fields)
        coding.append("ce-type", self.type, to: &fields)
        if let subject = self.subject { coding.append("ce-subject", subject, to: &fields) }
        if let time = self.time { fields.append("ce-time", time.rfc3339()) }
        if let schema = self.dataSchema { coding.append("ce-dataschema", schema, to: &fields) }
        for (name, value) in self.extensions {
            coding.append("ce-" + name, value.canonicalString, to: &fields)
        }
        // A message that is built from an old one must not keep the old one's type.
        fields["content-type"] = self.transportContentType
    }

    /// The content type in binary mode: JSON data without a type is `application/json` there.
    var transportContentType: String? {
        self.dataContentType ?? (self.data?.isJSON == true ? MediaType.json : nil)
    }
}

extension MediaType {
    /// Refuses a content type of CloudEvents other than `essence` in UTF-8.
    static func checkFormat(
        _ contentType: String?,
        _ essence: String
    ) throws(CloudEventError) {
        guard let contentType else { throw .notCloudEvent }
        guard self.essence(contentType) == essence, self.isUTF8(contentType) else {
            throw .formatUnsupported(contentType: contentType)
        }
    }
}

/// Collects what the headers of an HTTP message say about its event, in one pass.
private struct HTTPEventReader {
    private(set) var mode: CloudEventContentMode?
    private(set) var contentType: String?
    private var assembler: EventAssembler
    /// The first fault; it counts only if the message turns out to be in binary mode.
    private var fault: CloudEventError?
    private var hasAttribute = false
    private let coding: CloudEventHeaderCoding

    init(coding: CloudEventHeaderCoding, limits: CloudEventLimits) {
        self.coding = coding
        self.assembler = EventAssembler(limits: limits)
    }

    mutating func read(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
        let nameBytes = name.span
        do {
            if Self.isAttribute(nameBytes) {
                self.hasAttribute = true
                try self.readAttribute(nameBytes.extracting(droppingFirst: 3), value)
            } else if AttributeName.matches(nameBytes, "content-type"), !value.isEmpty {
                try self.readContentType(value)
            }
        } catch {
            self.fault = self.fault ?? error
        }
    }

    private static func isAttribute(_ name: Span<UInt8>) -> Bool {
        name.count > 3 && AttributeName.lowercased(name[0]) == UInt8(ascii: "c")
            && AttributeName.lowercased(name[1]) == UInt8(ascii: "e")
            && name[2] == UInt8(ascii: "-")
    }

    private mutating func readAttribute(
        _ name: Span<UInt8>,
        _ value: ArraySlice<UInt8>
    ) throws(CloudEventError) {
        if let attribute = CoreAttribute(ignoringCase: name) {
            guard attribute != .dataContentType else { return }
            try self.assembler.set(attribute, try self.decode(value, attribute.rawValue))
        } else {
            guard let lowercased = AttributeName.lowercased(name) else {
                throw .attributeInvalid(Self.text(name), .nameInvalid)
            }
            let text = try self.decode(value, lowercased)
            try self.assembler.setCheckedExtension(lowercased, .string(text))
        }
    }

    private func decode(
        _ value: ArraySlice<UInt8>,
        _ name: String
    ) throws(CloudEventError) -> String {
        do {
            return try self.coding.decode(value)
        } catch {
            throw .attributeInvalid(name, error)
        }
    }

    private static func text(_ bytes: Span<UInt8>) -> String {
        String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
    }

    private mutating func readContentType(_ value: ArraySlice<UInt8>) throws(CloudEventError) {
        self.mode = self.mode ?? CloudEventContentMode(contentType: value)
        // The type that nearly all events have costs no allocation.
        let text: String?
        if Self.isPlainJSON(value.span) {
            text = MediaType.json
        } else {
            text = String(utf8: value.span)
        }
        guard let text else { throw .attributeInvalid("datacontenttype", .notUTF8) }
        guard AttributeRules.isAllowed(text) else {
            throw .attributeInvalid("datacontenttype", .characterNotAllowed)
        }
        try self.assembler.set(.dataContentType, text)
        self.contentType = text
    }

    private static func isPlainJSON(_ contentType: Span<UInt8>) -> Bool {
        let json = MediaType.json.utf8.span
        guard contentType.count == json.count else { return false }
        for index in json.indices where contentType[index] != json[index] { return false }
        return true
    }

    consuming func finish(body: [UInt8]) throws(CloudEventError) -> CloudEvent {
        guard self.hasAttribute else { throw .notCloudEvent }
        if let fault = self.fault { throw fault }
        let data = body.isEmpty ? nil : CloudEventData(bytes: body, type: self.contentType)
        return try self.assembler.finish(data: data)
    }
}
