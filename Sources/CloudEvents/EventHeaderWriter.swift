// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// Writes the attributes of an event, whose structure was checked, as headers in binary mode.
///
/// A value that is as it came is its whole line: lines that lay side by side are copied at once,
/// and nothing in them is looked at again. The others come after them.
struct EventHeaderWriter {
    private let event: EventStorage
    private let coding: CloudEventHeaderCoding
    /// One bit for each of the first lines of the event's headers that is to be copied.
    private var copied: UInt64 = 0
    /// Whether all extensions in the headers are copied; if one is not, none is, so that they keep
    /// their order.
    private let areExtensionsCopied: Bool

    /// Begins to write an event as a receiver with that coding will read it.
    init(_ event: EventStorage, _ coding: CloudEventHeaderCoding) {
        self.event = event
        self.coding = coding
        self.areExtensionsCopied = Self.areWritten(event.receivedExtensions, by: coding)
    }

    /// Writes all attributes behind the others; a content type that is there is replaced.
    consuming func write(to fields: inout HTTPFields) {
        let event = self.event
        // A message that is built from an old one must not keep the old one's type.
        fields.remove("content-type")
        self.markLines()
        if fields.isEmpty, self.areLinesEnough {
            fields = HTTPFields(lines: self.copied, of: event.headers)
            return
        }
        self.reserve(in: &fields)
        self.copyLines(to: &fields)
        if !self.isCopied(event.specVersion) {
            fields.append(prefix: "ce-specversion", value: CloudEvent.specVersion.utf8.span)
        }
        self.write("ce-id", event.id, &fields)
        self.write("ce-source", event.source, &fields)
        self.write("ce-type", event.type, &fields)
        self.write("ce-subject", event.subject, &fields)
        if !self.isCopied(event.timeText.received) {
            _ = event.withTimeBytes { fields.append(prefix: "ce-time", value: $0) }
        }
        self.write("ce-dataschema", event.dataSchema, &fields)
        self.writeExtensions(&fields)
        if !self.isCopied(event.dataContentType.received) { self.writeContentType(&fields) }
    }

    /// Copies what is as it came, in the order in which it came.
    private func copyLines(to fields: inout HTTPFields) {
        let event = self.event
        var rest = self.copied
        while rest != 0 {
            let start = rest.trailingZeroBitCount
            let end = start &+ (~(rest &>> UInt64(start))).trailingZeroBitCount
            fields.append(lines: start..<end, of: event.headers)
            rest = end < UInt64.bitWidth ? rest & (UInt64.max &<< UInt64(end)) : 0
        }
    }

    /// Decides which lines are copied.
    private mutating func markLines() {
        let event = self.event
        self.markToCopy(event.specVersion)
        self.markToCopy(event.id.received)
        self.markToCopy(event.source.received)
        self.markToCopy(event.type.received)
        self.markToCopy(event.subject.received)
        self.markToCopy(event.timeText.received)
        self.markToCopy(event.dataSchema.received)
        // No coding writes a content type.
        if event.dataContentType.received.line < UInt64.bitWidth {
            self.copied |= 1 &<< UInt64(event.dataContentType.received.line)
        }
        if self.areExtensionsCopied {
            let received = event.receivedExtensions
            for index in 0..<received.count { self.markToCopy(received[index]) }
        }
    }

    @inline(__always)
    private mutating func markToCopy(_ received: ReceivedText) {
        guard received.line < UInt64.bitWidth, received.isWritten(by: self.coding) else { return }
        self.copied |= 1 &<< UInt64(received.line)
    }

    @inline(__always)
    private func isCopied(_ received: ReceivedText) -> Bool {
        received.line < UInt64.bitWidth && self.copied &>> UInt64(received.line) & 1 == 1
    }

    /// Whether nothing has to be written besides the lines that are copied.
    private var areLinesEnough: Bool {
        let event = self.event
        return self.isCopied(event.specVersion) && self.isCopied(event.dataContentType.received)
            && self.isDone(event.id) && self.isDone(event.source) && self.isDone(event.type)
            && self.isDone(event.subject) && self.isDone(event.dataSchema)
            && (event.time == nil || self.isCopied(event.timeText.received))
            && event.extensions.isEmpty && self.areExtensionsCopied
    }

    /// Whether an attribute is not there, or copied.
    @inline(__always)
    private func isDone(_ value: AttributeText) -> Bool {
        value.received.isPresent ? self.isCopied(value.received) : value.own == nil
    }

    private static func areWritten(
        _ received: ReceivedExtensions,
        by coding: CloudEventHeaderCoding
    ) -> Bool {
        for index in 0..<received.count {
            guard received[index].line < UInt64.bitWidth, received[index].isWritten(by: coding)
            else { return false }
        }
        return true
    }

    /// Room for all headers at once; only values that must be escaped need more.
    private func reserve(in fields: inout HTTPFields) {
        let event = self.event
        var bytes = min(event.headers.block.count, Self.copiedBytesUsual)
        bytes += event.id.ownLength + event.source.ownLength + event.type.ownLength
        bytes += event.subject.ownLength + event.dataSchema.ownLength
        bytes += event.dataContentType.ownLength + event.timeText.ownLength
        bytes += event.extensions.headerBytes + Self.fixedBytes
        let extensions = event.extensions.count + event.receivedExtensions.count
        fields.reserveCapacity(lines: 8 + extensions, bytes: bytes)
    }

    /// The names of all headers of the specification, the version, a time and some room.
    private static let fixedBytes = 160
    /// Headers that are longer have more than an event in them.
    private static let copiedBytesUsual = 1024

    @inline(__always)
    private func write(
        _ name: StaticString,
        _ value: AttributeText,
        _ fields: inout HTTPFields
    ) {
        guard !self.isCopied(value.received), let text = self.event.text(value) else { return }
        self.coding.append(prefix: name, value: text, to: &fields)
    }

    private func writeExtensions(_ fields: inout HTTPFields) {
        let received = self.event.receivedExtensions
        for index in 0..<received.count where !self.isCopied(received[index]) {
            let (name, value) = received.attribute(at: index, in: self.event.headers)
            self.write(name, value, &fields)
        }
        guard !self.event.extensions.isEmpty else { return }
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

    private func writeContentType(_ fields: inout HTTPFields) {
        guard let type = CloudEvent(self.event).transportContentType else { return }
        fields.append(prefix: "content-type", value: type.utf8.span)
    }
}
