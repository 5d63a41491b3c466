// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Signals as events of a loop.
///
/// The handler only writes a byte to a pipe, so it does not matter which thread the kernel picks:
/// Swift's own threads exist before any of our code could block a signal in them.
package final class Signals: EventHandler {
    private let fd: Int32
    private let received: (Int32) -> Void

    /// Reports signals to `received` on the loop from now on; once a process, loop thread only.
    package init(
        _ signals: [Int32],
        on loop: EventLoop,
        received: @escaping (Int32) -> Void
    ) throws {
        self.fd = swiftlet_catch_signals(signals, Int32(signals.count))
        self.received = received
        guard self.fd >= 0 else { throw SystemError.last("sigaction") }
        try loop.register(self.fd, for: .readable, handler: self)
    }

    /// Lets a write to a closed connection fail instead of ending the process.
    package static func ignoreBrokenPipes() { _ = swiftlet_ignore_sigpipe() }

    package func handleEvents(_ events: IOEvents) {
        var number: UInt8 = 0
        while Glibc.read(self.fd, &number, 1) == 1 { self.received(Int32(number)) }
    }
}
