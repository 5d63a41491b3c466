// SPDX-License-Identifier: Apache-2.0

/// Decides how one follows a collection: list it, watch from there, and what to do when that ends.
///
/// No I/O, no clock, no randomness: how long a watch lasted and the jitter are arguments.
struct WatchPlan: Equatable {
    /// What is to be done next.
    enum Step: Equatable {
        /// List everything; answered by `listed` or `failed`.
        case list
        /// Watch from this version on; answered by `ended` or `failed`.
        case watch(since: String)
        /// Do nothing for so long; answered by `waited`.
        case wait(Duration)
    }

    /// A watch that lasted for so long went well, whether it said anything or not.
    static let steadyAfter = Duration.seconds(5)

    /// Up to where changes are known; `nil` when all has to be listed.
    private(set) var version: String?
    private var delay = RetryDelay()

    /// The list is complete.
    mutating func listed(at version: String) -> Step {
        self.version = version
        return .watch(since: version)
    }

    /// A change or a bookmark came.
    mutating func advanced(to version: String) {
        self.version = version
        self.delay.succeeded()
    }

    /// The server ended the watch, as it does from time to time.
    mutating func ended(after duration: Duration, jitter: Double) -> Step {
        if duration >= Self.steadyAfter { self.delay.succeeded() }
        // The first end is followed at once; a server that ends each watch is not asked on and on.
        let wait = self.delay.failed(jitter: jitter)
        return self.delay.failureCount == 1 ? self.next : .wait(wait)
    }

    /// A list or a watch failed.
    mutating func failed(_ error: KubernetesError, jitter: Double) -> Step {
        // Without an answer, and while only we are refused, what is known stays true.
        let keepsVersion: [KubernetesError.Kind] = [
            .unreachable, .unauthorized, .forbidden, .throttled, .credentials,
        ]
        if !keepsVersion.contains(error.kind) { self.version = nil }
        let wait = self.delay.failed(asked: error.retryAfter, jitter: jitter)
        let isFirst = self.delay.failureCount == 1
        return error.kind == .gone && isFirst ? .list : .wait(wait)
    }

    /// The wait is over.
    func waited() -> Step { self.next }

    private var next: Step { self.version.map { .watch(since: $0) } ?? .list }
}
