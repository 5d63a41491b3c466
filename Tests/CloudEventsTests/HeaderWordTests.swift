// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import CloudEvents

@Suite("Eight bytes of a header at once")
struct HeaderWordTests {
    private static let space = UInt8(ascii: " ")

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        0x21...0x7E ~= byte && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "%")
    }

    private static func isPath(_ byte: UInt8) -> Bool {
        self.isName(byte) || "-./".utf8.contains(byte)
    }

    @Test("every byte at every place of every length up to 17, whatever lies around")
    func marks() {
        for length in 1...17 {
            for place in 0..<length {
                for byte in UInt8.min...UInt8.max {
                    var bytes = [UInt8](repeating: UInt8(ascii: "z"), count: length)
                    bytes[place] = byte
                    // The same with room behind it, full of what is never right.
                    for tail in [[], [UInt8](repeating: 0, count: 9)] {
                        Self.check((bytes + tail).span, length, byte)
                    }
                }
            }
        }
    }

    private static func check(_ bytes: Span<UInt8>, _ length: Int, _ byte: UInt8) {
        let bare = HeaderWord.marks(bytes, 0..<length) { $0.notBare } & HeaderWord.highBits
        let name = HeaderWord.marks(bytes, 0..<length) { $0.notName } & HeaderWord.highBits
        if (bare == 0) != self.isBare(byte) || (name == 0) != self.isName(byte) {
            Issue.record("byte \(byte), length \(length)")
        }
    }

    @Test("two neighbours, of which the first could mislead about the second")
    func neighbours() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let bytes: [UInt8] = [first, second]
                let word = HeaderWord(bytes.span, at: 0, count: 2, filler: 0x61)
                let bare = Self.isBare(first) ? (Self.isBare(second) ? 8 : 1) : 0
                let path = Self.isPath(first) ? (Self.isPath(second) ? 8 : 1) : 0
                if word.firstNotBare != bare || word.firstNotPath != path {
                    Issue.record("\(first), \(second)")
                }
            }
        }
    }

    @Test("letters get small, and nothing else changes")
    func lowercased() {
        for byte in UInt8.min...UInt8.max {
            let isCapital = UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
            let word = HeaderWord([0xFF, byte, 0].span, at: 0, count: 3).lowercased
            #expect(word.bits == 0xFF | UInt64(isCapital ? byte | 0x20 : byte) << 8)
        }
    }
}
