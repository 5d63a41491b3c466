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
        fields.forEachSpan { name, value in reader.read(name, value) }
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
    /// Data that is itself an event, by its content type, is written in structured mode instead of
    /// binary: there the receiver would take it for the event.
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
        case .binary where self.hasEventAsData:
            return try self.encode(into: &fields, mode: .structured)
        case .binary:
            try self.checkStructure()
            self.appendHeaders(to: &fields, headerCoding)
            return self.data?.bytes ?? []
        }
    }

    private func appendHeaders(to fields: inout HTTPFields, _ coding: CloudEventHeaderCoding) {
        self.reserveHeaders(in: &fields)
        coding.append(prefix: "ce-specversion", value: Self.specVersion, to: &fields)
        coding.append(prefix: "ce-id", value: self.id, to: &fields)
        coding.append(prefix: "ce-source", value: self.source, to: &fields)
        coding.append(prefix: "ce-type", value: self.type, to: &fields)
        if let subject = self.subject {
            coding.append(prefix: "ce-subject", value: subject, to: &fields)
        }
        if let time = self.time {
            time.withRFC3339 { fields.append(prefix: "ce-time", value: $0) }
        }
        if let schema = self.dataSchema {
            coding.append(prefix: "ce-dataschema", value: schema, to: &fields)
        }
        self.extensions.forEachAttribute { name, value in
            if case .string(let text) = value {
                coding.append(prefix: "ce-", name.utf8.span, value: text, to: &fields)
            } else {
                let text = value.canonicalString
                coding.append(prefix: "ce-", name.utf8.span, value: text, to: &fields)
            }
        }
        // A message that is built from an old one must not keep the old one's type.
        fields["content-type"] = self.transportContentType
    }

    /// Room for all headers at once; only values that must be escaped need more.
    private func reserveHeaders(in fields: inout HTTPFields) {
        var bytes = Self.headerBytesFixed
        bytes += self.id.utf8.count + self.source.utf8.count + self.type.utf8.count
        bytes += (self.subject?.utf8.count ?? 0) + (self.dataSchema?.utf8.count ?? 0)
        bytes += self.dataContentType?.utf8.count ?? 0
        bytes += self.extensions.headerBytes
        fields.reserveCapacity(lines: 8 + self.extensions.count, bytes: bytes)
    }

    /// The names of all headers of the specification, the version, a time and some room.
    private static let headerBytesFixed = 160

    /// Whether the content type would make a message in binary mode one in structured mode.
    var hasEventAsData: Bool { self.dataContentType.map(MediaType.announcesEvent) ?? false }

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
