// SPDX-License-Identifier: Apache-2.0

internal import TestSupport

/// The bytes that a fuzzer made up, and choices that follow from them alone.
struct FuzzInput {
    private(set) var bytes: [UInt8]
    private var random: SeededGenerator

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        // FNV-1a: any small change of the input makes other choices.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        self.random = SeededGenerator(seed: hash)
    }

    /// The first byte, which is no more a part of the bytes then; 0 when there is none.
    mutating func takeFirst() -> UInt8 { self.bytes.isEmpty ? 0 : self.bytes.removeFirst() }

    /// Ways in which the bytes may arrive: how many of them are there at each step.
    mutating func arrivals() -> [[Int]] {
        let count = self.bytes.count
        var ways = (0..<3).map { _ in
            let cutCount = Int.random(in: 1...4, using: &self.random)
            let cuts = (0..<cutCount).map { _ in Int.random(in: 0...count, using: &self.random) }
            return cuts.sorted() + [count]
        }
        if count <= 128 { ways.append(Array(0...count)) }
        return ways
    }
}
