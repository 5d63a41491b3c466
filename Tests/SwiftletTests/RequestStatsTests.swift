// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@testable import Swiftlet

@Suite("Statistics (as queue-proxy reports them)")
struct RequestStatsTests {
    private enum Step {
        case start(isProxied: Bool)
        case end(isProxied: Bool)
    }

    private static func time(_ milliseconds: Int) -> MonotonicTime {
        MonotonicTime(nanoseconds: UInt64(milliseconds) * 1_000_000)
    }

    private func report(_ steps: [(at: Int, step: Step)], at end: Int) -> RequestStats.Report {
        var stats = RequestStats(now: Self.time(0))
        Self.apply(steps, to: &stats)
        return stats.report(now: Self.time(end))
    }

    private static func apply(_ steps: [(at: Int, step: Step)], to stats: inout RequestStats) {
        for (at, step) in steps {
            switch step {
            case .start(let isProxied):
                stats.requestStarted(isProxied: isProxied, now: self.time(at))
            case .end(let isProxied):
                stats.requestEnded(isProxied: isProxied, now: self.time(at))
            }
        }
    }

    @Test("an idle second, and a report of no time at all")
    func idle() {
        #expect(self.report([], at: 1000) == RequestStats.Report())
        #expect(self.report([(0, .start(isProxied: true))], at: 0).averageConcurrency == 0)
    }

    @Test("concurrency is averaged over time")
    func averages() {
        let half = self.report(
            [
                (0, .start(isProxied: false)), (0, .start(isProxied: false)),
                (500, .end(isProxied: false)), (500, .end(isProxied: false)),
            ],
            at: 1000
        )
        #expect(half.averageConcurrency == 1)
        #expect(half.requestCount == 2)
        #expect(half.averageProxiedConcurrency == 0)
        let proxied = self.report(
            [
                (0, .start(isProxied: true)), (250, .start(isProxied: false)),
                (750, .end(isProxied: true)),
            ],
            at: 1000
        )
        #expect(proxied.averageConcurrency == 1.5)
        #expect(proxied.averageProxiedConcurrency == 0.75)
        #expect(proxied.requestCount == 2)
        #expect(proxied.proxiedRequestCount == 1)
    }

    @Test("a request goes on into the next period, and is counted in the first alone")
    func periods() {
        var stats = RequestStats(now: Self.time(0))
        stats.requestStarted(isProxied: false, now: Self.time(900))
        let first = stats.report(now: Self.time(1000))
        #expect(abs(first.averageConcurrency - 0.1) < 1e-12)
        #expect(first.requestCount == 1)
        let second = stats.report(now: Self.time(2000))
        #expect(second.averageConcurrency == 1)
        #expect(second.requestCount == 0)
    }

    @Test("the average is that of a count at every millisecond", arguments: SeededGenerator.seeds)
    func randomWalk(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var stats = RequestStats(now: Self.time(0))
        var running = (own: 0, proxied: 0)
        var sum = (all: 0, proxied: 0)
        var started = 0
        for millisecond in 0..<2000 {
            let now = Self.time(millisecond)
            let isProxied = random.chance(50)
            if random.chance(40) {
                stats.requestStarted(isProxied: isProxied, now: now)
                if isProxied { running.proxied += 1 } else { running.own += 1 }
                started += 1
            } else if isProxied ? running.proxied > 0 : running.own > 0 {
                stats.requestEnded(isProxied: isProxied, now: now)
                if isProxied { running.proxied -= 1 } else { running.own -= 1 }
            }
            sum.all += running.own + running.proxied
            sum.proxied += running.proxied
        }
        let report = stats.report(now: Self.time(2000))
        #expect(abs(report.averageConcurrency - Double(sum.all) / 2000) < 1e-9)
        #expect(abs(report.averageProxiedConcurrency - Double(sum.proxied) / 2000) < 1e-9)
        #expect(report.requestCount == started)
        #expect(stats.concurrency == running.own + running.proxied)
    }
}
