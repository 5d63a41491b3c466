// SPDX-License-Identifier: Apache-2.0

import Bytes

extension CloudEvent {
    /// Reads an event in the JSON format, `application/cloudevents+json`.
    ///
    /// - Parameter bytes: The text, in UTF-8.
    /// - Throws: What is wrong and where; nothing is returned that ``validate()`` would refuse.
    public init(jsonFormat bytes: [UInt8]) throws(CloudEventError) {
        try self.init(jsonFormat: bytes, limits: CloudEventLimits())
    }

    /// Reads an event in the JSON format.
    ///
    /// - Parameters:
    ///   - bytes: The text, in UTF-8.
    ///   - limits: How much is accepted.
    /// - Throws: What is wrong and where.
    package init(
        jsonFormat bytes: [UInt8],
        limits: CloudEventLimits
    ) throws(CloudEventError) {
        var scanner = try Self.scanner(bytes, limits)
        let (event, hasNulls) = try EventJSONReader.read(&scanner, limits)
        self = event
        let isBare = scanner.offset == bytes.count && bytes.first == UInt8(ascii: "{")
        // Some readers refuse an attribute that is null.
        if isBare, !hasNulls { self.storage.keepText(bytes) }
        try scanner.expectEnd()
    }

    /// Reads a batch, `application/cloudevents-batch+json`; it may be empty.
    ///
    /// - Parameters:
    ///   - bytes: The text, in UTF-8.
    ///   - limits: How much is accepted.
    /// - Returns: The events in order.
    /// - Throws: What is wrong with the first event that is.
    package static func batch(
        jsonFormat bytes: [UInt8],
        limits: CloudEventLimits = CloudEventLimits()
    ) throws(CloudEventError) -> [CloudEvent] {
        var scanner = try self.scanner(bytes, limits)
        var events: [CloudEvent] = []
        try scanner.expect("[")
        if try !scanner.accept("]") {
            repeat {
                guard events.count < limits.batchEventsMax else {
                    throw .batchTooLong(limit: limits.batchEventsMax)
                }
                events.append(try EventJSONReader.read(&scanner, limits).event)
            } while try scanner.accept(",")
            try scanner.expect("]")
        }
        try scanner.expectEnd()
        return events
    }

    private static func scanner(
        _ bytes: [UInt8],
        _ limits: CloudEventLimits
    ) throws(CloudEventError) -> JSONScanner {
        guard bytes.count <= limits.formatBytesMax else {
            throw .formatTooLarge(limitBytes: limits.formatBytesMax)
        }
        return try JSONScanner(bytes)
    }

    /// Writes the event in the JSON format, in UTF-8 and without spaces.
    ///
    /// - Returns: The text.
    /// - Throws: The rule that the event breaks.
    public func jsonFormat() throws(CloudEventError) -> [UInt8] {
        try self.checkStructure()
        var writer = EventJSONWriter(capacity: self.lengthUsual)
        writer.write(self)
        return writer.json
    }

    /// Writes a batch.
    ///
    /// - Parameter events: The events in order; there may be none.
    /// - Returns: The text.
    /// - Throws: The rule that the first bad event breaks.
    package static func jsonFormat(
        batch events: [CloudEvent]
    ) throws(CloudEventError) -> [UInt8] {
        for event in events { try event.checkStructure() }
        var writer = EventJSONWriter(capacity: 2 + events.count * 1024)
        writer.write(events)
        return writer.json
    }
}
