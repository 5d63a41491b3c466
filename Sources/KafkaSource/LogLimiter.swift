// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Lets one line of a kind pass in each interval, and counts those that it keeps back.
struct LogLimiter<Key: Hashable> {
    private struct Record {
        var lastLine: MonotonicTime
        var suppressed = 0
    }

    /// Keys that are remembered; beyond them the oldest are forgotten, and may speak early.
    static var keysMax: Int { 1024 }

    let interval: Duration
    private var records: [Key: Record] = [:]

    /// Makes a limiter that has seen nothing.
    init(interval: Duration) { self.interval = interval }

    /// Whether a line may be written now.
    ///
    /// - Returns: How many lines of this key were kept back before it; `nil` to keep this one back.
    mutating func admit(_ key: Key, at now: MonotonicTime) -> Int? {
        if let record = self.records[key],
            record.lastLine.duration(to: now) < self.interval
        {
            self.records[key]?.suppressed += 1
            return nil
        }
        let suppressed = self.records[key]?.suppressed ?? 0
        if self.records.count >= Self.keysMax, self.records[key] == nil { self.forgetOldest() }
        self.records[key] = Record(lastLine: now)
        return suppressed
    }

    /// Forgets a key whose subject is gone.
    mutating func forget(_ key: Key) { self.records[key] = nil }

    private mutating func forgetOldest() {
        if let oldest = self.records.min(by: { $0.value.lastLine < $1.value.lastLine })?.key {
            self.records[oldest] = nil
        }
    }
}
