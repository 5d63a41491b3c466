// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A generator that gives the same numbers for the same seed (SplitMix64).
///
/// `SWIFTLET_SEED` in the environment sets the seed, to repeat a failure.
struct SeededGenerator: RandomNumberGenerator {
    let seed: UInt64
    private var state: UInt64

    init(defaultSeed: UInt64) {
        let given = getenv("SWIFTLET_SEED").flatMap { UInt64(String(cString: $0)) }
        self.seed = given ?? defaultSeed
        self.state = self.seed
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[Int.random(in: choices.indices, using: &self)]
    }
}
