// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// The names that a server asks for with nearly every message.
///
/// They are told apart once, when a line is read or added, so that asking for one costs a test of
/// a bit and not a search.
package enum HTTPFieldName: UInt8, Sendable, CaseIterable {
    /// Any other name.
    case other
    case connection
    case contentLength
    case contentType
    case date
    case expect
    case forwarded
    case host
    case keepAlive
    case kubeletProbe
    case networkProbe
    case proxyRequest
    case server
    case te
    case trailer
    case transferEncoding
    case upgrade
    case userAgent
    case xForwardedFor

    /// Reads the name at the start of `bytes`, case aside.
    ///
    /// - Parameters:
    ///   - bytes: The name, and what follows it.
    ///   - length: How many bytes the name has.
    init(_ bytes: Span<UInt8>, length: Int) {
        if let window = SixteenBytes(bytes, at: 0) {
            self.init(token: window, length: length) { bytes[16] }
            return
        }
        var padded = InlineArray<16, UInt8>(repeating: 0)
        for index in 0..<min(length, padded.count) { padded[index] = bytes[index] }
        guard let window = SixteenBytes(padded.span, at: 0), length < 17 else {
            self = .other
            return
        }
        self.init(token: window, length: length) { 0 }
    }

    /// As ``init(_:length:last:)``, of bytes that may be no token.
    @inline(__always)
    private init(token window: SixteenBytes, length: Int, last: () -> UInt8) {
        let name = Self(window, length: length, last: last)
        let isToken = name == .other || window.firstSpecial >= min(length, 16)
        self = isToken ? name : .other
    }

    /// As ``init(_:length:)``, of the first 16 bytes of a token, and the 17th of as long a one.
    @inline(__always)
    init(_ window: SixteenBytes, length: Int, last: () -> UInt8) {
        // No two bytes of a token become one of these names' letters or hyphens by this bit.
        var (first, second) = window.words
        let spaces: UInt64 = 0x2020_2020_2020_2020
        (first, second) = (first | spaces, second | spaces)
        // Most lines of an event are attributes.
        guard first & 0xFF_FFFF != 0x2D_65_63 else {
            self = .other
            return
        }
        // What follows a name does not count.
        let padding = UInt64.max &<< UInt64(truncatingIfNeeded: length &* 8 & 63)
        switch length {
        case 2, 4, 6, 7: self = Self.short(first & ~padding)
        case 9, 10, 11, 12, 14, 15: self = Self.long(first, second & ~padding)
        case 17 where last() | 0x20 == UInt8(ascii: "g"):
            let isRight = first == Self.word("transfer") && second == Self.word("-encodin")
            self = isRight ? .transferEncoding : .other
        default: self = .other
        }
    }

    @inline(__always)
    private static func short(_ word: UInt64) -> Self {
        switch word {
        case self.word("te\0\0\0\0\0\0"): .te
        case self.word("date\0\0\0\0"): .date
        case self.word("host\0\0\0\0"): .host
        case self.word("expect\0\0"): .expect
        case self.word("server\0\0"): .server
        case self.word("trailer\0"): .trailer
        case self.word("upgrade\0"): .upgrade
        default: .other
        }
    }

    @inline(__always)
    private static func long(_ first: UInt64, _ second: UInt64) -> Self {
        switch (first, second) {
        case (self.word("content-"), self.word("length\0\0")): .contentLength
        case (self.word("content-"), self.word("type\0\0\0\0")): .contentType
        case (self.word("connecti"), self.word("on\0\0\0\0\0\0")): .connection
        case (self.word("user-age"), self.word("nt\0\0\0\0\0\0")): .userAgent
        case (self.word("keep-ali"), self.word("ve\0\0\0\0\0\0")): .keepAlive
        case (self.word("forwarde"), self.word("d\0\0\0\0\0\0\0")): .forwarded
        case (self.word("x-forwar"), self.word("ded-for\0")): .xForwardedFor
        case (self.word("k-kubele"), self.word("t-probe\0")): .kubeletProbe
        case (self.word("k-networ"), self.word("k-probe\0")): .networkProbe
        case (self.word("k-proxy-"), self.word("request\0")): .proxyRequest
        default: .other
        }
    }

    @inline(__always)
    private static func word(_ text: StaticString) -> UInt64 { EightBytes(text).word }
}
