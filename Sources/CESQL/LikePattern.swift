// SPDX-License-Identifier: Apache-2.0

/// A pattern of `LIKE` (CESQL 1.0.0 section 3.4.3), ready to be matched.
///
/// `%` is any text, `_` any one scalar, `\%` and `\_` are themselves; any other `\` is itself too.
///
/// All ways to match are followed at once, as bits of a set: the time is linear in the text, a
/// step for each 64 characters of the pattern, and nothing is ever tried again.
struct LikePattern: Sendable {
    /// Characters of a pattern, `%` not counted; the set of positions then fills sixteen words.
    static let countMax = 1023
    private typealias Positions = InlineArray<16, UInt64>

    /// Characters, `%` not counted.
    private let count: Int
    /// Words of a set of positions; position n lies behind the first n characters.
    private let words: Int
    /// The positions where a `%` stands.
    private var loops: [UInt64]
    /// For each kind of scalar a set: the positions whose next character it matches.
    private var steps: [UInt64]
    /// The kinds of ASCII characters; 0 is all that the pattern does not name.
    private var asciiKinds = [UInt16](repeating: 0, count: 128)
    /// The kinds of other scalars that the pattern names.
    private var otherKinds: [Unicode.Scalar: UInt16] = [:]

    /// Reads a pattern; `nil` when it has more than ``countMax`` characters.
    init?(_ text: String) {
        let (characters, loops) = Self.parse(text)
        guard characters.count <= Self.countMax else { return nil }
        self.count = characters.count
        self.words = characters.count / 64 + 1
        self.loops = [UInt64](repeating: 0, count: self.words)
        for position in loops { self.loops[position / 64] |= 1 << UInt64(position % 64) }
        self.steps = [UInt64](repeating: 0, count: self.words)
        self.fillSteps(characters)
    }

    /// The characters, `nil` for `_`, and the positions of `%`.
    private static func parse(_ text: String) -> (characters: [Unicode.Scalar?], loops: [Int]) {
        var characters: [Unicode.Scalar?] = []
        var loops: [Int] = []
        var isEscaped = false
        for scalar in text.unicodeScalars {
            switch (scalar, isEscaped) {
            case ("%", true), ("_", true):
                characters[characters.count - 1] = scalar
                isEscaped = false
            case ("%", false): loops.append(characters.count)
            case ("_", false): characters.append(nil)
            default:
                characters.append(scalar)
                isEscaped = scalar == "\\"
            }
        }
        return (characters, loops)
    }

    private mutating func fillSteps(_ characters: [Unicode.Scalar?]) {
        var named: [(position: Int, kind: UInt16)] = []
        var kindsCount: UInt16 = 1
        for (position, character) in characters.enumerated() {
            guard let character else {
                self.steps[position / 64] |= 1 << UInt64(position % 64)
                continue
            }
            var kind = self.kind(of: character)
            if kind == 0 {
                kind = kindsCount
                kindsCount += 1
                self.setKind(kind, of: character)
            }
            named.append((position, kind))
        }
        // `_` is matched by every kind.
        let unnamed = self.steps
        for _ in 1..<kindsCount { self.steps.append(contentsOf: unnamed) }
        for (position, kind) in named {
            let word = Int(kind) * self.words + position / 64
            self.steps[word] |= 1 << UInt64(position % 64)
        }
    }

    private func kind(of scalar: Unicode.Scalar) -> UInt16 {
        scalar.isASCII ? self.asciiKinds[Int(scalar.value)] : self.otherKinds[scalar] ?? 0
    }

    private mutating func setKind(_ kind: UInt16, of scalar: Unicode.Scalar) {
        if scalar.isASCII {
            self.asciiKinds[Int(scalar.value)] = kind
        } else {
            self.otherKinds[scalar] = kind
        }
    }

    /// Whether the whole of `text` fits; allocates nothing.
    func matches(_ text: String) -> Bool {
        self.words == 1 ? self.matchesShort(text) : self.matchesLong(text)
    }

    private func matchesShort(_ text: String) -> Bool {
        let loops = self.loops[0]
        let end: UInt64 = 1 << UInt64(self.count)
        var positions: UInt64 = 1
        for scalar in text.unicodeScalars {
            // Behind a last % nothing can go wrong any more.
            if positions & loops & end != 0 { return true }
            let step = self.steps[Int(self.kind(of: scalar))]
            positions = (positions & step) << 1 | positions & loops
            if positions == 0 { return false }
        }
        return positions & end != 0
    }

    private func matchesLong(_ text: String) -> Bool {
        var positions = Positions(repeating: 0)
        positions[0] = 1
        for scalar in text.unicodeScalars {
            let first = Int(self.kind(of: scalar)) * self.words
            var carry: UInt64 = 0
            var all: UInt64 = 0
            for word in 0..<self.words {
                let current = positions[word]
                let stepped = current & self.steps[first + word]
                positions[word] = stepped << 1 | carry | current & self.loops[word]
                carry = stepped >> 63
                all |= positions[word]
            }
            if all == 0 { return false }
        }
        return positions[self.count / 64] >> UInt64(self.count % 64) & 1 == 1
    }
}
