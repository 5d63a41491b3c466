// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What an event needs of a Kafka record: headers, key and value.
package struct CloudEventKafkaMessage: Sendable {
    /// One record header; a name may come more than once, a value may be null.
    package typealias Header = (name: String, value: [UInt8]?)

    /// The headers, in order.
    package var headers: [Header]
    /// The key; null unless a mapping was asked for.
    package var key: [UInt8]?
    /// The value; null for an event without data in binary mode.
    package var value: [UInt8]?

    /// Makes a message of its parts.
    package init(headers: [Header], key: [UInt8]?, value: [UInt8]?) {
        self.headers = headers
        self.key = key
        self.value = value
    }
}

/// Where the key of a Kafka record comes from (Kafka binding 1.0.2 section 3.1).
package enum CloudEventKafkaKey: Sendable {
    /// There is none.
    case none
    /// The extension `partitionkey`, which stays in the event; no key when it is not set.
    case partitionKey
}

extension CloudEvent {
    /// Reads the event of a Kafka record, in binary or structured mode.
    ///
    /// Headers in binary mode are UTF-8 without percent-encoding; names count with their case, of a
    /// name that comes twice the last value, and those without `ce_` are passed over.
    ///
    /// - Parameters:
    ///   - headers: The headers of the record.
    ///   - value: The value of the record; null is an event without data.
    ///   - limits: How much is accepted.
    /// - Throws: What is wrong; ``CloudEventError/notCloudEvent`` for a plain record.
    package init(
        kafkaHeaders headers: [CloudEventKafkaMessage.Header],
        value: [UInt8]?,
        limits: CloudEventLimits = CloudEventLimits()
    ) throws(CloudEventError) {
        switch CloudEventContentMode(kafkaHeaders: headers) {
        case .binary:
            self = try Self.binary(headers, value, limits)
        case .structured:
            try MediaType.checkFormat(
                Self.contentType(headers),
                "application/cloudevents+json"
            )
            try self.init(jsonFormat: value ?? [], limits: limits)
        case .batch:
            throw .formatUnsupported(contentType: try Self.contentType(headers) ?? "")
        case nil:
            let isMeant = headers.contains { Self.attributeName($0.name) != nil }
            throw isMeant ? .attributeMissing("specversion") : .notCloudEvent
        }
    }

    private static func contentType(
        _ headers: [CloudEventKafkaMessage.Header]
    ) throws(CloudEventError) -> String? {
        guard let bytes = headers.last(where: { $0.name == "content-type" })?.value,
            !bytes.isEmpty
        else { return nil }
        guard let text = String(utf8: bytes.span) else {
            throw .attributeInvalid("datacontenttype", .notUTF8)
        }
        return text
    }

    private static func binary(
        _ headers: [CloudEventKafkaMessage.Header],
        _ value: [UInt8]?,
        _ limits: CloudEventLimits
    ) throws(CloudEventError) -> CloudEvent {
        var assembler = EventAssembler(limits: limits)
        let type = try self.contentType(headers)
        if let type { try assembler.set(.dataContentType, type) }
        // Backwards, so that of several values the last counts and the others are not even read.
        for (header, value) in headers.reversed() {
            guard let name = self.attributeName(header), let value,
                name != CoreAttribute.dataContentType.rawValue,
                !assembler.hasAttribute(name)
            else { continue }
            guard let text = String(utf8: value.span) else {
                throw .attributeInvalid(name, .notUTF8)
            }
            if let attribute = CoreAttribute(name: name) {
                try assembler.set(attribute, text)
            } else {
                try assembler.setExtension(name, .string(text))
            }
        }
        assembler.reverseExtensions()
        let data = value.map { CloudEventData(bytes: $0, type: type) }
        let event = try assembler.finish(data: data)
        try event.validate()
        return event
    }

    /// What follows `ce_`; `nil` for all other headers.
    private static func attributeName(_ header: String) -> String? {
        guard header.utf8.starts(with: "ce_".utf8) else { return nil }
        return String(Substring(header.utf8.dropFirst(3)))
    }

    /// The Kafka record that carries the event.
    ///
    /// - Parameters:
    ///   - mode: Binary or structured; Kafka has no batch mode, it is written as structured, and
    ///     so is data that is itself an event.
    ///   - key: Where the record's key comes from.
    /// - Returns: Headers, key and value.
    /// - Throws: The rule that the event breaks.
    package func kafkaMessage(
        mode: CloudEventContentMode = .binary,
        key: CloudEventKafkaKey = .none
    ) throws(CloudEventError) -> CloudEventKafkaMessage {
        let keyValue = key == .partitionKey ? self.extensions["partitionkey"] : nil
        let keyBytes = keyValue.map { Array($0.canonicalString.utf8) }
        guard mode == .binary, !self.hasEventAsData else {
            return CloudEventKafkaMessage(
                headers: [("content-type", Array(MediaType.event.utf8))],
                key: keyBytes,
                value: try self.jsonFormat()
            )
        }
        try self.checkStructure()
        return CloudEventKafkaMessage(
            headers: self.kafkaHeaders,
            key: keyBytes,
            value: self.data?.bytes
        )
    }

    private var kafkaHeaders: [CloudEventKafkaMessage.Header] {
        var headers: [CloudEventKafkaMessage.Header] = []
        headers.reserveCapacity(8 + self.extensions.count)
        func append(_ name: String, _ text: String?) {
            if let text { headers.append((name, Array(text.utf8))) }
        }
        append("ce_specversion", Self.specVersion)
        append("ce_id", self.id)
        append("ce_source", self.source)
        append("ce_type", self.type)
        append("ce_subject", self.subject)
        append("ce_time", self.timeText)
        append("ce_dataschema", self.dataSchema)
        for (name, value) in self.extensions { append("ce_" + name, value.canonicalString) }
        append("content-type", self.transportContentType)
        return headers
    }
}
