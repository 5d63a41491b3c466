// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// Collects what the headers of an HTTP message say about its event, in one pass.
struct HTTPEventReader: ~Copyable {
    private(set) var mode: CloudEventContentMode?
    private var assembler: EventAssembler
    /// The first fault; it counts only if the message turns out to be in binary mode.
    private var fault: CloudEventError?
    private var hasAttribute = false
    private var isTypeJSON = false
    private let coding: CloudEventHeaderCoding

    /// Reads all of the headers.
    init(_ headers: HTTPFields, coding: CloudEventHeaderCoding, limits: CloudEventLimits) {
        self.coding = coding
        self.assembler = EventAssembler(headers: headers, limits: limits)
        let (block, lines) = (headers.block.span, headers.entries.span)
        for line in lines.indices {
            let name = lines[line].nameRange
            let start = HeaderWord(block, at: name.lowerBound, count: name.count).bits
            do {
                if (start | Self.prefixCase) & 0xFF_FFFF == Self.prefix, name.count > 3 {
                    self.hasAttribute = true
                    try self.readAttribute(line, name, lines[line].valueRange, block)
                } else if name.count == 12, headers.isLine(line, .contentType) {
                    try self.readContentType(line, headers)
                }
            } catch {
                self.fault = self.fault ?? error
            }
        }
    }

    /// `ce-` as a word, and the bit that makes its letters small.
    private static let prefix: UInt64 = 0x2D_6563
    private static let prefixCase: UInt64 = 0x2020

    /// The content type, if it has come.
    var contentType: String? { self.assembler.dataContentType }

    private mutating func readAttribute(
        _ line: Int,
        _ header: Range<Int>,
        _ value: Range<Int>,
        _ block: Span<UInt8>
    ) throws(CloudEventError) {
        let name = header.lowerBound &+ ReceivedExtensions.prefixLength..<header.upperBound
        guard let attribute = CoreAttribute(block, name, ignoringCase: true) else {
            return try self.readExtension(line, block, name, value)
        }
        let bytes = block.extracting(value)
        switch attribute {
        case .dataContentType:
            return
        case .time:
            if let time = AttributeRules.plainTimestamp(bytes),
                let received = ReceivedText(line: line, .bare)
            {
                return try self.assembler.set(time: time, received: received)
            }
        case .specVersion:
            if AttributeRules.isSpecVersion(bytes), let received = ReceivedText(line: line, .bare) {
                return try self.assembler.set(attribute, received: received)
            }
        case .id, .source, .type, .subject, .dataSchema:
            if let received = self.received(attribute, line, block, value) {
                return try self.assembler.set(attribute, received: received)
            }
        }
        try self.assembler.set(attribute, try self.text(attribute, bytes))
    }

    /// The text of a value that must be decoded.
    ///
    /// A URI has escapes of its own: undone they may leave what is none, if the sender, as Knative,
    /// does not encode. Then the value stands for itself.
    private func text(
        _ attribute: CoreAttribute,
        _ bytes: Span<UInt8>
    ) throws(CloudEventError) -> String {
        guard attribute == .source || attribute == .dataSchema, Self.isURI(attribute, bytes) else {
            return try self.decode(bytes, attribute.rawValue)
        }
        let text = try? self.decode(bytes, attribute.rawValue)
        guard let text, Self.isURI(attribute, text.utf8.span) else { return String(ascii: bytes) }
        return text
    }

    private static func isURI(_ attribute: CoreAttribute, _ bytes: Span<UInt8>) -> Bool {
        attribute == .source ? URIRules.isReference(bytes) : URIRules.isAbsolute(bytes)
    }

    /// The line of an attribute, if its value is right and needs no decoding.
    @inline(__always)
    private func received(
        _ attribute: CoreAttribute,
        _ line: Int,
        _ block: Span<UInt8>,
        _ value: Range<Int>
    ) -> ReceivedText? {
        // What a path may hold is bare.
        if attribute == .source, URIRules.isPlainPath(block, value) {
            return ReceivedText(line: line, .bare)
        }
        guard let form = ReceivedText.Form(block, value, self.coding) else { return nil }
        return form.isRight(for: attribute, block.extracting(value))
            ? ReceivedText(line: line, form) : nil
    }

    private mutating func readExtension(
        _ line: Int,
        _ block: Span<UInt8>,
        _ name: Range<Int>,
        _ value: Range<Int>
    ) throws(CloudEventError) {
        guard let fingerprint = AttributeName.fingerprint(block, name) else {
            throw .attributeInvalid(Self.text(block.extracting(name)), .nameInvalid)
        }
        if let form = ReceivedText.Form(block, value, self.coding),
            let received = ReceivedText(line: line, form),
            self.assembler.setExtension(received: received, name, fingerprint)
        {
            return
        }
        let text = AttributeName.lowercased(block.extracting(name)) ?? ""
        let decoded = try self.decode(block.extracting(value), text)
        try self.assembler.setCheckedExtension(text, .string(decoded))
    }

    private func decode(
        _ value: Span<UInt8>,
        _ name: String
    ) throws(CloudEventError) -> String {
        do {
            return try self.coding.decode(value)
        } catch {
            throw .attributeInvalid(name, error)
        }
    }

    private static func text(_ bytes: Span<UInt8>) -> String {
        String(decoding: [UInt8](copying: bytes), as: UTF8.self)
    }

    private mutating func readContentType(
        _ line: Int,
        _ headers: borrowing HTTPFields
    ) throws(CloudEventError) {
        let bytes = headers.block.span.extracting(headers.valueRange(at: line))
        guard !bytes.isEmpty else { return }
        let isJSON = MediaType.isPlainJSON(bytes)
        self.isTypeJSON = isJSON || MediaType.isJSON(bytes)
        if !isJSON { self.mode = self.mode ?? CloudEventContentMode(contentType: bytes) }
        // No coding writes a content type: the bytes stand for themselves.
        if isJSON || PrintableASCII.holds(bytes, without: 0, 0, 0) && MediaType.isValid(bytes),
            let received = ReceivedText(line: line, .plain)
        {
            return try self.assembler.set(.dataContentType, received: received)
        }
        guard let text = String(utf8: bytes) else {
            throw .attributeInvalid("datacontenttype", .notUTF8)
        }
        guard AttributeRules.isAllowed(text) else {
            throw .attributeInvalid("datacontenttype", .characterNotAllowed)
        }
        try self.assembler.set(.dataContentType, text)
    }

    /// The event of a message in binary mode.
    consuming func finish(body: [UInt8]) throws(CloudEventError) -> CloudEvent {
        guard self.hasAttribute else { throw .notCloudEvent }
        if let fault = self.fault { throw fault }
        guard !body.isEmpty else { return try self.assembler.finish(data: nil) }
        return try self.assembler.finish(data: self.isTypeJSON ? .json(body) : .binary(body))
    }
}
