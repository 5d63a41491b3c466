// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import Telemetry

/// What handlers started and did not wait for.
final class BackgroundWork: Sendable {
    static let countMaxDefault = 1024

    private struct State {
        var tasks: [UInt64: Task<Void, Never>] = [:]
        var lastID: UInt64 = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let countMax: Int
    private let state = Mutex(State())

    init(countMax: Int = BackgroundWork.countMaxDefault) { self.countMax = countMax }

    /// How many run.
    var count: Int { self.state.withLock { $0.tasks.count } }

    /// - Throws: ``FunctionError`` with 503 when as many run as may.
    func start(
        _ name: String,
        logger: Logger,
        _ work: @escaping @Sendable () async throws -> Void
    ) throws {
        try self.state.withLock { state in
            guard state.tasks.count < self.countMax else {
                throw FunctionError(
                    503,
                    "too much background work is under way",
                    retryAfter: .seconds(1)
                )
            }
            state.lastID += 1
            let id = state.lastID
            // Its end waits for this lock, so that it finds itself in the table.
            state.tasks[id] = Task {
                do {
                    try await work()
                } catch {
                    logger.error("Background work failed.", ["work": name, "error": "\(error)"])
                }
                self.ended(id)
            }
        }
    }

    private func ended(_ id: UInt64) {
        let waiting = self.state.withLock { state in
            state.tasks[id] = nil
            return state.tasks.isEmpty ? state.waiting.takeAll() : []
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits until none runs.
    func finished() async {
        await withCheckedContinuation { continuation in
            let isIdle = self.state.withLock { state in
                guard !state.tasks.isEmpty else { return true }
                state.waiting.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
    }

    /// Cancels what runs; it ends when it heeds that.
    func cancel() {
        for task in self.state.withLock({ Array($0.tasks.values) }) { task.cancel() }
    }
}

extension Array {
    /// Takes all elements.
    fileprivate mutating func takeAll() -> [Element] {
        defer { self = [] }
        return self
    }
}
