// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Somebody who waits for a turn; told on the loop.
protocol TurnWaiter: AnyObject {
    /// The turn has come, and was taken already.
    func turnCame()
    /// It did not come in time, and the place in the queue is given up.
    func waitedTooLong()
}

/// A place in a queue.
///
/// `@unchecked Sendable`: its variables belong to the thread of the keeper's loop.
final class QueuedTurn: @unchecked Sendable {
    fileprivate let waiter: any TurnWaiter
    let level: TurnKeeper.Level
    fileprivate unowned let keeper: TurnKeeper
    fileprivate var slot = SlotID.none
    fileprivate var deadline = SlotID.none
    /// The turn has come, and the waiter hears of it soon.
    fileprivate var isGranted = false
    fileprivate var isWithdrawn = false

    fileprivate init(
        _ waiter: any TurnWaiter,
        _ level: TurnKeeper.Level,
        _ keeper: TurnKeeper
    ) {
        self.waiter = waiter
        self.level = level
        self.keeper = keeper
    }
}

/// Keeps the limits of how many run: one for the function, and one for each handler that has one.
///
/// Confined to the loop's thread, like whoever owns it.
final class TurnKeeper {
    /// Whose limit.
    enum Level: Equatable, Sendable {
        case function
        case handler(Int)
    }

    enum Outcome {
        case taken
        case waiting(QueuedTurn)
        case refused
    }

    private typealias Limiter = ConcurrencyLimiter<QueuedTurn>

    private let loop: EventLoop
    /// Whether there is a limit for the function, and for each handler; asked by every request.
    private let isFunctionLimited: Bool
    private let isHandlerLimited: [Bool]
    private var functionLimiter: Limiter?
    private var handlerLimiters: [Limiter?]
    private let deadlines: DeadlineQueue<QueuedTurn>

    init(_ function: Function, settings: FunctionSettings, loop: EventLoop) {
        self.loop = loop
        self.isFunctionLimited = settings.concurrencyMax != nil
        self.isHandlerLimited = function.options.map { $0.runningMax != nil }
        self.functionLimiter = settings.concurrencyMax.map {
            Limiter(runningMax: $0, queueMax: settings.queueMax)
        }
        self.handlerLimiters = function.options.map { options in
            options.runningMax.map {
                let queueMax = options.queueMax ?? Limiter.queueDepthPerSlot * $0
                return Limiter(runningMax: $0, queueMax: queueMax)
            }
        }
        self.deadlines = DeadlineQueue(loop: loop, duration: settings.queueTimeout) { turn in
            turn.keeper.expired(turn)
        }
    }

    /// How many run and wait under the function's limit; 0 without one, as queue-proxy reports it.
    var depth: Int { self.functionLimiter.map { $0.running + $0.waiting } ?? 0 }

    /// Takes a turn, or stands in the queue for it.
    func take(_ level: Level, for waiter: @autoclosure () -> any TurnWaiter) -> Outcome {
        guard self.isLimited(level) else { return .taken }
        let turn = QueuedTurn(waiter(), level, self)
        switch self[level]?.admit(turn) {
        case .run, nil: return .taken
        case .refuse: return .refused
        case .wait(let slot):
            turn.slot = slot
            turn.deadline = self.deadlines.append(turn)
            return .waiting(turn)
        }
    }

    /// Gives back a turn that was taken.
    func finish(_ level: Level) {
        guard self.isLimited(level), let next = self[level]?.finish() else { return }
        self.deadlines.remove(next.deadline)
        next.isGranted = true
        // In a job of its own: a chain of turns must not become a chain of stack frames.
        self.loop.execute {
            if !next.isWithdrawn { next.waiter.turnCame() }
        }
    }

    /// Gives up a place, or the turn if it has come meanwhile.
    func withdraw(_ turn: QueuedTurn) {
        guard !turn.isWithdrawn else { return }
        turn.isWithdrawn = true
        self.deadlines.remove(turn.deadline)
        if turn.isGranted {
            self.finish(turn.level)
        } else {
            self[turn.level]?.withdraw(turn.slot)
        }
    }

    private func expired(_ turn: QueuedTurn) {
        self.withdraw(turn)
        turn.waiter.waitedTooLong()
    }

    /// Whether there is a limit; without one every turn is taken at once.
    ///
    /// Asked before the subscript, which lends a limiter by a coroutine, on the heap.
    func isLimited(_ level: Level) -> Bool {
        switch level {
        case .function: self.isFunctionLimited
        case .handler(let index): self.isHandlerLimited[index]
        }
    }

    private subscript(_ level: Level) -> Limiter? {
        _read {
            switch level {
            case .function: yield self.functionLimiter
            case .handler(let index): yield self.handlerLimiters[index]
            }
        }
        _modify {
            switch level {
            case .function: yield &self.functionLimiter
            case .handler(let index): yield &self.handlerLimiters[index]
            }
        }
    }
}
