// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Autoscaler

@Suite("Scale decider, Knative's pod autoscaler")
struct ScaleDeciderTests {
    /// One decision of a fresh decider, as computed by hand from Knative's formulas.
    struct Vector: Sendable, CustomTestStringConvertible {
        var ready: Int
        var stable: Double
        var panic: Double
        var total: Double?
        var containerConcurrency = 0
        var burst = 211.0
        var isReachable = true
        var wanted: Int
        var isPanicking: Bool
        var excess: Int
        var activators: Int

        var testDescription: String {
            "ready \(self.ready), stable \(self.stable), panic \(self.panic)"
        }
    }

    static let vectors = [
        Vector(
            ready: 0,
            stable: 1,
            panic: 1,
            wanted: 1,
            isPanicking: false,
            excess: -212,
            activators: 3
        ),
        Vector(
            ready: 1,
            stable: 69,
            panic: 69,
            wanted: 1,
            isPanicking: false,
            excess: -180,
            activators: 4
        ),
        Vector(
            ready: 1,
            stable: 141,
            panic: 141,
            wanted: 3,
            isPanicking: true,
            excess: -252,
            activators: 4
        ),
        Vector(
            ready: 10,
            stable: 0,
            panic: 0,
            wanted: 5,
            isPanicking: false,
            excess: 789,
            activators: 13
        ),
        Vector(
            ready: 10,
            stable: 0,
            panic: 0,
            isReachable: false,
            wanted: 0,
            isPanicking: false,
            excess: 789,
            activators: 13
        ),
        Vector(
            ready: 3,
            stable: 100,
            panic: 300,
            wanted: 2,
            isPanicking: false,
            excess: -211,
            activators: 6
        ),
        Vector(
            ready: 10,
            stable: 700,
            panic: 700,
            wanted: 10,
            isPanicking: false,
            excess: 89,
            activators: 13
        ),
        Vector(
            ready: 1,
            stable: 5,
            panic: 5,
            containerConcurrency: 1,
            wanted: 8,
            isPanicking: true,
            excess: -215,
            activators: 3
        ),
        Vector(
            ready: 4,
            stable: 30,
            panic: 900,
            containerConcurrency: 10,
            wanted: 129,
            isPanicking: true,
            excess: -1071,
            activators: 3
        ),
        Vector(
            ready: 10,
            stable: 10,
            panic: 10,
            total: 10,
            burst: -1,
            wanted: 5,
            isPanicking: false,
            excess: -1,
            activators: 2
        ),
        Vector(
            ready: 1,
            stable: 3,
            panic: 3,
            total: 1,
            burst: 0,
            wanted: 5,
            isPanicking: true,
            excess: 0,
            activators: 2
        ),
    ]

    static let now = Instant(second: 1000)

    static func configured(
        _ change: (inout ScalingConfiguration) -> Void = { _ in }
    ) -> ScalingConfiguration {
        var configuration = ScalingConfiguration()
        change(&configuration)
        return configuration
    }

    @Test("the vectors computed from Knative's formulas", arguments: vectors)
    func vector(_ vector: Vector) {
        let configuration = Self.configured {
            $0.target = vector.total
            $0.containerConcurrency = vector.containerConcurrency
            $0.targetBurstCapacity = vector.burst
        }
        var decider = ScaleDecider(configuration, at: Self.now)
        let output = decider.decide(
            ScaleDecider.Input(
                readyCount: vector.ready,
                stableAverage: vector.stable,
                panicAverage: vector.panic,
                isReachable: vector.isReachable
            ),
            at: Self.now
        )
        #expect(output.wantedCount == vector.wanted)
        #expect(output.isPanicking == vector.isPanicking)
        #expect(output.excessBurstCapacity == vector.excess)
        #expect(output.activatorCount == vector.activators)
        #expect(output.mode == (vector.wanted > 0 && vector.excess >= 0 ? .serve : .proxy))
    }

    @Test("the target is the annotation, else the limit, else the default, never above the limit")
    func target() {
        #expect(Self.configured().totalValue == 100)
        #expect(Self.configured { $0.containerConcurrency = 7 }.totalValue == 7)
        let above = Self.configured {
            $0.target = 50
            $0.containerConcurrency = 7
        }
        #expect(above.totalValue == 7)
        let below = Self.configured {
            $0.target = 5
            $0.containerConcurrency = 10
            $0.targetUtilization = 1
        }
        #expect(below.targetValue == 5)
        #expect(Self.configured { $0.metric = .rps }.totalValue == 200)
        let rates = Self.configured {
            $0.metric = .rps
            $0.target = 300
            $0.containerConcurrency = 1
        }
        #expect(rates.totalValue == 300)
        let least = Self.configured {
            $0.target = 0.01
            $0.targetUtilization = 0.5
        }
        #expect(least.targetValue == 0.01)
    }

    /// Decides with a load that both windows show.
    static func decide(
        _ decider: inout ScaleDecider,
        ready: Int,
        stable: Double,
        panic: Double? = nil,
        at second: Int64
    ) -> ScaleDecider.Output {
        decider.decide(
            ScaleDecider.Input(
                readyCount: ready,
                stableAverage: stable,
                panicAverage: panic ?? stable
            ),
            at: Instant(second: second)
        )
    }

    @Test("panic keeps the most it wanted until a stable window has passed without it")
    func panicEnds() {
        var decider = ScaleDecider(Self.configured { $0.target = 1 }, at: Instant(second: 0))
        #expect(Self.decide(&decider, ready: 1, stable: 1, panic: 7, at: 0).wantedCount == 10)
        #expect(Self.decide(&decider, ready: 10, stable: 1, panic: 0, at: 2).wantedCount == 10)
        // Exactly one window after: still in panic, for it has to lie behind.
        let last = Self.decide(&decider, ready: 10, stable: 1, panic: 0, at: 60)
        #expect(last.isPanicking && last.wantedCount == 10)
        let after = Self.decide(&decider, ready: 10, stable: 1, panic: 0, at: 61)
        #expect(!after.isPanicking && after.wantedCount == 5)
    }

    @Test("panic is renewed while the load is above its threshold")
    func panicRenewed() {
        var decider = ScaleDecider(Self.configured { $0.target = 1 }, at: Instant(second: 0))
        for second in stride(from: Int64(0), through: 100, by: 2) {
            let output = Self.decide(&decider, ready: 1, stable: 1.4, at: second)
            #expect(output.isPanicking && output.wantedCount == 2)
        }
        #expect(decider.panicEndsAt == Instant(second: 160))
    }

    @Test("an autoscaler that finds several instances starts in panic and keeps them")
    func restart() {
        var decider = ScaleDecider(Self.configured(), readyCount: 8, at: Instant(second: 0))
        #expect(Self.decide(&decider, ready: 8, stable: 1, at: 2).wantedCount == 8)
        #expect(Self.decide(&decider, ready: 8, stable: 1, at: 61).wantedCount == 4)
        var one = ScaleDecider(Self.configured(), readyCount: 1, at: Instant(second: 0))
        #expect(!Self.decide(&one, ready: 1, stable: 0, at: 2).isPanicking)
    }

    @Test("growth and shrinking keep to their rates")
    func rates() {
        let configuration = Self.configured {
            $0.target = 1
            $0.targetUtilization = 1
            $0.scaleUpRateMax = 1.1
            $0.panicThreshold = 10
        }
        var decider = ScaleDecider(configuration, at: Instant(second: 0))
        // Rounded up, so that growth never comes to a halt.
        #expect(Self.decide(&decider, ready: 2, stable: 10, at: 0).wantedCount == 3)
        #expect(Self.decide(&decider, ready: 9, stable: 0, at: 2).wantedCount == 4)
        #expect(Self.decide(&decider, ready: 1, stable: 0, at: 4).wantedCount == 0)
    }

    @Test("activation-scale is the least for any load, and nothing for none")
    func activation() {
        let configuration = Self.configured { $0.activationScale = 5 }
        var decider = ScaleDecider(configuration, at: Instant(second: 0))
        #expect(Self.decide(&decider, ready: 0, stable: 0.001, at: 0).wantedCount == 5)
        #expect(Self.decide(&decider, ready: 1, stable: 0, at: 2).wantedCount == 0)
    }

    @Test("less load has to last for the scale-down delay")
    func delay() {
        let configuration = Self.configured {
            $0.target = 1
            $0.targetUtilization = 1
            $0.scaleDownDelay = .seconds(30)
            $0.panicThreshold = 10
        }
        var decider = ScaleDecider(configuration, at: Instant(second: 0))
        #expect(Self.decide(&decider, ready: 4, stable: 4, at: 0).wantedCount == 4)
        #expect(Self.decide(&decider, ready: 4, stable: 3, at: 2).wantedCount == 4)
        #expect(decider.delayedUntil == Instant(second: 30))
        #expect(Self.decide(&decider, ready: 4, stable: 3, at: 28).wantedCount == 4)
        #expect(Self.decide(&decider, ready: 4, stable: 3, at: 30).wantedCount == 3)
        #expect(decider.delayedUntil == nil)
        #expect(Self.decide(&decider, ready: 3, stable: 6, at: 32).wantedCount == 6)
    }

    @Test(
        "whatever the load, the wish is finite and within the rates",
        arguments: SeededGenerator.seeds
    )
    func bounds(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let configuration = Self.configured {
            $0.target = Double.random(in: 0.01...300, using: &random)
            $0.targetUtilization = Double.random(in: 0.01...1, using: &random)
            $0.containerConcurrency =
                random.chance(50) ? Int.random(in: 1...1000, using: &random) : 0
            $0.scaleUpRateMax = Double.random(in: 1.1...1000, using: &random)
            $0.scaleDownRateMax = Double.random(in: 1.1...10, using: &random)
            $0.targetBurstCapacity =
                random.chance(20) ? -1 : Double.random(in: 0...500, using: &random)
        }
        var decider = ScaleDecider(configuration, at: Instant(second: 0))
        var second: Int64 = 0
        for _ in 0..<2000 {
            second += Int64.random(in: 0...40, using: &random)
            let ready = Int.random(in: 0...1000, using: &random)
            let magnitude = random.chance(5) ? 1e300 : Double.random(in: 0...1e5, using: &random)
            let stable = random.chance(30) ? 0 : magnitude
            let before = decider.panicSince != nil
            let output = Self.decide(&decider, ready: ready, stable: stable, at: second)
            let counted = Double(max(1, ready))
            #expect(output.wantedCount >= 0 && output.wantedCount <= ScaleDecider.countMax)
            if !output.isPanicking {
                let most = (configuration.scaleUpRateMax * counted).rounded(.up)
                #expect(Double(output.wantedCount) <= most)
            }
            #expect(
                Double(output.wantedCount)
                    >= (counted / configuration.scaleDownRateMax).rounded(.down)
            )
            #expect(output.activatorCount >= 2)
            if !before, !output.isPanicking, stable > 0 { #expect(output.wantedCount >= 1) }
        }
    }

    @Test("more load never wants fewer instances", arguments: SeededGenerator.seeds)
    func monotonic(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let ready = Int.random(in: 0...50, using: &random)
            let low = Double.random(in: 0...5000, using: &random)
            let high = low + Double.random(in: 0...5000, using: &random)
            var first = ScaleDecider(Self.configured(), at: Self.now)
            var second = ScaleDecider(Self.configured(), at: Self.now)
            let fewer = Self.decide(&first, ready: ready, stable: low, at: 1000)
            let more = Self.decide(&second, ready: ready, stable: high, at: 1000)
            #expect(fewer.wantedCount <= more.wantedCount)
            #expect(fewer.excessBurstCapacity >= more.excessBurstCapacity)
        }
    }
}
