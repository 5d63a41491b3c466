// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// Writes the attributes of an event, whose structure was checked, as headers in binary mode.
///
/// A value that is as it came is its whole line: lines that lay side by side are copied at once,
/// and nothing in them is looked at again.
struct EventHeaderWriter {
    private let event: EventStorage
    private let coding: CloudEventHeaderCoding
    /// Lines of the event's headers that are to be written next.
    private var lines = 0..<0

    /// Begins to write an event as a receiver with that coding will read it.
    init(_ event: EventStorage, _ coding: CloudEventHeaderCoding) {
        self.event = event
        self.coding = coding
    }

    /// Writes all attributes behind the others; a content type that is there is replaced.
    consuming func write(to fields: inout HTTPFields) {
        let event = self.event
        // A message that is built from an old one must not keep the old one's type.
        fields.remove("content-type")
        self.reserve(in: &fields)
        if !self.copy(event.specVersion, &fields) {
            fields.append(prefix: "ce-specversion", value: CloudEvent.specVersion.utf8.span)
        }
        self.write("ce-id", event.id, &fields)
        self.write("ce-source", event.source, &fields)
        self.write("ce-type", event.type, &fields)
        self.write("ce-subject", event.subject, &fields)
        if let time = event.time, !self.copy(event.receivedTime, &fields) {
            time.withRFC3339 { fields.append(prefix: "ce-time", value: $0) }
        }
        self.write("ce-dataschema", event.dataSchema, &fields)
        self.writeExtensions(&fields)
        self.writeContentType(&fields)
        self.finishLines(&fields)
    }

    /// Room for all headers at once; only values that must be escaped need more.
    private func reserve(in fields: inout HTTPFields) {
        let event = self.event
        var bytes = min(event.headers.block.count, Self.copiedBytesUsual)
        bytes += event.id.ownLength + event.source.ownLength + event.type.ownLength
        bytes += event.subject.ownLength + event.dataSchema.ownLength
        bytes += event.dataContentType.ownLength
        bytes += event.extensions.headerBytes + Self.fixedBytes
        let extensions = event.extensions.count + event.receivedExtensions.count
        fields.reserveCapacity(lines: 8 + extensions, bytes: bytes)
    }

    /// The names of all headers of the specification, the version, a time and some room.
    private static let fixedBytes = 160
    /// Headers that are longer have more than an event in them.
    private static let copiedBytesUsual = 1024

    /// Takes a line of the event's headers, if there is one that this coding would write.
    @inline(__always)
    private mutating func copy(_ received: ReceivedText, _ fields: inout HTTPFields) -> Bool {
        guard received.isPresent, received.isWritten(by: self.coding) else {
            self.finishLines(&fields)
            return false
        }
        if received.line != self.lines.upperBound || self.lines.isEmpty {
            self.finishLines(&fields)
            self.lines = received.line..<received.line
        }
        self.lines = self.lines.lowerBound..<received.line &+ 1
        return true
    }

    @inline(__always)
    private mutating func finishLines(_ fields: inout HTTPFields) {
        guard !self.lines.isEmpty else { return }
        fields.append(lines: self.lines, of: self.event.headers)
        self.lines = 0..<0
    }

    @inline(__always)
    private mutating func write(
        _ name: StaticString,
        _ value: AttributeText,
        _ fields: inout HTTPFields
    ) {
        guard value.received.isPresent || value.own != nil, !self.copy(value.received, &fields),
            let text = self.event.text(value)
        else { return }
        self.coding.append(prefix: name, value: text, to: &fields)
    }

    private mutating func writeExtensions(_ fields: inout HTTPFields) {
        let received = self.event.receivedExtensions
        for index in 0..<received.count where !self.copy(received[index], &fields) {
            let (name, value) = received.attribute(at: index, in: self.event.headers)
            self.write(name, value, &fields)
        }
        guard !self.event.extensions.isEmpty else { return }
        self.finishLines(&fields)
        self.event.extensions.forEachAttribute { self.write($0, $1, &fields) }
    }

    private func write(_ name: String, _ value: CloudEventValue, _ fields: inout HTTPFields) {
        if case .string(let text) = value {
            self.coding.append(prefix: "ce-", name.utf8.span, value: text, to: &fields)
        } else {
            let text = value.canonicalString
            self.coding.append(prefix: "ce-", name.utf8.span, value: text, to: &fields)
        }
    }

    /// Writes the content type, which no coding changes.
    private mutating func writeContentType(_ fields: inout HTTPFields) {
        let event = self.event
        if event.dataContentType.received.isPresent {
            self.finishLines(&fields)
            let line = event.dataContentType.received.line
            self.lines = line..<line + 1
        } else if let type = CloudEvent(event).transportContentType {
            self.finishLines(&fields)
            fields.append(prefix: "content-type", value: type.utf8.span)
        }
    }
}
