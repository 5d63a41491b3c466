// SPDX-License-Identifier: Apache-2.0

/// Decides which requests run, which wait their turn, and which are refused.
///
/// The rule is that of the breaker in Knative's queue-proxy: some run, others wait in order of
/// arrival, and what finds the queue full is refused. A value without I/O, lock or clock.
struct ConcurrencyLimiter<Waiter> {
    /// What the caller does with a request that arrived.
    enum Admission: Equatable {
        case run
        /// It stands in the queue under this name, for ``ConcurrencyLimiter/withdraw(_:)``.
        case wait(SlotID)
        case refuse
    }

    /// How many may wait for each one that may run, as in queue-proxy.
    static var queueDepthPerSlot: Int { 10 }

    /// Most that run at once.
    let runningMax: Int
    /// Most that wait.
    let queueMax: Int
    private(set) var running = 0
    private var queue = SlotList<Waiter>()

    /// Makes an idle one.
    ///
    /// - Parameters:
    ///   - runningMax: At least 1.
    ///   - queueMax: 0 refuses what cannot run at once.
    init(runningMax: Int, queueMax: Int) {
        self.runningMax = max(1, runningMax)
        self.queueMax = max(0, queueMax)
    }

    /// How many wait.
    var waiting: Int { self.queue.count }

    /// A request arrived.
    mutating func admit(_ waiter: Waiter) -> Admission {
        defer { self.checkInvariants() }
        if self.running < self.runningMax {
            self.running += 1
            return .run
        }
        guard self.queue.count < self.queueMax else { return .refuse }
        return .wait(self.queue.append(waiter))
    }

    /// One that ran is done.
    ///
    /// - Returns: The one that waited longest and runs from now on, if any waited.
    mutating func finish() -> Waiter? {
        defer { self.checkInvariants() }
        assert(self.running > 0, "what finishes was admitted before")
        // The slot passes on, so that nobody who arrives now gets ahead of those who wait.
        if let next = self.queue.popFirst() { return next }
        self.running -= 1
        return nil
    }

    /// One that waited gave up; harmless when it runs already.
    ///
    /// - Returns: Whether it stood in the queue.
    @discardableResult
    mutating func withdraw(_ id: SlotID) -> Bool { self.queue.remove(id) != nil }

    private func checkInvariants() {
        assert(0...self.runningMax ~= self.running, "the limit holds")
        assert(self.queue.count <= self.queueMax, "the queue is bounded")
        assert(self.queue.isEmpty || self.running == self.runningMax, "nobody waits for nothing")
    }
}
