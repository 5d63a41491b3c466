// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Finds the end of a message head, looking at each byte once however slowly they come.
///
/// It refuses what no further byte could make valid: bare CR or LF, lines beyond the limits.
struct HTTPHeadScanner {
    /// Whether the first line is a request or status line; trailers have none.
    private let hasStartLine: Bool
    /// How many bytes of the buffer were looked at.
    private var scanned = 0
    /// Where the line that is being read began.
    private var lineStart = 0
    /// Length of the first line with its CRLF; 0 while it is incomplete.
    private var startLineLength = 0
    private var lineCount = 0

    init(hasStartLine: Bool = true) { self.hasStartLine = hasStartLine }

    /// Whether nothing was scanned yet.
    var isFresh: Bool { self.scanned == 0 }

    private var isInStartLine: Bool { self.hasStartLine && self.startLineLength == 0 }

    /// Looks for the empty line that ends the head.
    ///
    /// - Parameters:
    ///   - bytes: All bytes from the start of the head; the same ones as before, and more.
    ///   - limits: How much is accepted.
    /// - Returns: The length of the head with its empty line; `nil` while it is incomplete.
    /// - Throws: ``HTTPParseError`` for a line end or a limit.
    mutating func scan(
        _ bytes: Span<UInt8>,
        limits: HTTPLimits
    ) throws(HTTPParseError) -> Int? {
        var index = self.scanned
        while true {
            index = Self.lineBreak(bytes, from: index)
            // A CR whose neighbour is not there yet is looked at again.
            guard index + 1 < bytes.count || index < bytes.count && bytes[index] == 0x0A else {
                break
            }
            guard bytes[index] == 0x0D, bytes[index + 1] == 0x0A else { throw .lineEndInvalid }
            let isEmpty = index == self.lineStart
            index += 2
            if isEmpty, !self.isInStartLine {
                try self.checkLimits(length: index, limits)
                return index
            }
            try self.endLine(at: index, limits)
        }
        self.scanned = index
        try self.checkLimits(length: bytes.count, limits)
        return nil
    }

    /// The place of the first CR or LF from `start` on; the end when there is none.
    private static func lineBreak(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while let place = EightBytes(bytes, at: index)?.firstLineBreak {
            index &+= place
            if place < 8 { return index }
        }
        while index < bytes.count, bytes[index] != 0x0D, bytes[index] != 0x0A { index += 1 }
        return index
    }

    private mutating func endLine(at end: Int, _ limits: HTTPLimits) throws(HTTPParseError) {
        if self.isInStartLine {
            self.startLineLength = end
            guard end <= limits.startLineBytesMax else { throw .startLineTooLong }
        } else {
            self.lineCount += 1
            guard self.lineCount <= limits.headerCountMax else { throw .headerCountExceeded }
        }
        self.lineStart = end
    }

    private func checkLimits(length: Int, _ limits: HTTPLimits) throws(HTTPParseError) {
        if self.isInStartLine {
            guard length < limits.startLineBytesMax else { throw .startLineTooLong }
        } else {
            guard length - self.startLineLength <= limits.headerBytesMax else {
                throw .headerTooLarge
            }
        }
    }
}
