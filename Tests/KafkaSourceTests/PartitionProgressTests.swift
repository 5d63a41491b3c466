// SPDX-License-Identifier: Apache-2.0

import Bytes
import TestSupport
import Testing

@testable import KafkaSource

@Suite("What a commit tells the next owner")
struct PartitionProgressTests {
    private let sample = PartitionProgress(
        finished: [6..<9, 200..<201, 1_000_000..<2_000_000],
        attempts: [.init(offset: 5, count: 3), .init(offset: 9, count: 1)]
    )

    @Test("what is written is read, and nothing is written about nothing")
    func roundTrip() {
        let text = self.sample.text(base: 5)
        #expect(PartitionProgress(text: text, base: 5) == self.sample)
        #expect(text.utf8.allSatisfy { 0x21...0x7E ~= $0 })
        #expect(PartitionProgress.none.text(base: 7).isEmpty)
        #expect(PartitionProgress(text: "", base: 7) == .none)
        #expect(PartitionProgress(text: nil, base: 7) == .none)
    }

    @Test("what is cut short, or somebody else's, is nothing or a beginning, and never traps")
    func broken() {
        let text = self.sample.text(base: 5)
        for end in 0..<text.count {
            let part = PartitionProgress(text: String(text.prefix(end)), base: 5)
            #expect(self.sample.finished.starts(with: part.finished))
            #expect(self.sample.attempts.starts(with: part.attempts))
        }
        for text in ["x", "swiftlet1:!", "swiftlet2:AAAA", "swiftlet1:AQ==", "swiftlet1:////"] {
            #expect(PartitionProgress(text: text, base: 0) == .none)
        }
        // An offset beyond all offsets.
        #expect(PartitionProgress(text: text, base: .max) == .none)
        #expect(PartitionProgress(text: text, base: -1) == .none)
    }

    @Test("any bytes are read without harm", arguments: SeededGenerator.seeds)
    func fuzz(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let text = "swiftlet1:" + Base64.encode(random.bytes(countMax: 40))
            let read = PartitionProgress(
                text: text,
                base: Int64.random(in: 0...(.max), using: &random)
            )
            for (left, right) in zip(read.finished, read.finished.dropFirst()) {
                #expect(left.upperBound <= right.lowerBound)
            }
        }
    }

    @Test("ranges that do not fit are left out, newest first", arguments: [64, 4095, 4096])
    func ranges(_ bytesMax: Int) {
        let all = PartitionProgress(finished: (0..<5000).map { Int64($0 * 3)..<Int64($0 * 3 + 1) })
        let text = all.text(base: 0, bytesMax: bytesMax)
        #expect(text.utf8.count <= bytesMax && text.utf8.count > bytesMax - 8)
        let read = PartitionProgress(text: text, base: 0)
        #expect(all.finished.starts(with: read.finished))
        // Two bytes a range, in base64.
        #expect(read.finished.count > bytesMax / 4)
    }

    @Test("attempts leave room for ranges")
    func attempts() {
        let all = PartitionProgress(
            finished: [100_000..<100_001],
            attempts: (0..<5000).map { .init(offset: Int64($0), count: 2) }
        )
        let text = all.text(base: 0)
        #expect(text.utf8.count <= PartitionProgress.textBytesMax)
        let read = PartitionProgress(text: text, base: 0)
        #expect(read.finished == all.finished)
        #expect(read.attempts.count == PartitionProgress.attemptBytesMax / 2)
        #expect(all.attempts.starts(with: read.attempts))
    }
}
