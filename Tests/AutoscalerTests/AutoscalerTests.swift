// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Autoscaler

@Suite("Autoscaler of a revision")
struct AutoscalerTests {
    /// An autoscaler whose instances do what it wants at once.
    struct Plant {
        var autoscaler: Autoscaler
        var ready = 0
        var second: Int64 = 0
        var decision: ScalingDecision?

        init(_ change: (inout ScalingConfiguration) -> Void = { _ in }) {
            var configuration = ScalingConfiguration()
            configuration.initialScale = 0
            configuration.scaleToZeroGracePeriod = .zero
            change(&configuration)
            self.autoscaler = Autoscaler(configuration, at: Instant(second: 0))
        }

        /// A load that stays for so many seconds, decided on every two seconds.
        mutating func bear(_ load: Int, seconds: Int64) {
            self.autoscaler.concurrencyChanged(to: load, at: Instant(second: self.second))
            for _ in 0..<seconds {
                if self.second % 2 == 0 { self.decide() }
                self.second += 1
            }
            self.decide()
        }

        mutating func decide() {
            let now = Instant(second: self.second)
            let decision = self.autoscaler.decide(readyCount: self.ready, at: now)
            self.ready = decision.desiredCount
            self.decision = decision
        }
    }

    @Test("the first request is decided on at once")
    func poke() {
        var plant = Plant()
        plant.decide()
        #expect(plant.ready == 0 && plant.decision?.hold == ScalingDecision.Hold.none)
        plant.second = 5
        plant.autoscaler.requestArrived()
        plant.autoscaler.concurrencyChanged(to: 1, at: Instant(second: 5))
        plant.decide()
        #expect(plant.ready == 1)
        #expect(plant.decision?.hold == .load)
    }

    @Test("an idle revision goes to zero when its window has passed")
    func toZero() {
        var plant = Plant()
        plant.bear(1, seconds: 10)
        #expect(plant.ready == 1)
        plant.bear(0, seconds: 58)
        #expect(plant.ready == 1, "the window still holds a second with load")
        plant.bear(0, seconds: 2)
        #expect(plant.ready == 0)
        #expect(plant.autoscaler.loadEndedAt == Instant(second: 10))
    }

    @Test("the last instance stays for a window after it became active")
    func young() {
        var plant = Plant { $0.stableWindow = .seconds(60) }
        plant.autoscaler.add(1, second: 0)
        plant.second = 1
        plant.decide()
        #expect(plant.ready == 1)
        // The load is over and forgotten at once, with windows of their own.
        var zero = ScaleToZero(plant.autoscaler.configuration, at: Instant(second: 0))
        #expect(zero.hold(wantedCount: 1, mode: .proxy, at: Instant(second: 0)) == nil)
        #expect(
            zero.hold(wantedCount: 0, mode: .proxy, at: Instant(second: 59))
                == .young(until: Instant(second: 60))
        )
        #expect(zero.hold(wantedCount: 0, mode: .proxy, at: Instant(second: 60)) == nil)
    }

    @Test("grace counts from when the activator came into the path, retention from idleness")
    func graceAndRetention() {
        var configuration = ScalingConfiguration()
        configuration.stableWindow = .seconds(6)
        configuration.initialScale = 0
        let start = Instant(second: 0)
        var served = ScaleToZero(configuration, at: start)
        #expect(served.hold(wantedCount: 1, mode: .serve, at: Instant(second: 0)) == nil)
        #expect(
            served.hold(wantedCount: 0, mode: .proxy, at: Instant(second: 100))
                == .gracePeriod(until: Instant(second: 130))
        )
        #expect(served.hold(wantedCount: 0, mode: .proxy, at: Instant(second: 130)) == nil)

        var proxied = ScaleToZero(configuration, at: start)
        #expect(proxied.hold(wantedCount: 1, mode: .proxy, at: Instant(second: 0)) == nil)
        #expect(proxied.hold(wantedCount: 0, mode: .proxy, at: Instant(second: 100)) == nil)

        configuration.scaleToZeroPodRetentionPeriod = .seconds(45)
        var retained = ScaleToZero(configuration, at: start)
        #expect(retained.hold(wantedCount: 1, mode: .proxy, at: Instant(second: 0)) == nil)
        #expect(
            retained.hold(wantedCount: 0, mode: .proxy, at: Instant(second: 100))
                == .retention(until: Instant(second: 145))
        )
        // Load in between begins it all anew.
        #expect(retained.hold(wantedCount: 1, mode: .proxy, at: Instant(second: 120)) == nil)
        #expect(
            retained.hold(wantedCount: 0, mode: .proxy, at: Instant(second: 150))
                == .retention(until: Instant(second: 195))
        )
        #expect(retained.hold(wantedCount: 0, mode: .proxy, at: Instant(second: 195)) == nil)
    }

    @Test("min-scale holds, unless no traffic can reach the revision")
    func minScale() {
        var plant = Plant { $0.scaleMin = 3 }
        plant.decide()
        #expect(plant.ready == 3 && plant.decision?.hold == .minScale)
        plant.bear(0, seconds: 200)
        #expect(plant.ready == 3)
        plant.autoscaler.isReachable = false
        plant.bear(0, seconds: 10)
        #expect(plant.ready == 0)
    }

    @Test("max-scale holds, and initial-scale until it was reached once")
    func bounds() {
        var plant = Plant {
            $0.scaleMax = 4
            $0.target = 1
        }
        plant.bear(50, seconds: 20)
        #expect(plant.ready == 4)
        var initial = Plant { $0.initialScale = 3 }
        initial.decide()
        #expect(initial.ready == 3)
        initial.bear(0, seconds: 200)
        #expect(initial.ready == 0)
    }

    @Test("a cluster that does not scale to zero keeps one")
    func neverZero() {
        var plant = Plant { $0.mayScaleToZero = false }
        plant.bear(1, seconds: 4)
        plant.bear(0, seconds: 300)
        #expect(plant.ready == 1 && plant.decision?.hold == .minScale)
    }

    @Test("requests per second are counted, however short they are")
    func rate() {
        var plant = Plant {
            $0.metric = .rps
            $0.target = 10
            $0.targetUtilization = 1
        }
        for second in Int64(0)..<60 {
            plant.second = second
            for request in Int64(0)..<35 {
                let now = Instant(nanoseconds: second * 1_000_000_000 + request * 1_000_000)
                plant.autoscaler.concurrencyChanged(to: 0, at: now)
                plant.autoscaler.requestArrived()
            }
            plant.decide()
        }
        #expect(plant.ready == 4)
        #expect(plant.decision?.stableAverage == 35)
    }

    @Test(
        "a steady load settles on the instances that it needs",
        arguments: [1, 69, 70, 71, 700, 1234]
    )
    func settles(_ load: Int) {
        var plant = Plant()
        plant.bear(load, seconds: 300)
        #expect(plant.ready == (load + 69) / 70)
        #expect(plant.decision?.isPanicking == false)
    }

    @Test(
        "what the windows see decides, whichever way they weigh",
        arguments: SeededGenerator.seeds
    )
    func random(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var plant = Plant {
            $0.aggregation = random.chance(50) ? .linear : .weightedExponential
            $0.scaleMin = Int.random(in: 0...2, using: &random)
            $0.scaleMax = Int.random(in: 3...20, using: &random)
            $0.scaleDownDelay = .seconds(Int.random(in: 0...20, using: &random))
            $0.scaleToZeroPodRetentionPeriod = .seconds(Int.random(in: 0...20, using: &random))
        }
        let configuration = plant.autoscaler.configuration
        for _ in 0..<200 {
            let load = random.chance(40) ? 0 : Int.random(in: 0...2000, using: &random)
            plant.bear(load, seconds: Int64.random(in: 1...30, using: &random))
            #expect(plant.ready >= configuration.scaleMin && plant.ready <= configuration.scaleMax)
            if load > 0 { #expect(plant.ready >= 1) }
        }
        plant.bear(0, seconds: 400)
        #expect(plant.ready == configuration.scaleMin)
    }
}
