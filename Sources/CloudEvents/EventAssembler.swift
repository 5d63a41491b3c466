// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Puts an event together from attributes as they arrive, in any order.
///
/// The attributes are kept apart until the end: an event holds a dozen references, and copies of it
/// on the way would cost as much as to read it.
struct EventAssembler {
    private var id = ""
    private var source = ""
    private var type = ""
    private var subject: String?
    private var time: Timestamp?
    /// The media type of the payload, if it has come.
    private(set) var dataContentType: String?
    private var dataSchema: String?
    private var extensions = CloudEventExtensions()
    /// One bit for each attribute of the specification.
    private var seen: UInt8 = 0
    private let attributesMax: Int

    init(limits: CloudEventLimits) { self.attributesMax = limits.attributesMax }

    /// Whether the attribute has come.
    func has(_ attribute: CoreAttribute) -> Bool { self.seen & Self.bit(attribute) != 0 }

    /// Whether an attribute of that name has come.
    func hasAttribute(_ name: String) -> Bool {
        CoreAttribute(name: name).map(self.has) ?? self.extensions.contains(name)
    }

    private static func bit(_ attribute: CoreAttribute) -> UInt8 {
        switch attribute {
        case .id: 1
        case .source: 2
        case .type: 4
        case .specVersion: 8
        case .subject: 16
        case .time: 32
        case .dataContentType: 64
        case .dataSchema: 128
        }
    }

    /// Takes an attribute of the specification.
    mutating func set(_ attribute: CoreAttribute, _ text: consuming String) throws(CloudEventError)
    {
        guard !self.has(attribute) else { throw .attributeDuplicated(attribute.rawValue) }
        self.seen |= Self.bit(attribute)
        switch attribute {
        case .id: self.id = consume text
        case .source: self.source = consume text
        case .type: self.type = consume text
        case .subject: self.subject = consume text
        case .dataContentType: self.dataContentType = consume text
        case .dataSchema: self.dataSchema = consume text
        case .specVersion:
            guard text == CloudEvent.specVersion else { throw .specVersionUnsupported(text) }
        case .time:
            guard let time = AttributeRules.timestamp(text) else {
                throw .attributeInvalid(attribute.rawValue, .notTimestamp)
            }
            self.time = time
        }
    }

    /// Takes the `time` of an event.
    mutating func set(time: Timestamp) throws(CloudEventError) {
        guard !self.has(.time) else { throw .attributeDuplicated(CoreAttribute.time.rawValue) }
        self.seen |= Self.bit(.time)
        self.time = time
    }

    /// Takes an extension attribute.
    mutating func setExtension(
        _ name: consuming String,
        _ value: consuming CloudEventValue
    ) throws(CloudEventError) {
        guard AttributeName.isValid(name) else { throw .attributeInvalid(name, .nameInvalid) }
        try self.setCheckedExtension(consume name, consume value)
    }

    /// Takes an extension attribute whose name is known to be valid.
    mutating func setCheckedExtension(
        _ name: consuming String,
        _ value: consuming CloudEventValue
    ) throws(CloudEventError) {
        guard !self.extensions.contains(name) else { throw .attributeDuplicated(name) }
        guard self.extensions.count < self.attributesMax else {
            throw .attributesTooMany(limit: self.attributesMax)
        }
        self.extensions.append(consume name, consume value)
    }

    /// Turns the order of the extensions, for attributes that were read from the last to the first.
    mutating func reverseExtensions() {
        self.extensions.reverse()
    }

    /// The finished event with `data` as its payload.
    ///
    /// - Throws: The first required attribute that is missing, or the first rule that is broken;
    ///   the characters of free text are for the caller to check.
    func finish(data: CloudEventData?) throws(CloudEventError) -> CloudEvent {
        guard self.has(.specVersion) else { throw .attributeMissing("specversion") }
        guard self.has(.id) else { throw .attributeMissing("id") }
        guard self.has(.source) else { throw .attributeMissing("source") }
        guard self.has(.type) else { throw .attributeMissing("type") }
        let event = CloudEvent(
            type: self.type,
            source: self.source,
            id: self.id,
            subject: self.subject,
            time: self.time,
            dataContentType: self.dataContentType,
            dataSchema: self.dataSchema,
            extensions: self.extensions,
            data: data
        )
        // The extensions were checked as they came.
        try event.checkCoreAttributes()
        return event
    }
}
