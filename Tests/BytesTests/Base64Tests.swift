// SPDX-License-Identifier: Apache-2.0

import Bytes
import TestSupport
import Testing

@Suite("Base64 (RFC 4648 section 4)")
struct Base64Tests {
    @Test(
        "encodes and decodes the vectors of section 10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ]
    )
    func vectors(_ plain: String, _ encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
    }

    @Test(
        "refuses what is not the one right text",
        arguments: [
            "Z", "Zg", "Zg=", "Zg===", "=", "==", "====", "=Zg=", "Z=g=", "Zg=a", "Z===",
            "Zg==Zg==", "Zm8=Zm8=",  // padding within
            "Zh==", "Zm9=", "//==", "///=",  // bits that no byte holds
            "Zm9v\n", " Zm9v", "Zm 9", "Zm-v", "Zm_v", "Zm9\u{0}", "Zmé=", "Zg=\n",
        ]
    )
    func refused(_ text: String) { #expect(Base64.decode(text) == nil) }

    @Test("all 256 characters are judged one by one")
    func everyCharacter() {
        let alphabet = Set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
        )
        for byte in UInt8.min...UInt8.max {
            let decoded = Base64.decode(bytes: [byte, 0x41, 0x41, 0x41])
            #expect((decoded != nil) == alphabet.contains(byte), "byte \(byte)")
        }
    }

    @Test("any bytes come back, and no other text gives them")
    func roundTrip() {
        var random = SeededGenerator()
        for _ in 0..<500 {
            let bytes = random.bytes(countMax: 60)
            let text = Base64.encode(bytes)
            #expect(text == String(decoding: Base64.encodeBytes(bytes), as: UTF8.self))
            #expect(text.utf8.count == (bytes.count + 2) / 3 * 4)
            #expect(Base64.decode(text) == bytes, "seed \(SeededGenerator.seed)")
        }
    }

    @Test("what is accepted is what would have been written")
    func isCanonical() {
        var random = SeededGenerator()
        let characters = Array("ABab01+/==".utf8)
        for _ in 0..<5000 {
            let count = Int.random(in: 0...8, using: &random)
            let text = (0..<count).map { _ in
                characters.randomElement(using: &random) ?? UInt8(ascii: "A")
            }
            guard let bytes = Base64.decode(bytes: text) else { continue }
            #expect(Base64.encodeBytes(bytes) == text, "seed \(SeededGenerator.seed)")
        }
    }
}
