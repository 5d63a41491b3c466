// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@Suite("Eight bytes at once")
struct EightBytesTests {
    /// The place of the first byte with a property, looked for one by one.
    private static func first(_ bytes: [UInt8], where isMarked: (UInt8) -> Bool) -> Int {
        bytes.firstIndex(where: isMarked) ?? bytes.count
    }

    private static func isSpecial(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            false
        default: true
        }
    }

    private static func check(_ bytes: [UInt8]) throws {
        let loaded = EightBytes(bytes.span, at: 0)
        let eight = try #require(loaded)
        #expect(eight.firstLineBreak == Self.first(bytes) { $0 == 0x0D || $0 == 0x0A }, "\(bytes)")
        #expect(eight.firstControl == Self.first(bytes) { $0 < 0x20 || $0 == 0x7F }, "\(bytes)")
        let jsonSpecial = Self.first(bytes) { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }
        #expect(eight.firstJSONSpecial == jsonSpecial, "\(bytes)")
        #expect(eight.firstSpecial == Self.first(bytes, where: Self.isSpecial), "\(bytes)")
        let areNameBytes = bytes.allSatisfy {
            !Self.isSpecial($0) && $0 != UInt8(ascii: "-") && !(0x41...0x5A ~= $0)
        }
        #expect(eight.areLowercaseOrDigits == areNameBytes, "\(bytes)")
    }

    @Test("every byte at every place")
    func single() throws {
        for place in 0..<8 {
            for byte in UInt8.min...UInt8.max {
                var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 8)
                bytes[place] = byte
                try Self.check(bytes)
            }
        }
    }

    @Test("neighbours do not mislead the first mark")
    func neighbours() throws {
        let odd: [UInt8] = [
            0, 1, 9, 0x0A, 0x0B, 0x0D, 0x0E, 0x1F, 0x20, 0x22, 0x2D, 0x5C, 0x7E, 0x7F, 0x80, 0xFF,
        ]
        for first in odd {
            for second in odd {
                for third in odd {
                    try Self.check([0x41, first, second, third, 0x41, 1, 0x0A, 0x0D])
                }
            }
        }
    }

    @Test("a name in any case is the name in lower case")
    func caseAside() throws {
        for expected in [UInt8(ascii: "a"), UInt8(ascii: "z"), UInt8(ascii: "0"), 0x2D] {
            let name = [UInt8](repeating: expected, count: 8)
            let loadedName = EightBytes(name.span, at: 0)
            let nameWord = try #require(loadedName)
            for place in 0..<8 {
                for byte in UInt8.min...UInt8.max {
                    var bytes = name
                    bytes[place] = byte
                    let loaded = EightBytes(bytes.span, at: 0)
                    let lowercased = 0x41...0x5A ~= byte ? byte | 0x20 : byte
                    let word = try #require(loaded)
                    let areEqual = word.equals(lowercased: nameWord)
                    #expect(areEqual == (lowercased == expected), "\(bytes)")
                }
            }
        }
    }

    @Test("no byte outside of the span is looked at")
    func bounds() {
        let bytes = [UInt8](repeating: 0x41, count: 9)
        for (offset, isThere) in [(-1, false), (0, true), (1, true), (2, false), (.max, false)] {
            let eight = EightBytes(bytes.span, at: offset)
            #expect((eight != nil) == isThere, "\(offset)")
        }
    }
}
