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
