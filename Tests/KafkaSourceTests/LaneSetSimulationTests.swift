// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KafkaSource

/// Random histories: sinks that fail, rebalances, crashes, commits that get lost.
///
/// A seed that fails is told; `SWIFTLET_TEST_SEED` in the environment runs it alone.
@Suite("Lanes, simulated")
struct LaneSetSimulationTests {
    private static let seedsCount: UInt64 = 1500

    @Test(
        "nothing is lost, order is kept, attempts are bounded, no commit passes an open record",
        arguments: DeliveryOrdering.allCases
    )
    func history(_ ordering: DeliveryOrdering) {
        for seed in SeededGenerator.seeds(Self.seedsCount) {
            var world = SimulatedWorld(seed: seed, ordering: ordering)
            for _ in 0..<200 { world.step() }
            world.quietDown()
            #expect(world.faults == [], "SWIFTLET_TEST_SEED=\(seed)")
            guard world.faults.isEmpty else { return }
        }
    }
}
