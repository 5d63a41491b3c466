// SPDX-License-Identifier: Apache-2.0

import Bytes
import TestSupport
import Testing

@Suite("Hexadecimal (RFC 4648 section 8)")
struct HexTests {
    @Test(
        "encodes the vectors of section 10",
        arguments: [
            ("", ""), ("f", "66"), ("fo", "666f"), ("foo", "666f6f"), ("foob", "666f6f62"),
            ("fooba", "666f6f6261"), ("foobar", "666f6f626172"),
        ]
    )
    func vectors(_ plain: String, _ encoded: String) {
        #expect(Hex.encode(plain.utf8) == encoded)
        #expect(Hex.encode(plain.utf8, uppercase: true) == encoded.uppercased())
        #expect(Hex.decode(encoded) == Array(plain.utf8))
        #expect(Hex.decode(encoded.uppercased()) == Array(plain.utf8))
    }

    @Test(
        "refuses what is no pair of digits",
        arguments: ["0", "000", "0g", "g0", " 00", "00 ", "0x00", "+1", "-1", "0\u{0}", "٠٠", "é"]
    )
    func refused(_ text: String) { #expect(Hex.decode(text) == nil) }

    @Test("all 256 characters are judged one by one")
    func everyDigit() {
        let digits = Array("0123456789abcdef".utf8)
        for byte in UInt8.min...UInt8.max {
            let lower = byte >= 0x41 && byte <= 0x46 ? byte + 0x20 : byte
            #expect(Hex.value(of: byte).map(Int.init) == digits.firstIndex(of: lower))
        }
        for value in UInt8(0)..<16 {
            #expect(Hex.digit(value, uppercase: false) == digits[Int(value)])
        }
    }

    @Test("any bytes come back")
    func roundTrip() {
        var random = SeededGenerator()
        for _ in 0..<500 {
            let bytes = random.bytes(countMax: 40)
            let isUppercase = Bool.random(using: &random)
            let text = Hex.encode(bytes, uppercase: isUppercase)
            #expect(text.utf8.count == bytes.count * 2)
            #expect(Hex.decode(text) == bytes, "seed \(SeededGenerator.seed)")
            #expect(Hex.decode(text.dropLast()) == (bytes.isEmpty ? [] : nil))
        }
    }
}
