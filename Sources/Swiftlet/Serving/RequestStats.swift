// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// What Knative's autoscaler wants to know of an instance, as queue-proxy reports it.
///
/// Concurrency is averaged over time: two requests through half of a period count as one. What
/// came through the activator is told apart, for the activator reports that itself. A value; time
/// is an argument, and never goes back.
struct RequestStats: Equatable {
    /// The numbers of one period.
    struct Report: Equatable {
        var averageConcurrency = 0.0
        var averageProxiedConcurrency = 0.0
        var requestCount = 0
        var proxiedRequestCount = 0
    }

    private(set) var concurrency = 0
    private(set) var proxiedConcurrency = 0
    private var requestCount = 0
    private var proxiedRequestCount = 0
    private var periodStart: MonotonicTime
    private var lastChange: MonotonicTime
    /// Concurrency times nanoseconds; floating, for a sum of days must not overflow.
    private var concurrencyTime = 0.0
    private var proxiedConcurrencyTime = 0.0

    /// Begins the first period.
    init(now: MonotonicTime) {
        self.periodStart = now
        self.lastChange = now
    }

    /// A request arrived.
    mutating func requestStarted(isProxied: Bool, now: MonotonicTime) {
        self.accumulate(until: now)
        self.concurrency += 1
        self.requestCount += 1
        guard isProxied else { return }
        self.proxiedConcurrency += 1
        self.proxiedRequestCount += 1
    }

    /// A request that arrived before is done.
    mutating func requestEnded(isProxied: Bool, now: MonotonicTime) {
        self.accumulate(until: now)
        self.concurrency -= 1
        if isProxied { self.proxiedConcurrency -= 1 }
        assert(self.concurrency >= self.proxiedConcurrency && self.proxiedConcurrency >= 0)
    }

    /// Ends a period, gives its numbers, and begins the next.
    mutating func report(now: MonotonicTime) -> Report {
        self.accumulate(until: now)
        let period = self.nanoseconds(from: self.periodStart, to: now)
        let report = Report(
            averageConcurrency: period > 0 ? self.concurrencyTime / period : 0,
            averageProxiedConcurrency: period > 0 ? self.proxiedConcurrencyTime / period : 0,
            requestCount: self.requestCount,
            proxiedRequestCount: self.proxiedRequestCount
        )
        self.periodStart = now
        self.requestCount = 0
        self.proxiedRequestCount = 0
        self.concurrencyTime = 0
        self.proxiedConcurrencyTime = 0
        return report
    }

    private mutating func accumulate(until now: MonotonicTime) {
        let elapsed = self.nanoseconds(from: self.lastChange, to: now)
        self.concurrencyTime += Double(self.concurrency) * elapsed
        self.proxiedConcurrencyTime += Double(self.proxiedConcurrency) * elapsed
        self.lastChange = max(now, self.lastChange)
    }

    private func nanoseconds(from start: MonotonicTime, to end: MonotonicTime) -> Double {
        end > start ? Double(end.nanoseconds - start.nanoseconds) : 0
    }
}
