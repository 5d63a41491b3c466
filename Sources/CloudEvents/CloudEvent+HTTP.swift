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
        do {
            if name.count > 3, HTTPText.equalsIgnoringCase(name.prefix(3), "ce-") {
                self.hasAttribute = true
                try self.readAttribute(name.dropFirst(3), value)
            } else if HTTPText.equalsIgnoringCase(name, "content-type"), !value.isEmpty {
                try self.readContentType(value)
            }
        } catch {
            self.fault = self.fault ?? error
        }
    }

    private mutating func readAttribute(
        _ name: ArraySlice<UInt8>,
        _ value: ArraySlice<UInt8>
    ) throws(CloudEventError) {
        let attribute = CoreAttribute(ignoringCase: name)
        if attribute == .dataContentType { return }
        let text: String
        do {
            text = try self.coding.decode(value)
        } catch {
            throw .attributeInvalid(Self.lowercased(name), error)
        }
        if let attribute {
            try self.assembler.set(attribute, text)
        } else {
            try self.assembler.setExtension(Self.lowercased(name), .string(text))
        }
    }

    private static func lowercased(_ name: ArraySlice<UInt8>) -> String {
        name.contains { HTTPText.lowercased($0) != $0 }
            ? String(decoding: name.map(HTTPText.lowercased), as: UTF8.self)
            : String(decoding: name, as: UTF8.self)
    }

    private mutating func readContentType(_ value: ArraySlice<UInt8>) throws(CloudEventError) {
        self.mode = self.mode ?? CloudEventContentMode(contentType: value)
        // The type that nearly all events have costs no allocation.
        let text: String?
        if value.elementsEqual(MediaType.json.utf8) {
            text = MediaType.json
        } else {
            text = String(validating: value, as: UTF8.self)
        }
        guard let text else { throw .attributeInvalid("datacontenttype", .notUTF8) }
        guard AttributeRules.isAllowed(text) else {
            throw .attributeInvalid("datacontenttype", .characterNotAllowed)
        }
        try self.assembler.set(.dataContentType, text)
        self.contentType = text
    }

    consuming func finish(body: [UInt8]) throws(CloudEventError) -> CloudEvent {
        guard self.hasAttribute else { throw .notCloudEvent }
        if let fault = self.fault { throw fault }
        let data = body.isEmpty ? nil : CloudEventData(bytes: body, type: self.contentType)
        return try self.assembler.finish(data: data)
    }
}
