// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Signals as events of a loop, instead of handlers that interrupt it.
package final class Signals: EventHandler {
    private let fd: Int32
    private let received: (Int32) -> Void

    /// Keeps `signals` from interrupting any thread; call it first thing in `main`.
    ///
    /// Threads inherit the setting, so whatever was started before keeps its own.
    package static func block(_ signals: [Int32]) {
        _ = swiftlet_block_signals(signals, Int32(signals.count))
        _ = swiftlet_ignore_sigpipe()
    }

    /// Reports blocked signals to `received` on the loop; loop thread only.
    package init(
        _ signals: [Int32],
        on loop: EventLoop,
        received: @escaping (Int32) -> Void
    ) throws {
        self.fd = swiftlet_signalfd(signals, Int32(signals.count))
        self.received = received
        guard self.fd >= 0 else { throw SystemError.last("signalfd") }
        try loop.register(self.fd, for: .readable, handler: self)
    }

    deinit { close(self.fd) }

    package func handleEvents(_ events: IOEvents) {
        var info = signalfd_siginfo()
        while Glibc.read(self.fd, &info, MemoryLayout<signalfd_siginfo>.size) > 0 {
            self.received(Int32(info.ssi_signo))
        }
    }
}
