// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A sequence that looks random and is the same for the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    /// Some fixed seeds, or the one in `TEST_SEED`.
    static let seeds: [UInt64] = {
        if let text = getenv("TEST_SEED"), let seed = UInt64(String(cString: text)) {
            return [seed]
        }
        return [1, 2, 3, 4, 5, 6, 7, 8]
    }()

    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
