// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CloudEvents
internal import HTTP
internal import Kafka

/// An event in binary mode, ready to be posted.
struct EncodedEvent: Sendable {
    var id: String
    var fields: HTTPFields
    var body: [UInt8]
}

/// What a record becomes: nothing when it is filtered out, one event, or several.
struct EncodedEvents: Sendable {
    var first: EncodedEvent?
    var further: [EncodedEvent] = []

    static let none = Self()
}

/// Makes the event of a Kafka record, as Knative's KafkaSource does.
struct RecordConversion: Sendable {
    /// The type of events that were plain records.
    static let eventType = "dev.knative.kafka.event"
    /// The instants that RFC 3339 can write, in milliseconds since 1970.
    private static let timestampRange: ClosedRange<Int64> =
        -62_167_219_200_000...253_402_300_799_999

    private let keyType: RecordKeyType
    private let overrides: [(name: String, value: String)]
    /// `source` of plain records, but for the topic.
    private let sourcePrefix: String
    private let coding: CloudEventHeaderCoding
    private let filter: SourceFilter?
    private let normalizer: RecordNormalizer?
    /// The fields of every request, but for those of the event.
    private let requestFields: HTTPFields
    /// What all plain records of a topic have in common, overrides included.
    private var topicFields: [String: HTTPFields] = [:]

    /// Makes a conversion for a source.
    ///
    /// - Throws: ``KafkaSourceError`` when an override cannot be the name of an extension.
    init(_ spec: KafkaSourceSpec) throws(KafkaSourceError) {
        for name in spec.ceOverrides.keys.sorted() where !Self.isExtensionName(name) {
            throw KafkaSourceError(
                message: "spec.ceOverrides.extensions: \"\(name)\" cannot name an extension; use "
                    + "a-z and 0-9, and none of the attributes of CloudEvents itself."
            )
        }
        self.keyType = spec.keyType
        self.overrides = spec.ceOverrides.sorted { $0.key < $1.key }
            .map { (name: $0.key, value: $0.value) }
        self.sourcePrefix =
            "/apis/v1/namespaces/\(spec.namespace)/kafkasources/\(spec.name)#"
        self.coding = spec.headerCoding
        self.filter = spec.filter
        self.normalizer = spec.normalizer
        self.requestFields = ["Prefer": "reply", "Kn-Namespace": spec.namespace]
        let own: Set<String> = [
            "key", "partitionkey", "knativekafkapartition", "knativekafkaoffset",
        ]
        // An override of one of these has to replace it: that takes the longer way.
        guard own.isDisjoint(with: spec.ceOverrides.keys), spec.filter == nil,
            spec.normalizer == nil
        else { return }
        for topic in spec.topics { self.topicFields[topic] = self.fields(of: topic) }
    }

    private func fields(of topic: String) -> HTTPFields {
        var fields = self.requestFields
        fields.append("ce-specversion", CloudEvent.specVersion)
        fields.append("ce-type", Self.eventType)
        self.coding.append("ce-source", self.sourcePrefix + topic, to: &fields)
        for (name, value) in self.overrides { self.coding.append("ce-" + name, value, to: &fields) }
        return fields
    }

    /// The requests that bring the events of a record to a sink, but for its address.
    ///
    /// - Throws: What is wrong with a record that says it is an event and is none.
    func encode(_ record: KafkaRecord) throws(CloudEventError) -> EncodedEvents {
        if record.headers.isEmpty, let fields = self.topicFields[record.topic] {
            return EncodedEvents(first: self.encodePlain(record, fields))
        }
        var encoded = EncodedEvents()
        for event in try self.events(of: record) where self.filter?.admits(event) ?? true {
            let one = try self.encode(event)
            if encoded.first == nil { encoded.first = one } else { encoded.further.append(one) }
        }
        return encoded
    }

    /// The events of a record that are delivered, in their order.
    func deliveredEvents(of record: KafkaRecord) throws(CloudEventError) -> [CloudEvent] {
        try self.events(of: record).filter { self.filter?.admits($0) ?? true }
    }

    private func events(of record: KafkaRecord) throws(CloudEventError) -> [CloudEvent] {
        if self.normalizer == .s3, let notification = BucketRecords(json: record.value ?? []) {
            return notification.events(of: record).map { event in
                var event = event
                self.complete(&event, record)
                return event
            }
        }
        return [try self.event(of: record)]
    }

    /// The request that brings an event to a sink, but for its address.
    func encode(
        _ event: CloudEvent,
        mode: CloudEventContentMode = .binary
    ) throws(CloudEventError) -> EncodedEvent {
        var fields = self.requestFields
        let body = try event.encode(into: &fields, mode: mode, headerCoding: self.coding)
        return EncodedEvent(id: event.id, fields: fields, body: body)
    }

    /// The same as the longer way for a record without headers, at a third of its cost.
    private func encodePlain(_ record: KafkaRecord, _ topicFields: HTTPFields) -> EncodedEvent {
        var fields = topicFields
        let partition = String(record.partition)
        let offset = String(record.offset)
        let id = Self.id(partition, offset)
        fields.append("ce-id", id)
        fields.append("ce-subject", Self.subject(partition, offset))
        if let time = Self.time(of: record) { fields.append("ce-time", time.rfc3339()) }
        if let key = record.key {
            let text = RecordKey.value(of: key, type: self.keyType).canonicalString
            self.coding.append("ce-key", text, to: &fields)
            self.coding.append("ce-partitionkey", text, to: &fields)
        }
        fields.append("ce-knativekafkapartition", partition)
        fields.append("ce-knativekafkaoffset", offset)
        return EncodedEvent(id: id, fields: fields, body: record.value ?? [])
    }

    private static func id(_ partition: String, _ offset: String) -> String {
        "partition:" + partition + "/offset:" + offset
    }

    private static func subject(_ partition: String, _ offset: String) -> String {
        "partition:" + partition + "#" + offset
    }

    /// The event of a record, which may itself be an event (CloudEvents Kafka binding 1.0.2).
    ///
    /// - Throws: What is wrong with a record that says it is an event and is none.
    func event(of record: KafkaRecord) throws(CloudEventError) -> CloudEvent {
        let headers = record.headers.map { (name: $0.name, value: $0.value) }
        guard CloudEventContentMode(kafkaHeaders: headers) != nil else {
            return self.plainEvent(of: record)
        }
        var event = try CloudEvent(kafkaHeaders: headers, value: record.value)
        self.complete(&event, record)
        return event
    }

    /// The event of a record whatever it holds; never fails, and what it gives can be sent.
    func plainEvent(of record: KafkaRecord) -> CloudEvent {
        var event = CloudEvent(
            type: Self.eventType,
            source: self.sourcePrefix + record.topic,
            id: Self.id(String(record.partition), String(record.offset)),
            subject: Self.subject(String(record.partition), String(record.offset)),
            time: Self.time(of: record),
            dataContentType: Self.contentType(of: record),
            data: record.value.map { .binary($0) }
        )
        if let key = record.key {
            let value = RecordKey.value(of: key, type: self.keyType)
            event.extensions["key"] = value
            event.extensions["partitionkey"] = value
        }
        for header in record.headers {
            guard let value = header.value else { continue }
            event.extensions[Self.extensionName(ofHeader: header.name)] = Self.value(value)
        }
        self.complete(&event, record)
        return event
    }

    /// Adds what every event carries; overrides come last.
    private func complete(_ event: inout CloudEvent, _ record: KafkaRecord) {
        event.extensions["knativekafkapartition"] = .string(String(record.partition))
        // Text: an offset does not fit into an Integer of CloudEvents.
        event.extensions["knativekafkaoffset"] = .string(String(record.offset))
        for (name, value) in self.overrides { event.extensions[name] = .string(value) }
    }

    private static func time(of record: KafkaRecord) -> Timestamp? {
        guard let milliseconds = record.timestampMilliseconds,
            self.timestampRange ~= milliseconds
        else { return nil }
        return Timestamp(millisecondsSinceEpoch: milliseconds)
    }

    /// The record's content type in lower case; what is none does not hold up the record.
    private static func contentType(of record: KafkaRecord) -> String? {
        guard let bytes = record.headers.last(where: { $0.name == "content-type" })?.value,
            let text = String(validating: bytes, as: UTF8.self)
        else { return nil }
        let lowercased = text.lowercased()
        return MediaType.isValid(lowercased) ? lowercased : nil
    }

    private static func extensionName(ofHeader name: String) -> String {
        var letters: [UInt8] = Array("kafkaheader".utf8)
        for byte in name.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                letters.append(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): letters.append(byte | 0x20)
            default: break
            }
        }
        return String(decoding: letters, as: UTF8.self)
    }

    /// Text, or base64 where the bytes are none: an odd header does not hold up its record.
    private static func value(_ bytes: [UInt8]) -> CloudEventValue {
        String(validating: bytes, as: UTF8.self).map { .string($0) } ?? .binary(bytes)
    }

    static func isExtensionName(_ name: String) -> Bool {
        let reserved: Set<String> = [
            "id", "source", "type", "specversion", "datacontenttype", "dataschema", "subject",
            "time", "data",
        ]
        return !name.isEmpty && !reserved.contains(name)
            && name.utf8.allSatisfy {
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
            }
    }
}
