// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Tells of deadlines that pass, with one timer of the loop for however many there are.
///
/// Confined to the loop's thread, like whoever owns it. Exclusive access to the list is not checked
/// at run time: nobody is called while it is changed.
final class DeadlineQueue<Element> {
    private let loop: EventLoop
    private let passed: (Element) -> Void
    @exclusivity(unchecked)
    private var list: DeadlineList<Element>
    @exclusivity(unchecked)
    private var isTimerSet = false

    /// Makes an empty one; `passed` is called with each element whose time is over.
    init(loop: EventLoop, duration: Duration, passed: @escaping (Element) -> Void) {
        self.loop = loop
        self.passed = passed
        self.list = DeadlineList(duration: duration)
    }

    /// When the time of an element is over that begins now.
    func deadline(from now: MonotonicTime) -> MonotonicTime { self.list.deadline(from: now) }

    /// Starts the time of an element.
    func append(_ element: Element) -> SlotID {
        let id = self.list.append(element, now: self.loop.now)
        self.setTimer()
        return id
    }

    /// Forgets an element; harmless when its time was over.
    func remove(_ id: SlotID) { self.list.remove(id) }

    /// A timer that finds nothing to tell is cheaper than one that is moved with every request.
    private func setTimer() {
        guard !self.isTimerSet, let deadline = self.list.nextDeadline else { return }
        self.isTimerSet = true
        self.loop.schedule(at: deadline) { [weak self] in self?.timerFired() }
    }

    private func timerFired() {
        self.isTimerSet = false
        while let element = self.list.popPassed(at: self.loop.now) { self.passed(element) }
        self.setTimer()
    }
}
