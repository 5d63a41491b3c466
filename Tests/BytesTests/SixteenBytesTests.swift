// SPDX-License-Identifier: Apache-2.0

import Bytes
import TestSupport
import Testing

@Suite("Sixteen bytes at once")
struct SixteenBytesTests {
    /// The place of the first byte that is not wanted, byte by byte.
    private static func first(_ bytes: [UInt8], where isFound: (UInt8) -> Bool) -> Int {
        bytes.firstIndex(where: isFound) ?? bytes.count
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch UnicodeScalar(byte) {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }

    private static func isHost(_ byte: UInt8) -> Bool {
        self.isLetterOrDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
    }

    private static func check(_ bytes: [UInt8]) throws {
        let taken = SixteenBytes(bytes.span, at: 0)
        let window = try #require(taken)
        #expect(window.firstControl == self.first(bytes) { $0 < 0x20 || $0 == 0x7F })
        #expect(window.firstInvisible == self.first(bytes) { $0 <= 0x20 || $0 >= 0x7F })
        let special = self.first(bytes) { !self.isLetterOrDigit($0) && $0 != UInt8(ascii: "-") }
        #expect(window.firstSpecial == special)
        #expect(window.firstOutsideHost == self.first(bytes) { !self.isHost($0) })
    }

    @Test("each byte at each place")
    func everyByte() throws {
        for byte in UInt8.min...UInt8.max {
            for place in 0..<16 {
                var bytes = [UInt8](repeating: 0x61, count: 16)
                bytes[place] = byte
                try Self.check(bytes)
            }
        }
    }

    @Test("any bytes")
    func random() throws {
        var random = SeededGenerator()
        for _ in 0..<2_000 {
            let isPlain = Bool.random(using: &random)
            try Self.check(
                (0..<16).map { _ in .random(in: isPlain ? 0x2D...0x7A : 0...255, using: &random) }
            )
        }
    }

    @Test("none before the start and none past the end")
    func bounds() {
        let bytes = [UInt8](0..<20)
        for offset in [-1, 5, 20, .min, .max] {
            let isThere = SixteenBytes(bytes.span, at: offset) != nil
            #expect(!isThere, "offset \(offset)")
        }
        let (low, _) = SixteenBytes(bytes.span, at: 0)?.words ?? (0, 0)
        let (_, high) = SixteenBytes(bytes.span, at: 4)?.words ?? (0, 0)
        #expect(low == 0x0706_0504_0302_0100)
        #expect(high == 0x1312_1110_0F0E_0D0C)
        let isShort = SixteenBytes(bytes.span.extracting(0..<15), at: 0) == nil
        #expect(isShort)
    }

    @Test("a pair of bytes")
    func pair() {
        let bytes: [UInt8] = [1, 2, 3]
        let found = [
            bytes.span.hasPair(1, 2, at: 0), bytes.span.hasPair(2, 3, at: 1),
            bytes.span.hasPair(2, 1, at: 0), bytes.span.hasPair(1, 3, at: 0),
        ]
        #expect(found == [true, true, false, false])
        for offset in [-1, 2, 3, .min, .max] {
            let isThere = bytes.span.hasPair(3, 0, at: offset)
            #expect(!isThere, "offset \(offset)")
        }
    }

    @Test("eight characters as a word")
    func word() throws {
        let taken = EightBytes(Array("POST / H".utf8).span, at: 0)
        let bytes = try #require(taken)
        #expect(bytes == EightBytes("POST / H"))
        #expect(bytes != EightBytes("POST / h"))
        #expect(bytes.starts(with: "POST    ", count: 5))
        #expect(!bytes.starts(with: "POST    ", count: 6))
        #expect(bytes.starts(with: "POST / H", count: 8))
        #expect(!bytes.starts(with: "POST / h", count: 8))
        #expect(bytes.starts(with: "Pxxxxxxx", count: 1))
    }
}
