// SPDX-License-Identifier: Apache-2.0

/// Random numbers that depend on a text and on nothing else (SplitMix64).
///
/// The same document always gives the same exam, whatever the release of Swift.
struct DeterministicRandom {
    private var state: UInt64

    /// Starts a sequence that belongs to `seed`.
    init(seed: String) {
        self.state = Self.hash(seed)
    }

    /// The 64-bit FNV-1a hash of `text` in UTF-8.
    static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 {
            hash ^= UInt64(byte)
            hash &*= 0x0000_0100_0000_01B3
        }
        return hash
    }

    /// The next 64 bits.
    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `bound`; the bias is below 2⁻³² for small bounds.
    mutating func next(below bound: Int) -> Int {
        precondition(bound > 0, "there is a number to choose")
        return Int(self.next() % UInt64(bound))
    }

    /// `elements` in an order of their own (Fisher and Yates).
    mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var shuffled = elements
        for last in stride(from: shuffled.count - 1, to: 0, by: -1) {
            shuffled.swapAt(last, self.next(below: last + 1))
        }
        return shuffled
    }
}
