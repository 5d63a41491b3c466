// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Finds the end of a message head, looking at each byte once however slowly they come.
///
/// It refuses what no further byte could make valid as soon as its line is complete: bare CR or LF,
/// lines beyond the limits, lines that are none of a head.
struct HTTPHeadScanner {
    /// What the first line is; trailers have no other than field lines.
    enum StartLine {
        case none
        case request
        case status
    }

    private let startLine: StartLine
    /// How many bytes of the buffer were looked at.
    private var scanned = 0
    /// Where the line that is being read began.
    private var lineStart = 0
    /// Length of the first line with its CRLF; 0 while it is incomplete.
    private var startLineLength = 0
    private var lineCount = 0

    init(startLine: StartLine) { self.startLine = startLine }

    /// Whether nothing was scanned yet.
    var isFresh: Bool { self.scanned == 0 }

    private var isInStartLine: Bool { self.startLine != .none && self.startLineLength == 0 }

    /// Looks for the empty line that ends the head.
    ///
    /// - Parameters:
    ///   - bytes: All bytes from the start of the head; the same ones as before, and more.
    ///   - limits: How much is accepted.
    /// - Returns: The length of the head with its empty line; `nil` while it is incomplete.
    /// - Throws: ``HTTPParseError`` for a line, its end, or a limit.
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
            try self.endLine(bytes, at: index, limits)
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

    private mutating func endLine(
        _ bytes: Span<UInt8>,
        at end: Int,
        _ limits: HTTPLimits
    ) throws(HTTPParseError) {
        let line = bytes.extracting(self.lineStart..<end)
        if self.isInStartLine {
            self.startLineLength = end
            guard end <= limits.startLineBytesMax else { throw .startLineTooLong }
            try self.checkStartLine(line)
        } else {
            self.lineCount += 1
            guard self.lineCount <= limits.headerCountMax else { throw .headerCountExceeded }
            try HTTPFieldParser.checkLine(line)
        }
        self.lineStart = end
    }

    private func checkStartLine(_ line: Span<UInt8>) throws(HTTPParseError) {
        var cursor = 0
        switch self.startLine {
        case .none: break
        case .request: _ = try HTTPRequestParser.startLine(line, &cursor)
        case .status: _ = try HTTPResponseParser.statusLine(line, &cursor)
        }
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
