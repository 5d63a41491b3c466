// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Autoscaler

@Suite("Load meter")
struct LoadMeterTests {
    static func at(_ seconds: Double) -> Instant { Instant(seconds: seconds) }

    @Test("a second's concurrency is the mean over its time")
    func mean() {
        var meter = LoadMeter(at: Self.at(0))
        var samples: [LoadMeter.Sample] = []
        meter.requestArrived()
        meter.changed(to: 1, at: Self.at(0.2)) { samples.append($0) }
        meter.requestArrived()
        meter.changed(to: 2, at: Self.at(0.5)) { samples.append($0) }
        meter.changed(to: 0, at: Self.at(1.25)) { samples.append($0) }
        meter.passed(to: Self.at(3)) { samples.append($0) }
        #expect(
            samples == [
                .init(second: 0, concurrency: 1.3, arrivals: 2),
                .init(second: 1, concurrency: 0.5, arrivals: 0),
                .init(second: 2, concurrency: 0, arrivals: 0),
            ]
        )
    }

    @Test("time that goes back or stands still changes nothing")
    func backwards() {
        var meter = LoadMeter(at: Self.at(5))
        var count = 0
        meter.changed(to: 3, at: Self.at(4)) { _ in count += 1 }
        meter.passed(to: Self.at(5)) { _ in count += 1 }
        #expect(count == 0 && meter.concurrency == 3)
    }

    @Test("a long silence tells only as many seconds as any window has")
    func silence() {
        var meter = LoadMeter(at: Self.at(0))
        var seconds: [Int64] = []
        meter.passed(to: Instant(second: 10_000_000)) { seconds.append($0.second) }
        #expect(seconds.count == LoadMeter.samplesMax + 1)
        #expect(seconds.last == 9_999_999)
    }

    @Test("no request second is lost or counted twice", arguments: SeededGenerator.seeds)
    func conserves(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var meter = LoadMeter(at: Instant(nanoseconds: 0))
        var (now, concurrency, area, arrivals) = (Int64(0), 0, 0.0, 0)
        var (told, toldArrivals) = (0.0, 0)
        for _ in 0..<3000 {
            let step = Int64.random(in: 0...3_000_000_000, using: &random)
            area += Double(concurrency) * Double(step)
            now += step
            concurrency = Int.random(in: 0...50, using: &random)
            if random.chance(50) {
                // Time passes first, so that the arrival falls into its own second.
                meter.passed(to: Instant(nanoseconds: now)) {
                    told += $0.concurrency
                    toldArrivals += $0.arrivals
                }
                meter.requestArrived()
                arrivals += 1
            }
            meter.changed(to: concurrency, at: Instant(nanoseconds: now)) {
                told += $0.concurrency
                toldArrivals += $0.arrivals
            }
        }
        meter.changed(to: 0, at: Instant(nanoseconds: now)) { _ in }
        meter.passed(to: Instant(second: Instant(nanoseconds: now).second + 1)) {
            told += $0.concurrency
            toldArrivals += $0.arrivals
        }
        #expect((told * 1e9 - area).magnitude <= area * 1e-9)
        #expect(toldArrivals == arrivals)
    }
}
