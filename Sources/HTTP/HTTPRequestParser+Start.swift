// SPDX-License-Identifier: Apache-2.0

extension HTTPRequestParser {
    /// How much of a method is looked at before the whole head is there.
    private static let methodBytesMax = 64

    /// Refuses what cannot become a request whatever follows, so that nobody waits for its end: a
    /// handshake of TLS, the bytes of another protocol, noise.
    ///
    /// - Parameter bytes: The start of a head that is incomplete.
    /// - Throws: ``HTTPParseError/startLineInvalid`` when it begins with no method (RFC 9112
    ///   section 3.1).
    package static func checkStart(_ bytes: Span<UInt8>) throws(HTTPParseError) {
        // One empty line before a request is forgiven (RFC 9112 section 2.2).
        let start = bytes.count >= 2 && bytes[0] == 0x0D && bytes[1] == 0x0A ? 2 : 0
        for index in start..<min(bytes.count, start + Self.methodBytesMax) {
            if HTTPText.isToken(bytes[index]) { continue }
            let isEnd = bytes[index] == 0x20 && index > start
            // Half of an empty line.
            let isLineEnd = bytes[index] == 0x0D && index == 0 && bytes.count == 1
            guard isEnd || isLineEnd else { throw .startLineInvalid }
            return
        }
    }
}
