// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Random numbers that a failed run can repeat: SplitMix64, seeded by `SWIFTLET_TEST_SEED` or 1.
struct SeededGenerator: RandomNumberGenerator {
    static let seed = getenv("SWIFTLET_TEST_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1

    private var state: UInt64

    init(seed: UInt64 = Self.seed) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Bytes of any value, 0…`countMax` of them.
    mutating func bytes(countMax: Int) -> [UInt8] {
        let count = Int.random(in: 0...countMax, using: &self)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }
}
