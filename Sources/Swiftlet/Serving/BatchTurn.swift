// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Synchronization

extension FunctionHandler {
    /// Runs an event of a batch where its handler belongs, when its turn has come.
    ///
    /// - Throws: ``FunctionError`` with 503 when there is no turn, `CancellationError`.
    func withTurn<Result: Sendable>(
        _ entry: EventHandlerEntry,
        _ work: @escaping @Sendable () async -> Result
    ) async throws -> Result {
        let options = self.runtime.options(entry.optionsIndex)
        if options.runningMax != nil { try await self.takeTurn(entry.optionsIndex) }
        let result: Result
        switch options.placement ?? self.runtime.function.placement {
        case .loop: result = await withTaskExecutorPreference(self.loop) { await work() }
        case .pool: result = await withTaskExecutorPreference(self.pool) { await work() }
        }
        if options.runningMax != nil {
            await self.loop.run { self.turns.finish(.handler(entry.optionsIndex)) }
        }
        return result
    }

    private func takeTurn(_ index: Int) async throws {
        let waiter = BatchTurn()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                self.loop.execute { waiter.begin(continuation, self.turns, .handler(index)) }
            }
        } onCancel: {
            self.loop.execute { waiter.cancel(self.turns) }
        }
    }
}

/// An event of a batch that waits for its turn.
///
/// `@unchecked Sendable`: its variables belong to the thread of the handler's loop.
private final class BatchTurn: TurnWaiter, @unchecked Sendable {
    private var continuation: CheckedContinuation<Void, any Error>?
    private var turn: QueuedTurn?
    private var isCancelled = false

    func begin(
        _ continuation: CheckedContinuation<Void, any Error>,
        _ turns: TurnKeeper,
        _ level: TurnKeeper.Level
    ) {
        guard !self.isCancelled else { return continuation.resume(throwing: CancellationError()) }
        switch turns.take(level, for: self) {
        case .taken: continuation.resume()
        case .refused: continuation.resume(throwing: Self.busy)
        case .waiting(let turn):
            self.turn = turn
            self.continuation = continuation
        }
    }

    func turnCame() {
        self.turn = nil
        self.continuation.take()?.resume()
    }

    func waitedTooLong() {
        self.turn = nil
        self.continuation.take()?.resume(throwing: Self.busy)
    }

    func cancel(_ turns: TurnKeeper) {
        self.isCancelled = true
        guard let turn = self.turn.take() else { return }
        turns.withdraw(turn)
        self.continuation.take()?.resume(throwing: CancellationError())
    }

    private static let busy = FunctionError(
        503,
        "too many events wait for this handler",
        retryAfter: FunctionHandler.retryDelay
    )
}
