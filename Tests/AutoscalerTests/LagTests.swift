// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Autoscaler

@Suite("Lag of sources")
struct LagTests {
    static func at(_ second: Int64) -> Instant { Instant(second: second) }

    static func lag(_ records: Int, parallelMax: Int = .max) -> SourceLag {
        SourceLag(records: records, parallelMax: parallelMax)
    }

    // MARK: Meter

    @Test(
        "the records of all sources, by the target, rounded up",
        arguments: [
            ([0], 0), ([1], 1), ([99], 1), ([100], 1), ([101], 2), ([50, 50], 1), ([50, 51], 2),
            ([Int.max, Int.max], ScaleDecider.countMax), ([-5], 0),
        ]
    )
    func wanted(_ records: [Int], _ count: Int) {
        var meter = LagMeter(target: 100)
        for (index, records) in records.enumerated() {
            meter.reported(Self.lag(records), by: "\(index)", at: Self.at(1))
        }
        #expect(meter.wantedCount(at: Self.at(1)) == count)
    }

    @Test("a source wants no more instances than it can give records to at once")
    func parallel() {
        var meter = LagMeter(target: 10)
        meter.reported(Self.lag(1000, parallelMax: 3), by: "ordered", at: Self.at(0))
        #expect(meter.wantedCount(at: Self.at(0)) == 3)
        meter.reported(Self.lag(15, parallelMax: 100), by: "other", at: Self.at(0))
        #expect(meter.wantedCount(at: Self.at(0)) == 5)
        #expect(meter.records(at: Self.at(0)) == 1015)
        // Whoever has lag can give one record at least.
        meter.reported(Self.lag(1000, parallelMax: 0), by: "ordered", at: Self.at(0))
        #expect(meter.wantedCount(at: Self.at(0)) == 3)
    }

    @Test("a report counts until the next one, and at most for its life")
    func lifetime() {
        var meter = LagMeter(target: 10)
        meter.reported(Self.lag(5), by: "a", at: Self.at(0))
        meter.reported(Self.lag(7), by: "a", at: Self.at(1))
        #expect(meter.records(at: Self.at(1)) == 7)
        #expect(meter.wantedCount(at: Self.at(30)) == 1 && meter.records(at: Self.at(30)) == 7)
        #expect(meter.wantedCount(at: Self.at(31)) == 0 && meter.records(at: Self.at(31)) == 0)
        meter.reported(Self.lag(7), by: "a", at: Self.at(40))
        meter.reported(Self.lag(0), by: "a", at: Self.at(41))
        #expect(meter.wantedCount(at: Self.at(41)) == 0)
    }

    @Test("there is a bound of sources, and those that are over make room")
    func bound() {
        var meter = LagMeter(target: 1)
        for number in 0..<LagMeter.sourcesMax {
            meter.reported(Self.lag(1), by: "\(number)", at: Self.at(0))
        }
        meter.reported(Self.lag(1), by: "one more", at: Self.at(1))
        #expect(meter.records(at: Self.at(1)) == LagMeter.sourcesMax)
        meter.reported(Self.lag(2), by: "0", at: Self.at(1))
        #expect(meter.records(at: Self.at(1)) == LagMeter.sourcesMax + 1)
        meter.reported(Self.lag(1), by: "one more", at: Self.at(30))
        #expect(meter.records(at: Self.at(30)) == 3)
    }

    @Test("without a target lag is known and wants nothing")
    func noTarget() {
        var meter = LagMeter(target: nil)
        meter.reported(Self.lag(1000), by: "a", at: Self.at(0))
        #expect(meter.wantedCount(at: Self.at(0)) == 0 && meter.records(at: Self.at(0)) == 1000)
    }

    @Test(
        "a share of the traffic is a share of the lag, rounded up",
        arguments: [(0, 0), (1, 1), (10, 10), (33, 33), (100, 100), (101, 100), (-1, 0)]
    )
    func shares(_ percent: Int, _ records: Int) {
        let share = Self.lag(100, parallelMax: 4).share(percent: percent)
        #expect(share.records == records)
        #expect(share.parallelMax == (records * 4 + 99) / 100)
        #expect(Self.lag(.max).share(percent: 100).records == .max)
        #expect(Self.lag(1).share(percent: 1).records == 1)
    }

    // MARK: Decision

    static func plant(
        target: Int = 10,
        _ change: (inout ScalingConfiguration) -> Void = { _ in }
    ) -> AutoscalerTests.Plant {
        AutoscalerTests.Plant {
            $0.lagTarget = target
            $0.stableWindow = .seconds(6)
            change(&$0)
        }
    }

    @Test("the larger of lag and requests decides, within max-scale")
    func larger() {
        var plant = Self.plant {
            $0.target = 1
            $0.targetUtilization = 1
            $0.scaleMax = 8
        }
        plant.autoscaler.lagReported(Self.lag(35), by: "a", at: Self.at(0))
        plant.decide()
        #expect(plant.ready == 4 && plant.decision?.hold == .lag)
        #expect(plant.decision?.lagRecords == 35)
        plant.bear(6, seconds: 6)
        plant.autoscaler.lagReported(Self.lag(35), by: "a", at: Self.at(plant.second))
        plant.decide()
        #expect(plant.ready == 6 && plant.decision?.hold == .load)
        plant.autoscaler.lagReported(Self.lag(1000), by: "a", at: Self.at(plant.second))
        plant.decide()
        #expect(plant.ready == 8 && plant.decision?.hold == .lag)
    }

    @Test("lag keeps a function awake, and without lag it sleeps as always")
    func asleep() {
        var plant = Self.plant()
        for _ in 0..<60 {
            plant.autoscaler.lagReported(Self.lag(1), by: "a", at: Self.at(plant.second))
            plant.bear(0, seconds: 2)
            #expect(plant.ready == 1 && plant.decision?.hold == .lag)
        }
        plant.autoscaler.lagReported(Self.lag(0), by: "a", at: Self.at(plant.second))
        plant.bear(0, seconds: 6)
        #expect(plant.ready == 0 && plant.decision?.hold == ScalingDecision.Hold.none)
    }

    @Test("a source that falls silent keeps a function awake for the life of its report only")
    func silence() {
        var plant = Self.plant()
        plant.autoscaler.lagReported(Self.lag(500), by: "a", at: Self.at(0))
        plant.bear(0, seconds: 29)
        #expect(plant.ready == 50)
        plant.bear(0, seconds: 20)
        #expect(plant.ready == 0)
    }

    @Test("instances go by the rate and after the delay, as when requests become fewer")
    func down() {
        var plant = Self.plant { $0.scaleDownDelay = .seconds(10) }
        plant.autoscaler.lagReported(Self.lag(160), by: "a", at: Self.at(0))
        plant.bear(0, seconds: 2)
        #expect(plant.ready == 16)
        plant.autoscaler.lagReported(Self.lag(10), by: "a", at: Self.at(2))
        plant.bear(0, seconds: 8)
        #expect(plant.ready == 16, "the delay holds")
        guard case .scaleDownDelay = plant.decision?.hold else {
            Issue.record("\(String(describing: plant.decision))")
            return
        }
        plant.bear(0, seconds: 4)
        #expect(plant.ready == 8, "half of it may go in a decision")
    }

    @Test("the wish of the lag obeys scale-up rate and activation scale")
    func bounds() {
        var slow = Self.plant { $0.scaleUpRateMax = 2 }
        slow.autoscaler.lagReported(Self.lag(1000), by: "a", at: Self.at(0))
        slow.decide()
        #expect(slow.ready == 2)
        slow.decide()
        #expect(slow.ready == 4)
        var active = Self.plant { $0.activationScale = 3 }
        active.autoscaler.lagReported(Self.lag(1), by: "a", at: Self.at(0))
        active.decide()
        #expect(active.ready == 3)
    }

    @Test("at any decision lag adds instances and takes none away", arguments: [UInt64(1), 2])
    func property(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var plant = Self.plant(target: Int.random(in: 1...50, using: &random))
            for _ in 0..<20 {
                let lag = Self.lag(Int.random(in: 0...500, using: &random))
                plant.autoscaler.lagReported(lag, by: "a", at: Self.at(plant.second))
                let load = Int.random(in: 0...300, using: &random)
                plant.bear(load, seconds: Int64.random(in: 1...5, using: &random))
                var without = plant
                without.autoscaler.lagReported(Self.lag(0), by: "a", at: Self.at(plant.second))
                plant.decide()
                without.decide()
                #expect(plant.ready >= without.ready)
                #expect(plant.ready >= plant.autoscaler.lag.wantedCount(at: Self.at(plant.second)))
            }
        }
    }
}
