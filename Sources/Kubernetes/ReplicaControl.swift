// SPDX-License-Identifier: Apache-2.0

/// Decides when the API server is told how many pods there should be.
///
/// One request at a time; what is wanted meanwhile follows when its answer is there. No I/O, no
/// clock, no randomness.
struct ReplicaControl: Equatable {
    /// How many pods there should be; `nil` until that is known.
    private(set) var wanted: Int?
    /// What the API server took last; `nil` when it has to be told again.
    private var known: Int?
    /// What it is being told.
    private var sending: Int?
    private var isResting = false
    /// Whether the answer to the request under way may be outdated when it comes.
    private var isDoubtful = false
    private var delay = RetryDelay()

    /// Whether the API server took what is wanted.
    var isSettled: Bool { self.wanted == self.known && self.sending == nil }

    /// Sets how many pods there should be.
    mutating func want(_ replicas: Int) { self.wanted = replicas }

    /// Somebody else may have changed the number.
    mutating func doubt() {
        self.known = nil
        self.isDoubtful = self.sending != nil
    }

    /// What to tell the API server now, answered by `succeeded` or `failed`; `nil` for nothing.
    mutating func nextRequest() -> Int? {
        guard self.sending == nil, !self.isResting, let wanted = self.wanted, wanted != self.known
        else { return nil }
        self.sending = wanted
        return wanted
    }

    /// The API server took it.
    mutating func succeeded() {
        self.known = self.isDoubtful ? nil : self.sending
        self.sending = nil
        self.isDoubtful = false
        self.delay.succeeded()
    }

    /// The API server did not take it, or nobody knows; how long to wait until `rested`.
    mutating func failed(_ error: KubernetesError, jitter: Double) -> Duration {
        self.sending = nil
        self.isDoubtful = false
        self.isResting = true
        self.known = nil
        return self.delay.failed(asked: error.retryAfter, jitter: jitter)
    }

    /// The wait is over.
    mutating func rested() { self.isResting = false }
}
