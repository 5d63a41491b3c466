// SPDX-License-Identifier: Apache-2.0

extension EventLoop {
    /// Runs `body` on the loop and waits for its result; without a hop when already there.
    package func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        if self.isCurrent { return try body() }
        return try await withCheckedThrowingContinuation { continuation in
            self.execute { continuation.resume(with: Result { try body() }) }
        }
    }

    /// As the throwing form, for a body that cannot fail.
    package func run<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value
    ) async -> Value {
        if self.isCurrent { return body() }
        return await withCheckedContinuation { continuation in
            self.execute { continuation.resume(returning: body()) }
        }
    }

    /// Comes back after a time; for waits that are part of a protocol, never to poll.
    package func wait(for delay: Duration) async {
        await withCheckedContinuation { continuation in
            self.execute { self.schedule(after: delay) { continuation.resume() } }
        }
    }
}
