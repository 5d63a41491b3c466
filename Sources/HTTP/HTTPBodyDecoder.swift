// SPDX-License-Identifier: Apache-2.0

/// Cuts a body out of the bytes of a connection (RFC 9112 sections 6 and 7).
package struct HTTPBodyDecoder: Sendable {
    /// What one step found at the place it looked at.
    package enum Step: Sendable, Equatable {
        /// Nothing to be made of what is there yet; the bytes up to `consumed` are done with.
        case needMore(consumed: Int)
        /// Body bytes at this range of the buffer; go on behind it.
        case data(Range<Int>)
        /// The body is over, `consumed` bytes of the buffer later; what must not be a trailer is
        /// left out (RFC 9110 section 6.5.1).
        case end(consumed: Int, trailers: HTTPFields)
    }

    private enum Phase: Sendable, Equatable {
        case counted(left: Int)
        case untilClose
        case chunkSize
        case chunkData(left: Int)
        case chunkEnd
        case trailers
        case done
    }

    /// No chunk is larger; so no sum of sizes can overflow.
    private static let chunkSizeMax = (1 << 60) - 1
    /// Zeros may come before a size, but not for ever.
    private static let chunkSizeDigitsMax = 32

    private let limits: HTTPLimits
    private let bodyBytesMax: Int
    private var bodyBytes = 0
    private var extensionBytes = 0
    private var phase: Phase

    /// Makes a decoder for one body.
    ///
    /// - Parameters:
    ///   - framing: How the body is delimited.
    ///   - limits: How much of trailers and chunk extensions is accepted.
    ///   - bodyBytesMax: The largest body; one that announces more is refused by its head.
    package init(
        framing: HTTPBodyFraming,
        limits: HTTPLimits = HTTPLimits(),
        bodyBytesMax: Int = .max
    ) {
        self.limits = limits
        self.bodyBytesMax = bodyBytesMax
        switch framing {
        case .none: self.phase = .counted(left: 0)
        case .length(let length): self.phase = .counted(left: length)
        case .chunked: self.phase = .chunkSize
        case .untilClose: self.phase = .untilClose
        }
    }

    /// Whether the end of the connection is a proper end of the body here.
    package var mayEndByClose: Bool { self.phase == .untilClose || self.phase == .done }

    /// How many bytes are still to come of a body whose length is known; `nil` for others.
    package var bytesLeft: Int? {
        guard case .counted(let left) = self.phase else { return nil }
        return left
    }

    /// Notes bytes of such a body that were read without the decoder, at most ``bytesLeft``.
    package mutating func skip(_ count: Int) {
        guard case .counted(let left) = self.phase, 0...left ~= count else {
            return assertionFailure("no more is skipped than was left")
        }
        self.bodyBytes += count
        self.phase = .counted(left: left - count)
    }

    /// Looks at the bytes from `start` on.
    ///
    /// - Parameters:
    ///   - bytes: The buffer; bytes that were not consumed are given again, with more behind them.
    ///   - start: The first byte that was not consumed.
    /// - Returns: What was found there.
    /// - Throws: ``HTTPParseError`` when no further byte could make it valid.
    package mutating func decode(
        _ bytes: Span<UInt8>,
        from start: Int
    ) throws(HTTPParseError) -> Step {
        var cursor = start
        while true {
            switch self.phase {
            case .counted(let left):
                return try self.counted(left: left, bytes, cursor)
            case .untilClose:
                guard cursor < bytes.count else { return .needMore(consumed: cursor) }
                try self.count(bytes.count - cursor)
                return .data(cursor..<bytes.count)
            case .chunkSize:
                guard let size = try self.chunkSize(bytes, &cursor) else {
                    return .needMore(consumed: cursor)
                }
                self.phase = size == 0 ? .trailers : .chunkData(left: size)
            case .chunkData(let left):
                guard cursor < bytes.count else { return .needMore(consumed: cursor) }
                let taken = min(left, bytes.count - cursor)
                self.phase = taken == left ? .chunkEnd : .chunkData(left: left - taken)
                return .data(cursor..<cursor + taken)
            case .chunkEnd:
                guard try self.chunkEnd(bytes, &cursor) else { return .needMore(consumed: cursor) }
                self.phase = .chunkSize
            case .trailers:
                guard let trailers = try self.trailers(bytes, &cursor) else {
                    return .needMore(consumed: cursor)
                }
                self.phase = .done
                return .end(consumed: cursor, trailers: trailers)
            case .done:
                return .end(consumed: cursor, trailers: HTTPFields())
            }
        }
    }

    private mutating func counted(
        left: Int,
        _ bytes: Span<UInt8>,
        _ cursor: Int
    ) throws(HTTPParseError) -> Step {
        guard left <= self.bodyBytesMax - self.bodyBytes else { throw .bodyTooLarge }
        guard left > 0 else {
            self.phase = .done
            return .end(consumed: cursor, trailers: HTTPFields())
        }
        guard cursor < bytes.count else { return .needMore(consumed: cursor) }
        let taken = min(left, bytes.count - cursor)
        self.bodyBytes += taken
        self.phase = .counted(left: left - taken)
        return .data(cursor..<cursor + taken)
    }

    private mutating func count(_ length: Int) throws(HTTPParseError) {
        guard length <= self.bodyBytesMax - self.bodyBytes else { throw .bodyTooLarge }
        self.bodyBytes += length
    }

    /// Reads `1*HEXDIG [chunk-ext] CRLF`; the whole line must be there.
    private mutating func chunkSize(
        _ bytes: Span<UInt8>,
        _ cursor: inout Int
    ) throws(HTTPParseError) -> Int? {
        var index = cursor
        var size = 0
        while index < bytes.count, let digit = Self.hexValue(bytes[index]) {
            index += 1
            guard size <= Self.chunkSizeMax >> 4, index - cursor <= Self.chunkSizeDigitsMax else {
                throw .chunkSizeInvalid
            }
            size = size << 4 | digit
        }
        guard index < bytes.count else { return nil }
        guard index > cursor else { throw .chunkSizeInvalid }
        switch bytes[index] {
        case 0x0D, 0x20, 0x09, UInt8(ascii: ";"): break
        default: throw .chunkSizeInvalid
        }
        guard
            let end = try HTTPChunkExtension.end(
                bytes,
                from: index,
                lengthMax: self.limits.chunkExtensionBytesMax
            ),
            end + 1 < bytes.count
        else { return nil }
        guard bytes[end + 1] == 0x0A else { throw .lineEndInvalid }
        try self.countExtensions(end - index)
        try self.count(size)
        cursor = end + 2
        return size
    }

    private mutating func countExtensions(_ length: Int) throws(HTTPParseError) {
        guard length <= self.limits.chunkExtensionBytesTotalMax - self.extensionBytes else {
            throw .chunkExtensionTooLong
        }
        self.extensionBytes += length
    }

    private func chunkEnd(
        _ bytes: Span<UInt8>,
        _ cursor: inout Int
    ) throws(HTTPParseError) -> Bool {
        guard cursor < bytes.count else { return false }
        guard bytes[cursor] == 0x0D else { throw .chunkEndInvalid }
        guard cursor + 1 < bytes.count else { return false }
        guard bytes[cursor + 1] == 0x0A else { throw .chunkEndInvalid }
        cursor += 2
        return true
    }

    /// Reads field lines up to an empty one; all of them must be there.
    private func trailers(
        _ bytes: Span<UInt8>,
        _ cursor: inout Int
    ) throws(HTTPParseError) -> HTTPFields? {
        let rest = bytes.extracting(cursor..<bytes.count)
        var scanner = HTTPHeadScanner(startLine: .none)
        var limits = self.limits
        limits.headerBytesMax = limits.trailerBytesMax
        guard let length = try scanner.scan(rest, limits: limits) else { return nil }
        cursor += length
        guard length > 2 else { return HTTPFields() }
        var end = 0
        var trailers = try HTTPFieldParser.parse(
            rest.extracting(0..<length),
            &end,
            linesMax: limits.headerCountMax
        )
        HTTPTrailers.keepAllowed(&trailers)
        return trailers
    }

    private static func hexValue(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}
