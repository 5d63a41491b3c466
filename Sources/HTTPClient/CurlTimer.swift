// SPDX-License-Identifier: Apache-2.0

import EventLoop

/// The one timer that libcurl asks for, on an event loop.
///
/// libcurl moves it several times a request, mostly away from now. So a timer of the loop stays
/// where it is when the wanted time moves back, and is set anew when it fires too early.
///
/// `@unchecked Sendable`: all variables belong to the loop.
final class CurlTimer: @unchecked Sendable {
    private let loop: EventLoop
    /// When libcurl wants to be called.
    private var wanted: MonotonicTime?
    private var armed: (id: TimerID, deadline: MonotonicTime)?
    private var isCheckQueued = false
    /// Called when the time has come.
    var fire: () -> Void = {}

    init(loop: EventLoop) { self.loop = loop }

    /// Does what libcurl asks for: -1 means never, 0 as soon as possible.
    func set(_ milliseconds: Int) {
        guard milliseconds >= 0 else {
            self.wanted = nil
            return
        }
        let now = MonotonicTime.now()
        guard milliseconds > 0 else {
            // Once for all requests that start in one turn of the loop.
            self.wanted = now
            guard !self.isCheckQueued else { return }
            self.isCheckQueued = true
            self.loop.execute {
                self.isCheckQueued = false
                self.check()
            }
            return
        }
        let deadline = now.advanced(by: .milliseconds(milliseconds))
        self.wanted = deadline
        self.arm(deadline)
    }

    /// Forgets the timer for good.
    func cancel() {
        self.wanted = nil
        self.fire = {}
        if let armed = self.armed.take() { self.loop.cancel(armed.id) }
    }

    private func arm(_ deadline: MonotonicTime) {
        if let armed = self.armed {
            guard deadline < armed.deadline else { return }
            self.loop.cancel(armed.id)
        }
        let id = self.loop.schedule(at: deadline) {
            self.armed = nil
            self.check()
        }
        self.armed = (id, deadline)
    }

    private func check() {
        guard let wanted = self.wanted else { return }
        guard wanted <= .now() else {
            self.arm(wanted)
            return
        }
        // libcurl says anew what it wants, whenever its time was up.
        self.wanted = nil
        self.fire()
    }
}
