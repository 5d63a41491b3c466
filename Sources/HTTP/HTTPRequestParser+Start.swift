// SPDX-License-Identifier: Apache-2.0

extension HTTPRequestParser {
    /// How much of a method is looked at before the whole head is there.
    private static let methodBytesMax = 64
    /// How many empty lines before a request are passed over.
    private static let emptyLinesMax = 8

    /// The length of the empty lines before a request, which some clients send behind a body; one
    /// at least is to be ignored (RFC 9112 section 2.2).
    static func emptyLines(_ bytes: Span<UInt8>) -> Int {
        var length = 0
        while length < self.emptyLinesMax * 2, length + 1 < bytes.count, bytes[length] == 0x0D,
            bytes[length + 1] == 0x0A
        {
            length += 2
        }
        return length
    }

    /// Refuses what cannot become a request whatever follows, so that nobody waits for its end: a
    /// handshake of TLS, the bytes of another protocol, noise.
    ///
    /// - Parameter bytes: The start of a head that is incomplete.
    /// - Throws: ``HTTPParseError/startLineInvalid`` when it begins with no method (RFC 9112
    ///   section 3.1).
    package static func checkStart(_ bytes: Span<UInt8>) throws(HTTPParseError) {
        let start = self.emptyLines(bytes)
        for index in start..<min(bytes.count, start + Self.methodBytesMax) {
            if HTTPText.isToken(bytes[index]) { continue }
            let isEnd = bytes[index] == 0x20 && index > start
            // Half of an empty line.
            let isLineEnd = bytes[index] == 0x0D && index == start && bytes.count == start + 1
            guard isEnd || isLineEnd else { throw .startLineInvalid }
            return
        }
    }
}
