// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// Collects what the headers of an HTTP message say about its event, in one pass.
struct HTTPEventReader {
    private(set) var mode: CloudEventContentMode?
    private(set) var contentType: String?
    private var assembler: EventAssembler
    /// The first fault; it counts only if the message turns out to be in binary mode.
    private var fault: CloudEventError?
    private var hasAttribute = false
    private let coding: CloudEventHeaderCoding

    init(coding: CloudEventHeaderCoding, limits: CloudEventLimits) {
        self.coding = coding
        self.assembler = EventAssembler(limits: limits)
    }

    mutating func read(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        do {
            if Self.isAttribute(name) {
                self.hasAttribute = true
                try self.readAttribute(name.extracting(droppingFirst: 3), value)
            } else if AttributeName.matches(name, "content-type"), !value.isEmpty {
                try self.readContentType(value)
            }
        } catch {
            self.fault = self.fault ?? error
        }
    }

    private static func isAttribute(_ name: Span<UInt8>) -> Bool {
        name.count > 3 && AttributeName.lowercased(name[0]) == UInt8(ascii: "c")
            && AttributeName.lowercased(name[1]) == UInt8(ascii: "e")
            && name[2] == UInt8(ascii: "-")
    }

    private mutating func readAttribute(
        _ name: Span<UInt8>,
        _ value: Span<UInt8>
    ) throws(CloudEventError) {
        if let attribute = CoreAttribute(ignoringCase: name) {
            guard attribute != .dataContentType else { return }
            if attribute == .time, let time = AttributeRules.plainTimestamp(value) {
                return try self.assembler.set(time: time)
            }
            try self.assembler.set(attribute, try self.decode(value, attribute.rawValue))
        } else {
            guard let lowercased = AttributeName.lowercased(name) else {
                throw .attributeInvalid(Self.text(name), .nameInvalid)
            }
            let text = try self.decode(value, lowercased)
            try self.assembler.setCheckedExtension(lowercased, .string(text))
        }
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

    private mutating func readContentType(_ value: Span<UInt8>) throws(CloudEventError) {
        self.mode = self.mode ?? CloudEventContentMode(contentType: value)
        // The type that nearly all events have costs no allocation.
        let text: String?
        if Self.isPlainJSON(value) {
            text = MediaType.json
        } else {
            text = String(utf8: value)
        }
        guard let text else { throw .attributeInvalid("datacontenttype", .notUTF8) }
        guard AttributeRules.isAllowed(text) else {
            throw .attributeInvalid("datacontenttype", .characterNotAllowed)
        }
        try self.assembler.set(.dataContentType, text)
        self.contentType = text
    }

    private static func isPlainJSON(_ contentType: Span<UInt8>) -> Bool {
        let json = MediaType.json.utf8.span
        guard contentType.count == json.count else { return false }
        for index in json.indices where contentType[index] != json[index] { return false }
        return true
    }

    func finish(body: [UInt8]) throws(CloudEventError) -> CloudEvent {
        guard self.hasAttribute else { throw .notCloudEvent }
        if let fault = self.fault { throw fault }
        let data = body.isEmpty ? nil : CloudEventData(bytes: body, type: self.contentType)
        return try self.assembler.finish(data: data)
    }
}
