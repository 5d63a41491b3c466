// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import CESQL

@Suite("Patterns of LIKE (CESQL 1.0.0 section 3.4.3)")
struct LikePatternTests {
    /// The definition, word for word, and as slow as it likes.
    static func matches(
        _ text: ArraySlice<Unicode.Scalar>,
        _ pattern: ArraySlice<Unicode.Scalar>
    ) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let rest = pattern.dropFirst()
        switch first {
        case "%":
            return (0...text.count).contains { self.matches(text.dropFirst($0), rest) }
        case "_":
            return !text.isEmpty && self.matches(text.dropFirst(), rest)
        case "\\" where rest.first == "%" || rest.first == "_":
            return text.first == rest.first
                && self.matches(text.dropFirst(), rest.dropFirst())
        default:
            return text.first == first && self.matches(text.dropFirst(), rest)
        }
    }

    @Test("agrees with the definition", arguments: SeededGenerator.seeds)
    func definition(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var matchesCount = 0
        for _ in 0..<3000 {
            let text = Self.text(&random, ["a", "b", "é", "%", "_", "\\"], 8)
            let pattern = Self.text(&random, ["a", "b", "é", "%", "_", "\\%", "\\_", "\\"], 8)
            let expected = Self.matches(
                Array(text.unicodeScalars)[...],
                Array(pattern.unicodeScalars)[...]
            )
            let like = try #require(LikePattern(pattern))
            #expect(like.matches(text) == expected, "'\(text)' LIKE '\(pattern)', seed \(seed)")
            if expected { matchesCount += 1 }
            // The same with more than 64 positions.
            let padding = String(repeating: "x", count: 70)
            let long = try #require(LikePattern(padding + pattern))
            #expect(long.matches(padding + text) == expected, "'\(text)' LIKE '\(pattern)', long")
        }
        #expect(matchesCount > 100, "seed \(seed)")
    }

    private static func text(
        _ random: inout SeededGenerator,
        _ pieces: [String],
        _ countMax: Int
    ) -> String {
        (0..<Int.random(in: 0...countMax, using: &random)).map { _ in random.pick(pieces) }.joined()
    }

    @Test("where a word of the set of positions ends", arguments: [62, 63, 64, 65, 127, 128, 1023])
    func words(_ count: Int) throws {
        let text = String(repeating: "a", count: count)
        #expect(try #require(LikePattern(text)).matches(text))
        #expect(try #require(LikePattern(text + "%")).matches(text + "b"))
        #expect(try #require(LikePattern("%" + text)).matches("b" + text))
        #expect(try !#require(LikePattern(text)).matches(text + "a"))
        #expect(try !#require(LikePattern(text)).matches(String(text.dropLast())))
        #expect(try #require(LikePattern(String(repeating: "_", count: count))).matches(text))
        #expect(try !#require(LikePattern(String(text.dropLast()) + "b")).matches(text))
    }

    @Test("what makes others try for ever ends")
    func noBacktracking() throws {
        let text = String(repeating: "a", count: 200_000)
        let pattern = try #require(LikePattern(String(repeating: "a%", count: 500) + "b"))
        #expect(!pattern.matches(text))
        #expect(pattern.matches(text + "b"))
        let infix = try #require(
            LikePattern("%" + String(repeating: "a_", count: 400) + "b%")
        )
        #expect(!infix.matches(text))
    }
}
