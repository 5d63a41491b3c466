// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KafkaSource

@Suite("Queue")
struct QueueTests {
    @Test(
        "gives back what it got, in order, however puts and takes mix",
        arguments: SeededGenerator.seeds
    )
    func order(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = Queue<Int>()
        var model: [Int] = []
        for number in 0..<3000 {
            if random.next() % 5 < 3 {
                queue.append(number)
                model.append(number)
            } else {
                let expected = model.isEmpty ? nil : model.removeFirst()
                let taken = queue.popFirst()
                #expect(taken == expected)
            }
            #expect(queue.count == model.count)
            #expect(queue.first == model.first)
        }
    }
}
