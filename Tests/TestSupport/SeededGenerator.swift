// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Random numbers that a failed run can repeat: the same seed gives the same ones (SplitMix64).
///
/// `SWIFTLET_TEST_SEED` in the environment replaces the seeds that tests choose themselves.
package struct SeededGenerator: RandomNumberGenerator {
    private static let given = getenv("SWIFTLET_TEST_SEED").flatMap {
        UInt64(String(cString: $0))
    }

    /// The seed of a test that has one.
    package static let seed = Self.given ?? 1
    /// The seeds of a test that has several.
    package static let seeds: [UInt64] = Self.given.map { [$0] } ?? [1, 2, 3, 4, 5, 6, 7, 8]

    /// The seeds of a test that has many, from 1 on.
    package static func seeds(_ count: UInt64) -> [UInt64] {
        Self.given.map { [$0] } ?? Array(1...count)
    }

    /// What it was made with; to be shown when a test fails.
    package let seed: UInt64
    private var state: UInt64

    /// Makes a generator of exactly this seed.
    package init(seed: UInt64 = Self.seed) {
        self.seed = seed
        self.state = seed
    }

    /// Makes a generator of the seed from the environment, or else of this one.
    package init(defaultSeed: UInt64) { self.init(seed: Self.given ?? defaultSeed) }

    package mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Bytes of any value, 0…`countMax` of them.
    package mutating func bytes(countMax: Int) -> [UInt8] {
        let count = Int.random(in: 0...countMax, using: &self)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) }
    }

    /// Whether something of that many percent happens.
    package mutating func chance(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &self) < percent
    }

    /// One of several, of which there must be one.
    package mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[Int.random(in: choices.indices, using: &self)]
    }
}
