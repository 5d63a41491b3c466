// SPDX-License-Identifier: Apache-2.0

/// What a try found.
enum ReadinessFinding: Equatable {
    case ready
    /// What was found instead, to follow "the last try" in a sentence.
    case notReady(String)
}

/// One try of a readiness probe, used once.
///
/// Belongs to the loop's thread.
protocol ReadinessAttempt: AnyObject {
    /// Begins; `done` is called once unless ``cancel()`` comes first.
    func start(_ done: @escaping (ReadinessFinding) -> Void)
    /// Gives up, and leaves nothing behind.
    func cancel()
}

/// A try that keeps by itself whom to tell.
protocol TellingReadinessAttempt: ReadinessAttempt {
    /// Told what was found; `nil` before the start and after the end.
    var done: ((ReadinessFinding) -> Void)? { get set }
    /// Lets go of all that it holds; called any number of times.
    func close()
}

extension TellingReadinessAttempt {
    /// Ends, and tells what was found.
    func finish(_ finding: ReadinessFinding) {
        let done = self.done.take()
        self.close()
        done?(finding)
    }

    func cancel() {
        self.done = nil
        self.close()
    }
}
