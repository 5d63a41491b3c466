// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Holds handlers until a test opens it, and counts who has come.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var arrivals = 0
        var held: [UInt64: CheckedContinuation<Void, any Error>] = [:]
        var cancelled: Set<UInt64> = []
        var lastID: UInt64 = 0
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    /// Waits until it is open.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    func pass() async throws {
        let id = self.state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { self.hold(id, $0) }
        } onCancel: {
            self.state.withLock { state in
                state.cancelled.insert(id)
                return state.held.removeValue(forKey: id)
            }?.resume(throwing: CancellationError())
        }
    }

    private func hold(_ id: UInt64, _ continuation: CheckedContinuation<Void, any Error>) {
        let (outcome, woken) = self.state.withLock { state in
            state.arrivals += 1
            var outcome: Bool? = state.isOpen ? true : nil
            if state.cancelled.contains(id) { outcome = false }
            if outcome == nil { state.held[id] = continuation }
            let woken = state.waiters.filter { $0.count <= state.arrivals }
            state.waiters.removeAll { $0.count <= state.arrivals }
            return (outcome, woken)
        }
        for waiter in woken { waiter.continuation.resume() }
        switch outcome {
        case true?: continuation.resume()
        case false?: continuation.resume(throwing: CancellationError())
        case nil: break
        }
    }

    /// How many have come so far.
    var arrivals: Int { self.state.withLock { $0.arrivals } }

    /// Waits until so many have come.
    func arrivals(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = self.state.withLock { state in
                guard state.arrivals < count else { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Lets one go that came first among those who are held.
    func passOne() {
        let next = self.state.withLock { state in
            state.held.keys.min().flatMap { state.held.removeValue(forKey: $0) }
        }
        next?.resume()
    }

    /// Lets all go who are here or come.
    func open() {
        let held = self.state.withLock { state in
            state.isOpen = true
            defer { state.held = [:] }
            return state.held.values.map(\.self)
        }
        for continuation in held { continuation.resume() }
    }
}
