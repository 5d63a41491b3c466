// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CloudEvents
internal import HTTP

/// The small texts: hosts, URIs, timestamps, percent-coding and its kin.
enum TextTargets {
    static func host(_ bytes: [UInt8]) throws(BrokenProperty) {
        let text = String(decoding: bytes, as: UTF8.self)
        let isValid = HTTPHost.isValid(text)
        let naive = NaiveRequestParser.isHost(text)
        try require(isValid == naive, "\(text.debugDescription): naive \(naive), here \(isValid)")
        let name = HTTPHost.name(of: text)
        if isValid {
            try require(!name.isEmpty, "a valid host has a name")
            try require(HTTPHost.isValid(name), "the name \(name) of \(text) is valid")
            try require(HTTPHost.name(of: name) == name, "a name has no port")
        }
        if HTTPHost.isAuthorityForm(text) {
            try require(isValid && text.contains(":"), "an authority is a host with a port")
        }
        let head = HTTPRequestHead(method: .get, target: text)
        _ = (head.path, head.query, head.authority, head.originForm)
    }

    /// Sources and schemas: what is absolute is a reference, and carries on being so.
    static func uri(_ bytes: [UInt8]) throws(BrokenProperty) {
        let text = String(decoding: bytes, as: UTF8.self)
        let reference = CloudEvent(type: "t", source: text, id: "1")
        var schema = CloudEvent(type: "t", source: "s", id: "1")
        schema.dataSchema = text
        let isReference = (try? reference.validate()) != nil
        let isAbsolute = (try? schema.validate()) != nil
        try require(
            !isAbsolute || isReference,
            "\(text.debugDescription) is absolute, no reference"
        )
        guard isReference else { return }
        try require(
            text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !#""<>\^`{|}"#.utf8.contains($0) },
            "\(text.debugDescription) holds what no URI does"
        )
        try EventProperties.check(reference)
        if isAbsolute { try EventProperties.check(schema) }
    }

    static func timestamp(_ bytes: [UInt8]) throws(BrokenProperty) {
        let text = String(decoding: bytes, as: UTF8.self)
        let time = Timestamp(rfc3339: text)
        let plain = CloudEventValue.string(text).asTimestamp
        try require(plain == nil || plain == time, "two readings of \(text.debugDescription)")
        if let compact = Timestamp(amzDate: text) {
            // A leap second is read as the one after it.
            let again = Timestamp(amzDate: compact.amzDate)
            try require(again == compact, "\(text) is written as \(compact.amzDate)")
        }
        guard let time else { return }
        try require(0..<1_000_000_000 ~= time.nanoseconds, "a second has 10^9 nanoseconds")
        let canonical = time.rfc3339()
        // Offsets can lead out of the years that have four digits; there the border is written.
        guard let again = Timestamp(rfc3339: canonical) else {
            throw BrokenProperty(description: "\(canonical) is written and cannot be read")
        }
        try require(again == time || plain == nil, "\(text) becomes \(canonical)")
        try require(again.rfc3339() == canonical, "\(canonical) is written in one way")
        _ = (time.httpDate, time.amzDate, time.rfc3339(fractionDigits: 3))
    }

    static func percentCoding(_ bytes: [UInt8]) throws(BrokenProperty) {
        let strict = PercentCoding.decode(bytes)
        let lenient = [UInt8](capacity: bytes.count) {
            PercentCoding.decodeKeepingOthers(bytes.span, into: &$0)
        }
        try require(strict == nil || strict == lenient, "two readings of \(bytes)")
        try require(lenient.count <= bytes.count, "decoding makes nothing longer")
        let text = String(decoding: bytes, as: UTF8.self)
        let encoded = PercentCoding.encode(text)
        try require(PercentCoding.decodeText(encoded) == text, "\(encoded) is not \(text)")
        try self.siblings(bytes)
    }

    /// Base64 and hexadecimal digits: what is written is read, and what is read was written so.
    private static func siblings(_ bytes: [UInt8]) throws(BrokenProperty) {
        try require(Base64.decode(Base64.encode(bytes)) == bytes, "base64 of \(bytes)")
        try require(Hex.decode(Hex.encode(bytes)) == bytes, "hexadecimal digits of \(bytes)")
        if let decoded = Base64.decode(bytes: bytes) {
            let again = Base64.encodeBytes(decoded)
            try require(Base64.decode(bytes: again) == decoded, "base64 \(bytes) means \(decoded)")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        if let decoded = Hex.decode(text) {
            try require(Hex.encode(decoded) == text.lowercased(), "\(text) means \(decoded)")
        }
    }
}
