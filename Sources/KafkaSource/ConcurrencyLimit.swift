// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// How many requests may be with a sink at a time, learnt from its answers.
///
/// As TCP does it (RFC 5681 section 3.1): a sign of overload halves the number, answers raise it
/// again, by one each up to half of what was too much, and by one a round from there on.
struct ConcurrencyLimit: Sendable {
    /// Signs of overload closer together than this are one: they tell of the same moment.
    static let reactionInterval = Duration.seconds(1)

    /// The most at a time.
    let most: Int
    private var limit: Double
    private var threshold: Double
    private var lastReduction: MonotonicTime?

    /// Makes a limit that starts at its most.
    init(most: Int) {
        precondition(most >= 1, "without requests nothing is delivered")
        self.most = most
        self.limit = Double(most)
        self.threshold = Double(most)
    }

    /// The most at present.
    var current: Int { max(1, Int(self.limit)) }

    /// Notes that a request was dealt with.
    mutating func succeeded() {
        guard self.limit < Double(self.most) else { return }
        self.limit += self.limit < self.threshold ? 1 : 1 / self.limit
        self.limit = min(self.limit, Double(self.most))
    }

    /// Notes that the sink has too much to do (429, 503), or does not answer in time.
    mutating func overloaded(at now: MonotonicTime) {
        if let last = self.lastReduction, last.duration(to: now) < Self.reactionInterval { return }
        self.lastReduction = now
        self.limit = max(1, self.limit / 2)
        self.threshold = self.limit
    }
}
