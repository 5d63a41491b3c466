// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// Puts an event together from attributes as they arrive, in any order.
struct EventAssembler {
    /// The event so far; nobody else has it.
    let event: EventStorage
    /// One bit for each attribute of the specification.
    private var seen: UInt8 = 0
    /// What the names of extensions in the headers have in common with few others.
    private var fingerprints: UInt64 = 0
    /// The extensions, as soon as one of them does not lie in the headers.
    private var extensions = CloudEventExtensions()
    private let attributesMax: Int

    /// Begins an event, of whose attributes some will lie in `headers`.
    init(headers: HTTPFields = HTTPFields(), limits: CloudEventLimits) {
        self.event = EventStorage(headers: headers)
        self.attributesMax = limits.attributesMax
    }

    /// The media type of the payload, if it has come.
    var dataContentType: String? { self.event.text(self.event.dataContentType) }
    /// Whether that media type announces JSON; `nil` without one.
    var isTypeJSON: Bool? {
        self.event.withBytes(self.event.dataContentType) { MediaType.isJSON($0) }
    }

    /// Whether the attribute has come.
    func has(_ attribute: CoreAttribute) -> Bool { self.seen & Self.bit(attribute) != 0 }

    /// Whether an attribute of that name has come.
    func hasAttribute(_ name: String) -> Bool {
        CoreAttribute(name: name).map(self.has)
            ?? (self.extensions.contains(name) || self.event.hasReceivedExtension(name))
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

    private mutating func use(_ attribute: CoreAttribute) throws(CloudEventError) {
        guard !self.has(attribute) else { throw .attributeDuplicated(attribute.rawValue) }
        self.seen |= Self.bit(attribute)
    }

    /// Takes an attribute of the specification.
    mutating func set(_ attribute: CoreAttribute, _ text: consuming String) throws(CloudEventError)
    {
        try self.use(attribute)
        switch attribute {
        case .specVersion:
            guard text == CloudEvent.specVersion else { throw .specVersionUnsupported(text) }
        case .time:
            guard let time = AttributeRules.timestamp(text) else {
                throw .attributeInvalid(attribute.rawValue, .notTimestamp)
            }
            self.event.setTime(time, text: AttributeText(text))
        case .id, .source, .type, .subject, .dataContentType, .dataSchema:
            self.put(attribute, AttributeText(text))
        }
    }

    /// Takes an attribute that lies in the headers; not the time.
    mutating func set(
        _ attribute: CoreAttribute,
        received: ReceivedText
    ) throws(CloudEventError) {
        try self.use(attribute)
        self.put(attribute, AttributeText(received))
    }

    @inline(__always)
    private func put(_ attribute: CoreAttribute, _ text: AttributeText) {
        switch attribute {
        case .id: self.event.id = text
        case .source: self.event.source = text
        case .type: self.event.type = text
        case .subject: self.event.subject = text
        case .dataContentType: self.event.dataContentType = text
        case .dataSchema: self.event.dataSchema = text
        case .specVersion: self.event.specVersion = text.received
        case .time: break
        }
    }

    /// Takes the `time` of an event.
    ///
    /// - Parameters:
    ///   - time: The instant.
    ///   - received: The line that has it.
    /// - Throws: That it has come before.
    mutating func set(time: Timestamp, received: ReceivedText) throws(CloudEventError) {
        try self.use(.time)
        self.event.setTime(time, text: AttributeText(received))
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
        if self.event.receivedExtensions.count > 0 { self.extensions = self.event.takeExtensions() }
        guard !self.extensions.contains(name) else { throw .attributeDuplicated(name) }
        guard self.extensions.count < self.attributesMax else {
            throw .attributesTooMany(limit: self.attributesMax)
        }
        self.extensions.append(consume name, consume value)
    }

    /// Takes an extension attribute that lies in the headers.
    ///
    /// - Parameters:
    ///   - line: The line, whose name is known to be valid.
    ///   - name: Where the name lies.
    ///   - fingerprint: What ``AttributeName/fingerprint(_:_:)`` makes of the name.
    /// - Returns: Whether it was taken; if not, it goes the way of all others.
    mutating func setExtension(
        received line: ReceivedText,
        _ name: Range<Int>,
        _ fingerprint: UInt64
    ) -> Bool {
        guard self.event.receivedExtensions.count < self.attributesMax, self.extensions.isEmpty,
            self.fingerprints & fingerprint == 0 || !self.event.hasReceivedExtension(name)
        else { return false }
        self.fingerprints |= fingerprint
        return self.event.append(line)
    }

    /// Turns the order of the extensions, for attributes that were read from the last to the first.
    mutating func reverseExtensions() {
        self.extensions.reverse()
    }

    /// The finished event with `data` as its payload; called once, as the event is not copied.
    ///
    /// - Throws: The first required attribute that is missing, or the first rule that is broken;
    ///   the characters of free text are for the caller to check.
    func finish(
        data: CloudEventData?,
        isKnownJSON: Bool = false
    ) throws(CloudEventError) -> CloudEvent {
        guard self.has(.specVersion) else { throw .attributeMissing("specversion") }
        guard self.has(.id) else { throw .attributeMissing("id") }
        guard self.has(.source) else { throw .attributeMissing("source") }
        guard self.has(.type) else { throw .attributeMissing("type") }
        // The extensions were checked as they came.
        try self.event.checkCoreAttributes()
        self.event.setData(data, isKnownJSON: isKnownJSON)
        if !self.extensions.isEmpty { self.event.replaceExtensions(self.extensions) }
        self.event.releaseHeadersIfUnused()
        return CloudEvent(self.event)
    }
}
