// SPDX-License-Identifier: Apache-2.0

/// One frame (RFC 9113 section 4.1).
package struct HTTP2Frame: Equatable, Sendable {
    /// The type, by its number.
    package enum Kind: UInt8 {
        case data, headers, priority, reset, settings, push, ping, goAway, windowUpdate
        case continuation
    }

    /// Flag of HEADERS and DATA.
    package static let endStream: UInt8 = 1
    /// Flag of SETTINGS and PING.
    package static let acknowledgement: UInt8 = 1
    /// Flag of HEADERS.
    package static let endHeaders: UInt8 = 4

    /// The number of its type.
    package var kind: UInt8
    /// Its flags, by type.
    package var flags: UInt8 = 0
    /// Its stream; 0 is the connection.
    package var stream: UInt32 = 0
    /// What follows its nine bytes.
    package var payload: [UInt8] = []

    /// Makes a frame.
    package init(_ kind: Kind, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = []) {
        self.init(kind: kind.rawValue, flags: flags, stream: stream, payload: payload)
    }

    /// Makes a frame of any type.
    package init(kind: UInt8, flags: UInt8, stream: UInt32, payload: [UInt8]) {
        self.kind = kind
        self.flags = flags
        self.stream = stream
        self.payload = payload
    }

    /// Whether it is the last of its stream, if it is of a type that says so.
    package var endsStream: Bool { self.flags & Self.endStream != 0 }
    /// Whether it is of a type.
    package func isKind(_ kind: Kind) -> Bool { self.kind == kind.rawValue }

    /// A 32-bit number in the payload.
    package func number(at offset: Int = 0) -> UInt32 {
        self.payload[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// A number as frames have it.
    package static func bytes(_ number: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
    }

    /// The bytes of the frame.
    package var encoded: [UInt8] {
        let length = Self.bytes(UInt32(self.payload.count)).dropFirst()
        return Array(length) + [self.kind, self.flags] + Self.bytes(self.stream) + self.payload
    }
}

extension HTTP2Frame {
    /// Makes SETTINGS of numbers and values.
    package static func settings(_ settings: [(UInt16, UInt32)]) -> Self {
        let payload = settings.flatMap { id, value in
            [UInt8(id >> 8), UInt8(truncatingIfNeeded: id)] + Self.bytes(value)
        }
        return Self(.settings, payload)
    }

    /// Makes a whole header block.
    package static func headers(
        _ stream: UInt32,
        _ lines: [(String, String)],
        ends: Bool = false
    ) -> Self {
        let flags = Self.endHeaders | (ends ? Self.endStream : 0)
        return Self(.headers, flags: flags, stream: stream, HTTP2Literals.encode(lines))
    }

    /// Makes a piece of a body.
    package static func data(_ stream: UInt32, _ bytes: [UInt8], ends: Bool = false) -> Self {
        Self(.data, flags: ends ? Self.endStream : 0, stream: stream, bytes)
    }

    /// As the other form, of a text.
    package static func data(_ stream: UInt32, _ text: String, ends: Bool = false) -> Self {
        self.data(stream, Array(text.utf8), ends: ends)
    }

    /// Takes the frame at the start of bytes; `nil` while it is not whole.
    package static func take(from bytes: inout [UInt8]) -> Self? {
        guard bytes.count >= 9 else { return nil }
        let length = bytes[..<3].reduce(0) { $0 << 8 | Int($1) }
        guard bytes.count >= 9 + length else { return nil }
        defer { bytes.removeFirst(9 + length) }
        return Self(
            kind: bytes[3],
            flags: bytes[4],
            stream: bytes[5..<9].reduce(0) { $0 << 8 | UInt32($1) },
            payload: Array(bytes[9..<9 + length])
        )
    }
}

/// Header lines as a client writes them: literals, which need no table (RFC 7541 section 6.2.2).
package enum HTTP2Literals {
    /// Makes a header block.
    package static func encode(_ lines: [(String, String)]) -> [UInt8] {
        lines.flatMap { [0] + self.string($0) + self.string($1) }
    }

    private static func string(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
        var length: [UInt8] = [127]
        var rest = bytes.count - 127
        while rest >= 128 {
            length.append(UInt8(rest % 128) | 128)
            rest /= 128
        }
        return length + [UInt8(rest)] + bytes
    }
}
