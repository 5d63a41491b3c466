// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@testable import Swiftlet

/// Waits for a turn, and notes what came.
private final class Waiter: TurnWaiter, Sendable {
    let name: String
    let notes: Recorder<String>

    init(_ name: String, _ notes: Recorder<String>) {
        self.name = name
        self.notes = notes
    }

    func turnCame() { self.notes.append("\(self.name) came") }
    func waitedTooLong() { self.notes.append("\(self.name) waited too long") }
}

@Suite("Turns")
struct TurnKeeperTests {
    /// Runs `body` on a loop, then waits until all that it queued there has run.
    private func onLoop(
        _ body: @escaping @Sendable (TurnKeeper, (String) -> Waiter) -> Void
    ) async throws -> [String] {
        let loop = try EventLoop(name: "turns")
        loop.start()
        let notes = Recorder<String>()
        var settings = FunctionSettings()
        settings.concurrencyMax = 1
        settings.queueMax = 2
        let fixed = settings
        await loop.run {
            let keeper = TurnKeeper(Function(), settings: fixed, loop: loop)
            body(keeper) { Waiter($0, notes) }
        }
        await loop.run {}
        await loop.wait(for: .zero)
        loop.stop()
        try await TestThread.run { loop.join() }
        return notes.values
    }

    private static func queued(_ outcome: TurnKeeper.Outcome) -> QueuedTurn? {
        if case .waiting(let turn) = outcome { return turn }
        return nil
    }

    @Test("turns come in order, and a full queue refuses")
    func order() async throws {
        let notes = try await self.onLoop { keeper, waiter in
            guard case .taken = keeper.take(.function, for: waiter("a")) else { return }
            _ = keeper.take(.function, for: waiter("b"))
            _ = keeper.take(.function, for: waiter("c"))
            guard case .refused = keeper.take(.function, for: waiter("d")) else { return }
            keeper.finish(.function)
            keeper.finish(.function)
        }
        #expect(notes == ["b came", "c came"])
    }

    @Test("who leaves between the turn and the word of it passes the turn on")
    func leavesLate() async throws {
        let notes = try await self.onLoop { keeper, waiter in
            _ = keeper.take(.function, for: waiter("a"))
            let second = Self.queued(keeper.take(.function, for: waiter("b")))
            _ = keeper.take(.function, for: waiter("c"))
            keeper.finish(.function)
            if let second {
                keeper.withdraw(second)
                keeper.withdraw(second)
            }
        }
        #expect(notes == ["c came"])
    }

    @Test("who leaves the queue is passed over")
    func leavesEarly() async throws {
        let notes = try await self.onLoop { keeper, waiter in
            _ = keeper.take(.function, for: waiter("a"))
            if let second = Self.queued(keeper.take(.function, for: waiter("b"))) {
                keeper.withdraw(second)
            }
            _ = keeper.take(.function, for: waiter("c"))
            keeper.finish(.function)
        }
        #expect(notes == ["c came"])
    }

    @Test("no turn is lost, whatever clients do", arguments: SeededGenerator.seeds.prefix(3))
    func chaos(_ seed: UInt64) async throws {
        var function = Function()
        function.on("quick") { _, _ in }
        function.on("yielding", options: .concurrency(1, queue: 3)) { _, _ in await Task.yield() }
        let variables = ["CONTAINER_CONCURRENCY": "2", "SWIFTLET_QUEUE_DEPTH": "3"]
        try await withServed(function, variables) { served in
            try await TestThread.run {
                var random = SeededGenerator(seed: seed)
                var clients: [TestClient] = []
                for _ in 0..<400 {
                    let client = try served.client()
                    try client.send(ServedFunction.delivery(random.pick(["quick", "yielding"])))
                    clients.append(client)
                    guard random.chance(40) else { continue }
                    let index = Int.random(in: clients.indices, using: &random)
                    let chosen = clients.remove(at: index)
                    if random.chance(50) {
                        let status = try chosen.answer().status
                        #expect(status == 200 || status == 503)
                    } else {
                        chosen.close()
                    }
                }
                for client in clients {
                    let status = try client.answer().status
                    #expect(status == 200 || status == 503)
                }
            }
            try await served.depth(0)
            #expect(try await served.deliver("yielding").status == 200)
        }
    }
}
