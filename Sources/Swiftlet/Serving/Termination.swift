// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc

/// SIGTERM or SIGINT, whichever comes first; once a process.
///
/// `@unchecked Sendable`: its variables belong to the thread of ``loop``.
final class Termination: @unchecked Sendable {
    private let loop: EventLoop
    private var hasCome = false
    private var waiting: CheckedContinuation<Void, Never>?

    private init(loop: EventLoop) { self.loop = loop }

    /// Begins to catch the signals, which do not end the process by themselves any more.
    static func caught(on loop: EventLoop) async throws -> Termination {
        let termination = Termination(loop: loop)
        try await loop.run {
            _ = try Signals([SIGTERM, SIGINT], on: loop) { _ in termination.signalCame() }
        }
        return termination
    }

    /// Waits for the first signal.
    func came() async {
        await withCheckedContinuation { continuation in
            self.loop.execute {
                guard !self.hasCome else { return continuation.resume() }
                self.waiting = continuation
            }
        }
    }

    private func signalCame() {
        self.hasCome = true
        self.waiting.take()?.resume()
    }
}
