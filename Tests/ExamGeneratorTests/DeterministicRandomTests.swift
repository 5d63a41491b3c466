// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import exam_generator

@Suite("Random numbers that depend on a text alone")
struct DeterministicRandomTests {
    @Test(
        "hashes like FNV-1a",
        arguments: [
            ("", 0xCBF2_9CE4_8422_2325), ("a", 0xAF63_DC4C_8601_EC8C),
            ("foobar", 0x8594_4171_F739_67E8),
        ] as [(String, UInt64)]
    )
    func hashes(_ text: String, _ hash: UInt64) {
        #expect(DeterministicRandom.hash(text) == hash)
    }

    @Test("gives the same order for the same text, and another for another")
    func shuffles() {
        let numbers = Array(0..<20)
        var one = DeterministicRandom(seed: "one")
        var again = DeterministicRandom(seed: "one")
        var other = DeterministicRandom(seed: "other")
        let order = one.shuffled(numbers)
        #expect(order == again.shuffled(numbers))
        #expect(order != other.shuffled(numbers))
        #expect(order.sorted() == numbers)
    }

    @Test("reaches every number below the bound and none beyond")
    func range() {
        var random = DeterministicRandom(seed: "range")
        var seen = Set<Int>()
        for _ in 0..<200 { seen.insert(random.next(below: 7)) }
        #expect(seen == Set(0..<7))
        #expect(random.next(below: 1) == 0)
    }
}
