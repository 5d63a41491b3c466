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
        let message = try Self.read(
            httpFields: fields,
            body: body,
            headerCoding: headerCoding,
            limits: limits
        )
        guard let message else {
            throw .formatUnsupported(contentType: fields["content-type"] ?? "")
        }
        self = message.event
    }

    /// Reads the event of an HTTP message, and says in which mode it came.
    ///
    /// As ``init(httpFields:body:headerCoding:limits:)``.
    ///
    /// - Returns: `nil` for a message in batch mode.
    package static func read(
        httpFields fields: HTTPFields,
        body: [UInt8],
        headerCoding: CloudEventHeaderCoding = .strict,
        limits: CloudEventLimits = CloudEventLimits()
    ) throws(CloudEventError) -> (event: CloudEvent, mode: CloudEventContentMode)? {
        if Self.isPlainStructured(fields) {
            return (try CloudEvent(jsonFormat: body, limits: limits), .structured)
        }
        let reader = HTTPEventReader(fields, coding: headerCoding, limits: limits)
        // Which of two types holds, others may see otherwise (RFC 9110 section 8.3).
        if let mode = reader.mode, mode != .binary, fields.isRepeated(.contentType) {
            throw .attributeDuplicated("datacontenttype")
        }
        switch reader.mode {
        case .structured:
            try MediaType.checkFormat(reader.contentType, "application/cloudevents+json")
            return (try CloudEvent(jsonFormat: body, limits: limits), .structured)
        case .batch: return nil
        case .binary, nil: return (try reader.finish(body: body), .binary)
        }
    }

    /// Whether there is one content type, which is that of structured mode as nearly all write it.
    private static func isPlainStructured(_ fields: HTTPFields) -> Bool {
        guard let range = fields.valueRange(.contentType), range.count >= 27,
            !fields.isRepeated(.contentType)
        else { return false }
        let type = fields.block.span.extracting(range)
        return AttributeName.matches(type, "application/cloudevents+json")
            || AttributeName.matches(type, "application/cloudevents+json; charset=utf-8")
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
            // What came in that format goes on as it came.
            let text = self.storage.jsonText
            let body = text.isEmpty ? try self.jsonFormat() : text
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
            EventHeaderWriter(self.storage, headerCoding).write(to: &fields)
            return self.data?.bytes ?? []
        }
    }

    /// Whether the content type would make a message in binary mode one in structured mode.
    var hasEventAsData: Bool {
        // One that came in the headers would have announced this event.
        self.storage.dataContentType.own.map(MediaType.announcesEvent) ?? false
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
