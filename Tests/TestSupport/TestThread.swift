// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A thread for code that blocks: the pool of the concurrency runtime has few, and all share it.
package enum TestThread {
    private final class Start {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    /// Runs `body` on a thread of its own and waits for it.
    package static func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            self.start { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    /// Runs `body` on a thread of its own.
    package static func start(_ body: @escaping @Sendable () -> Void) {
        let context = Unmanaged.passRetained(Start(body)).toOpaque()
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body()
                return nil
            },
            context
        )
        precondition(result == 0, "the system grants a few threads to a test")
        pthread_detach(thread)
    }
}
