// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Deadlines that all lie the same time after their start, so that their order is that of arrival.
///
/// Adding and removing take constant time and no timer each: only the first deadline needs one.
struct DeadlineList<Element> {
    private struct Entry {
        var deadline: MonotonicTime
        var element: Element
    }

    /// How long each of them has.
    private let span: TimeSpan
    private var entries = SlotList<Entry>()

    init(duration: Duration) { self.span = TimeSpan(duration) }

    var count: Int { self.entries.count }
    /// When the first of them passes; `nil` when there is none.
    var nextDeadline: MonotonicTime? { self.entries.first?.deadline }

    /// When the time of one is over that begins now.
    func deadline(from now: MonotonicTime) -> MonotonicTime { now.advanced(by: self.span) }

    /// Starts the time of one; `now` never goes back from call to call.
    mutating func append(_ element: Element, now: MonotonicTime) -> SlotID {
        let entry = Entry(deadline: self.deadline(from: now), element: element)
        return self.entries.append(entry)
    }

    /// Forgets one; harmless when it was taken already.
    mutating func remove(_ id: SlotID) { _ = self.entries.remove(id) }

    /// Takes one whose time has passed.
    mutating func popPassed(at now: MonotonicTime) -> Element? {
        guard let first = self.entries.first, first.deadline <= now else { return nil }
        return self.entries.popFirst()?.element
    }
}
