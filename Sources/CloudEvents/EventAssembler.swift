// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Puts an event together from attributes as they arrive, in any order.
struct EventAssembler {
    private var event = CloudEvent(type: "", source: "", id: "")
    /// One bit for each attribute of the specification.
    private var seen: UInt8 = 0
    private let attributesMax: Int

    init(limits: CloudEventLimits) { self.attributesMax = limits.attributesMax }

    /// The media type of the payload, if it has come.
    var dataContentType: String? { self.event.dataContentType }

    /// Whether the attribute has come.
    func has(_ attribute: CoreAttribute) -> Bool { self.seen & Self.bit(attribute) != 0 }

    /// Whether an attribute of that name has come.
    func hasAttribute(_ name: String) -> Bool {
        CoreAttribute(name: name).map(self.has) ?? self.event.extensions.contains(name)
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
    mutating func set(_ attribute: CoreAttribute, _ text: String) throws(CloudEventError) {
        guard !self.has(attribute) else { throw .attributeDuplicated(attribute.rawValue) }
        self.seen |= Self.bit(attribute)
        switch attribute {
        case .id: self.event.id = text
        case .source: self.event.source = text
        case .type: self.event.type = text
        case .subject: self.event.subject = text
        case .dataContentType: self.event.dataContentType = text
        case .dataSchema: self.event.dataSchema = text
        case .specVersion:
            guard text == CloudEvent.specVersion else { throw .specVersionUnsupported(text) }
        case .time:
            guard let time = AttributeRules.timestamp(text) else {
                throw .attributeInvalid(attribute.rawValue, .notTimestamp)
            }
            self.event.time = time
        }
    }

    /// Takes the `time` of an event.
    mutating func set(time: Timestamp) throws(CloudEventError) {
        guard !self.has(.time) else { throw .attributeDuplicated(CoreAttribute.time.rawValue) }
        self.seen |= Self.bit(.time)
        self.event.time = time
    }

    /// Takes an extension attribute.
    mutating func setExtension(
        _ name: String,
        _ value: CloudEventValue
    ) throws(CloudEventError) {
        guard AttributeName.isValid(name) else { throw .attributeInvalid(name, .nameInvalid) }
        try self.setCheckedExtension(name, value)
    }

    /// Takes an extension attribute whose name is known to be valid.
    mutating func setCheckedExtension(
        _ name: String,
        _ value: CloudEventValue
    ) throws(CloudEventError) {
        guard !self.event.extensions.contains(name) else { throw .attributeDuplicated(name) }
        guard self.event.extensions.count < self.attributesMax else {
            throw .attributesTooMany(limit: self.attributesMax)
        }
        self.event.extensions.append(name, value)
    }

    /// Turns the order of the extensions, for attributes that were read from the last to the first.
    mutating func reverseExtensions() {
        self.event.extensions.reverse()
    }

    /// The finished event with `data` as its payload; once.
    ///
    /// - Throws: The first required attribute that is missing, or the first rule that is broken;
    ///   the characters of free text are for the caller to check.
    mutating func finish(data: CloudEventData?) throws(CloudEventError) -> CloudEvent {
        guard self.has(.specVersion) else { throw .attributeMissing("specversion") }
        guard self.has(.id) else { throw .attributeMissing("id") }
        guard self.has(.source) else { throw .attributeMissing("source") }
        guard self.has(.type) else { throw .attributeMissing("type") }
        // Taken, not copied: an event holds a dozen references.
        var event = CloudEvent(type: "", source: "", id: "")
        swap(&event, &self.event)
        event.data = data
        // The extensions were checked as they came.
        try event.checkCoreAttributes()
        return event
    }
}
