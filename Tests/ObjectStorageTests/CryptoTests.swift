// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@testable import ObjectStorage

@Suite("Hashes and checksums")
struct CryptoTests {
    @Test(
        "known hashes",
        arguments: [
            (DigestAlgorithm.md5, "", "d41d8cd98f00b204e9800998ecf8427e"),
            (.md5, "abc", "900150983cd24fb0d6963f7d28e17f72"),
            (.sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (.sha256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (.sha256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ]
    )
    func knownHashes(algorithm: DigestAlgorithm, text: String, hash: String) {
        #expect(Hex.encode(Digest.hash(Array(text.utf8), with: algorithm)) == hash)
    }

    @Test("a hash fed in pieces equals the hash of the whole")
    func piecewise() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let whole = Digest.hash(bytes, with: .sha256)
        for split in stride(from: 0, through: bytes.count, by: 37) {
            let digest = Digest(.sha256)
            digest.update(bytes[..<split])
            digest.update(bytes[split...])
            #expect(digest.finish() == whole)
        }
    }

    @Test("RFC 4231 section 4.3")
    func hmac() {
        let code = KeyedHash.code(
            for: Array("what do ya want for nothing?".utf8),
            key: Array("Jefe".utf8)
        )
        #expect(
            Hex.encode(code) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        )
    }

    @Test("an empty key and an empty message have a code")
    func hmacOfNothing() {
        #expect(
            Hex.encode(KeyedHash.code(for: [], key: []))
                == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"
        )
    }

    @Test("constant-time comparison compares")
    func constantTime() {
        #expect(ConstantTime.areEqual([], []))
        #expect(ConstantTime.areEqual([1, 2], [1, 2]))
        #expect(!ConstantTime.areEqual([1, 2], [1, 3]))
        #expect(!ConstantTime.areEqual([1, 2], [1, 2, 3]))
    }

    /// The check value of each algorithm: its checksum of "123456789", from the CRC catalogue.
    @Test(
        "check values",
        arguments: [
            (ChecksumAlgorithm.crc32, "cbf43926"),
            (.crc32c, "e3069283"),
            (.crc64nvme, "ae8b14860a799888"),
            (.sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (.sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ]
    )
    func checkValues(algorithm: ChecksumAlgorithm, expected: String) {
        let checksum = ObjectChecksum(algorithm)
        Array("123456789".utf8).withUnsafeBytes { checksum.update($0) }
        #expect(checksum.finish() == Base64.encode(Hex.decode(expected) ?? []))
    }

    @Test("checksums do not depend on how the bytes are cut", arguments: ChecksumAlgorithm.allCases)
    func checksumSplits(algorithm: ChecksumAlgorithm) {
        let bytes = (0..<67).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        func value(splitAt split: Int) -> String {
            let checksum = ObjectChecksum(algorithm)
            bytes[..<split].withUnsafeBytes { checksum.update($0) }
            bytes[split...].withUnsafeBytes { checksum.update($0) }
            return checksum.finish()
        }
        let whole = value(splitAt: 0)
        for split in 1...bytes.count { #expect(value(splitAt: split) == whole) }
    }

    @Test("slicing by eight equals a plain loop over bits")
    func checksumAgainstNaive() {
        let bytes = (0..<257).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ 5) }
        var crc: UInt32 = .max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        var checksum = CyclicChecksum(.crc32)
        bytes.withUnsafeBytes { checksum.update($0) }
        let expected = String(~crc, radix: 16)
        #expect(Hex.encode(checksum.finish()) == expected)
    }

    @Test("checksum headers are recognised by name")
    func fieldNames() {
        #expect(ChecksumAlgorithm(fieldName: "x-amz-checksum-crc32c") == .crc32c)
        #expect(ChecksumAlgorithm(fieldName: "x-amz-checksum-type") == nil)
    }
}
