// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Keeps a program that ends before it answers anything from being started over and over.
///
/// The first few failures are taken as bad luck and tried again at once. Then starts rest, longer
/// each time, until an instance has answered a request.
struct StartBackOff: Sendable, Equatable {
    /// How many starts in a row may fail before starts rest.
    let failuresMax: Int
    /// The first rest.
    let restMin: Duration
    /// The longest rest.
    let restMax: Duration

    /// Starts that failed since one succeeded.
    private(set) var failureCount = 0
    /// When the next start may be tried; `nil` for at once.
    private(set) var restsUntil: MonotonicTime?
    private var rest: Duration

    /// Makes a back-off that has seen no failure.
    init(failuresMax: Int, restMin: Duration, restMax: Duration) {
        self.failuresMax = failuresMax
        self.restMin = restMin
        self.restMax = restMax
        self.rest = restMin
    }

    /// Whether an instance may be started.
    func mayStart(at now: MonotonicTime) -> Bool {
        guard let restsUntil = self.restsUntil else { return true }
        return now >= restsUntil
    }

    /// An instance ended before it answered.
    mutating func failed(at now: MonotonicTime) {
        self.failureCount += 1
        // Instances that were started together fail together: that is one failure more, not four.
        guard self.failureCount >= self.failuresMax, self.mayStart(at: now) else { return }
        self.restsUntil = now.advanced(by: self.rest)
        self.rest = min(self.rest * 2, self.restMax)
    }

    /// An instance answered.
    mutating func succeeded() {
        guard self.failureCount > 0 else { return }
        self.failureCount = 0
        self.restsUntil = nil
        self.rest = self.restMin
    }
}
