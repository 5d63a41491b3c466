// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc

/// SIGTERM or SIGINT, whichever comes first, and the one that follows; once a process.
///
/// `@unchecked Sendable`: its variables belong to the thread of ``loop``.
final class Termination: @unchecked Sendable {
    private let loop: EventLoop
    private var hasCome = false
    private var again: (() -> Void)?
    /// A checked one would cost every start the search for its conformances, in vain: it is resumed
    /// when it is taken, and nowhere else.
    private var waiting: UnsafeContinuation<Void, Never>?

    private init(loop: EventLoop) { self.loop = loop }

    /// Begins to catch the signals, which do not end the process by themselves any more.
    ///
    /// - Parameters:
    ///   - loop: Where they are told.
    ///   - hangUp: What SIGHUP is for; without it, it ends the process as it always does.
    /// - Returns: What to wait for.
    /// - Throws: `SystemError` when the system does not let them be caught.
    static func caught(
        on loop: EventLoop,
        hangUp: (@Sendable () -> Void)? = nil
    ) async throws -> Termination {
        let termination = Termination(loop: loop)
        let signals = [SIGTERM, SIGINT] + (hangUp == nil ? [] : [SIGHUP])
        try await loop.run {
            _ = try Signals(signals, on: loop) { signal in
                if signal == SIGHUP { hangUp?() } else { termination.signalCame() }
            }
        }
        return termination
    }

    /// Waits for the first signal.
    func came() async {
        await withUnsafeContinuation { continuation in
            self.loop.execute {
                guard !self.hasCome else { return continuation.resume() }
                self.waiting = continuation
            }
        }
    }

    /// Calls `body`, once, when another signal comes than the first; loop only.
    func onSecond(_ body: @escaping () -> Void) { self.again = body }

    private func signalCame() {
        guard self.hasCome else {
            self.hasCome = true
            self.waiting.take()?.resume()
            return
        }
        self.again.take()?()
    }
}
