// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Testing

@testable import Activator

@Suite("Load history")
struct LoadHistoryTests {
    static func at(_ seconds: Double) -> MonotonicTime {
        MonotonicTime(nanoseconds: UInt64((10_000 + seconds) * 1e9))
    }

    static func sample(_ inFlight: UInt32) -> LoadHistory.Sample {
        var sample = LoadHistory.Sample()
        sample.inFlight = inFlight
        return sample
    }

    @Test("a second shows its most, and one without events what was there")
    func seconds() {
        var history = LoadHistory()
        #expect(history.samples(at: Self.at(0)).isEmpty)
        history.record(Self.sample(0), at: Self.at(0))
        #expect(history.samples(at: Self.at(0)).isEmpty, "nothing happened")
        history.record(Self.sample(2), at: Self.at(0))
        history.record(Self.sample(5), at: Self.at(0.5))
        history.record(Self.sample(1), at: Self.at(0.9))
        history.record(Self.sample(3), at: Self.at(3))
        history.record(Self.sample(0), at: Self.at(3.1))
        let samples = history.samples(at: Self.at(5))
        #expect(samples.count == LoadHistory.secondsMax)
        #expect(samples.suffix(6).map(\.inFlight) == [5, 1, 1, 3, 0, 0])
        #expect(samples.dropLast(6).allSatisfy { $0.inFlight == 0 })
    }

    @Test("a silence longer than it looks back leaves what was there last")
    func silence() {
        var history = LoadHistory()
        history.record(Self.sample(7), at: Self.at(0))
        history.record(Self.sample(4), at: Self.at(1))
        let samples = history.samples(at: Self.at(1_000_000))
        #expect(samples.count == LoadHistory.secondsMax && samples.allSatisfy { $0.inFlight == 4 })
    }
}
