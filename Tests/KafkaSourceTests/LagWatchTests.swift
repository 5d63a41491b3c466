// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import Synchronization
import TestSupport
import Testing

@testable import KafkaSource

@Suite("Lag of a source", .timeLimit(.minutes(2)))
struct LagWatchTests {
    @Test(
        "records are summed up, and order bounds what can be done at once",
        arguments: [
            (DeliveryOrdering.ordered, 2), (.key, 15), (.unordered, 15),
        ]
    )
    func parallel(_ ordering: DeliveryOrdering, _ parallelMax: Int) {
        let lags: [Int64?] = [5, nil, 0, 10, -3]
        let lag = KafkaSourceLag(of: lags, ordering: ordering, inFlightMax: 100)
        #expect(lag.records == 15 && lag.parallelMax == parallelMax)
        let bounded = KafkaSourceLag(of: lags, ordering: ordering, inFlightMax: 1)
        #expect(bounded.parallelMax == 1)
        let most = KafkaSourceLag(of: [.max, .max], ordering: ordering, inFlightMax: 7)
        #expect(most.records == .max)
        #expect(KafkaSourceLag(of: [], ordering: ordering, inFlightMax: 7) == .none)
    }

    /// Whether the sink takes anything.
    private final class Door: Sendable {
        let isOpen = Atomic<Bool>(false)
    }

    @Test("lag is told while there is some, then that there is none, and then nothing")
    func told() async throws {
        // The sink answers nothing but errors until it is let go.
        let door = Door()
        let fixture = try await DispatchFixture(topics: ["t": 3]) { _ in
            .init(status: door.isOpen.load(ordering: .relaxed) ? 200 : 503)
        }
        let dispatcher = try fixture.dispatcher {
            $0.delivery = DeliverySpec(backoffDelay: .milliseconds(50))
        }
        let reports = Journal<KafkaSourceLag>(loop: fixture.loop)
        dispatcher.watchLag { reports.append($0) }
        dispatcher.start()
        #expect(await dispatcher.waitUntilAssigned(deadline: .seconds(60)))
        #expect(reports.entries.isEmpty)
        for number in 0..<12 { try await fixture.send("\(number)", key: "\(number % 2)") }
        // Reports are renewed while nothing changes.
        #expect(await reports.wait { $0.count { $0.records == 12 } >= 3 })
        #expect((reports.entries.last?.parallelMax ?? 0) >= 1)
        door.isOpen.store(true, ordering: .relaxed)
        #expect(await reports.wait { $0.last == KafkaSourceLag.none })
        let count = reports.entries.count
        #expect(reports.entries.dropLast().allSatisfy { $0.records > 0 && $0.parallelMax <= 3 })
        // From zero the next record is told of again, and an end ends it.
        door.isOpen.store(false, ordering: .relaxed)
        try await fixture.send("more")
        #expect(await reports.wait { $0.count > count && $0.last?.records == 1 })
        await dispatcher.stop(deadline: .zero)
        #expect(await reports.wait { $0.last == KafkaSourceLag.none })
        await fixture.stop()
    }
}
