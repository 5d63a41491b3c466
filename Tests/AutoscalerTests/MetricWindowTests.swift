// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Autoscaler

@Suite("Metric windows")
struct MetricWindowTests {
    static func window(
        _ seconds: Int,
        _ aggregation: ScalingConfiguration.Aggregation = .linear,
        _ values: [Double] = []
    ) -> MetricWindow {
        var window = MetricWindow(seconds: seconds, aggregation: aggregation)
        for (second, value) in values.enumerated() { window.add(value, second: Int64(second)) }
        return window
    }

    @Test("nothing is known before the first value, nor after a silent window")
    func unknown() {
        var window = Self.window(6)
        #expect(window.average(at: 0) == nil)
        window.add(3, second: 10)
        #expect(window.average(at: 10) == 3)
        #expect(window.average(at: 15) == 3)
        #expect(window.average(at: 16) == nil)
    }

    @Test("the mean begins with the first value, and values of a second add up")
    func partial() {
        var window = Self.window(60)
        window.add(4, second: 100)
        window.add(2, second: 100)
        window.add(0, second: 101)
        #expect(window.average(at: 101) == 3)
        // The gap counts as 0: seconds 100 to 103.
        window.add(6, second: 103)
        #expect(window.average(at: 103) == 3)
    }

    @Test("what is older than the window is forgotten, exactly then")
    func forgets() {
        let window = Self.window(3, .linear, [9, 1, 2, 3])
        #expect(window.average(at: 3) == 2)
        #expect(window.average(at: 4) == 2.5)
        #expect(window.average(at: 5) == 3)
    }

    @Test("a value that comes late is added where it belongs, or left out")
    func late() {
        var window = Self.window(3, .linear, [3, 3, 3, 3])
        window.add(3, second: 1)
        #expect(window.average(at: 3) == 4)
        window.add(300, second: 0)
        #expect(window.average(at: 3) == 4)
    }

    @Test("means are cut after six digits")
    func precision() {
        #expect(Self.window(3, .linear, [1, 1, 0]).average(at: 2) == 0.666666)
    }

    @Test("with weights the newest counts most", arguments: [(2, 0.99), (4, 0.9), (60, 0.2)])
    func weights(_ seconds: Int, _ newest: Double) throws {
        let rising = Self.window(seconds, .weightedExponential, [5, 10])
        let expected = 10 * newest + 5 * newest * (1 - newest)
        let average = try #require(rising.average(at: 1))
        #expect((average - expected).magnitude < 1e-9)
        // A silent second lets it fade.
        let later = try #require(rising.average(at: 2))
        let kept = seconds > 2 ? expected : 10 * newest
        #expect((later - kept * (1 - newest)).magnitude < 1e-9)
    }

    @Test("a constant load has itself as its weighted mean, but for the rest of the weights")
    func weightedConstant() throws {
        let window = Self.window(60, .weightedExponential, Array(repeating: 50, count: 60))
        let average = try #require(window.average(at: 59))
        #expect(average > 49.99 && average <= 50)
    }

    @Test("the ring agrees with a list of all values", arguments: SeededGenerator.seeds)
    func differential(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let seconds = Int.random(in: 1...20, using: &random)
        var window = MetricWindow(seconds: seconds, aggregation: .linear)
        var all: [(second: Int64, value: Double)] = []
        var now: Int64 = -50
        for _ in 0..<2000 {
            if !random.chance(60) { now += Int64.random(in: 1...3, using: &random) }
            if random.chance(2) { now += Int64(seconds) + 2 }
            // A whole number, so that sums are exact in any order.
            let value = Double(Int.random(in: 0...100, using: &random))
            if let last = all.last, now - last.second >= Int64(seconds) { all = [] }
            all.append((now, value))
            window.add(value, second: now)
            let later = now + Int64.random(in: 0...Int64(seconds), using: &random)
            let first = all[0].second
            let oldest = max(first, later - Int64(seconds) + 1)
            let sum = all.filter { $0.second >= oldest }.reduce(0) { $0 + $1.value }
            let known = Double(now - oldest + 1)
            let mean = known > 0 ? (sum / known * 1e6).rounded(.down) / 1e6 : nil
            #expect(window.average(at: later) == mean, "seed \(seed), second \(now), at \(later)")
        }
    }
}
