// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Swiftlet

@Suite("Turns and deadlines, over sockets")
struct ServedConcurrencyTests {
    private func gated(_ gate: Gate, _ options: HandlerOptions = .default) -> Function {
        var function = Function()
        function.on("held", options: options) { _, _ in try await gate.pass() }
        function.on("quick") { _, _ in }
        function.get("/quick") { _, _ in .text("quick") }
        return function
    }

    @Test("CONTAINER_CONCURRENCY runs so many, queues so many, refuses the next")
    func containerConcurrency() async throws {
        let gate = Gate()
        let variables = ["CONTAINER_CONCURRENCY": "2", "SWIFTLET_QUEUE_DEPTH": "1"]
        try await withServed(self.gated(gate), variables) { served in
            async let first = served.deliver("held")
            async let second = served.deliver("held")
            await gate.arrivals(2)
            async let waiting = served.get("/quick")
            try await served.depth(3)
            let refused = try await served.get("/quick")
            #expect(refused.status == 503)
            #expect(refused.fields["retry-after"] == "1")
            #expect(refused.text == "pending request queue full\n")
            // Probes neither wait nor count.
            #expect(try await served.get("/", "User-Agent: kube-probe/1\r\n").status == 200)
            #expect(try await served.get("/quick", "User-Agent: kube-probe/1\r\n").text == "quick")
            #expect(try await served.get("/", "K-Network-Probe: queue\r\n").text == "queue")
            #expect(gate.arrivals == 2)
            gate.open()
            let statuses = try await [first.status, second.status]
            #expect(statuses == [200, 200])
            #expect(try await waiting.text == "quick")
            try await served.depth(0)
        }
    }

    @Test("a client that goes leaves the queue")
    func leavesQueue() async throws {
        let gate = Gate()
        let variables = ["CONTAINER_CONCURRENCY": "1", "SWIFTLET_QUEUE_DEPTH": "1"]
        try await withServed(self.gated(gate), variables) { served in
            async let running = served.deliver("held")
            await gate.arrivals(1)
            let quitter = try served.client()
            try quitter.send(ServedFunction.delivery("held"))
            try await served.depth(2)
            quitter.reset()
            try await served.depth(1)
            async let waiting = served.deliver("quick")
            try await served.depth(2)
            gate.open()
            #expect(try await running.status == 200)
            #expect(try await waiting.status == 200)
            #expect(gate.arrivals == 1)
        }
    }

    @Test("who waits too long is told so, and waiting is not running")
    func queueDeadline() async throws {
        let gate = Gate()
        let function = self.gated(gate)
        try await withServed(
            function,
            ["CONTAINER_CONCURRENCY": "1"],
            settings: [.set(\.queueTimeout, .milliseconds(50))]
        ) { served in
            async let running = served.deliver("held")
            await gate.arrivals(1)
            let waited = try await served.deliver("quick")
            #expect(waited.status == 503)
            #expect(waited.text == "the request waited too long for its turn\n")
            #expect(waited.fields["retry-after"] == "1")
            gate.open()
            #expect(try await running.status == 200)
        }
    }

    @Test("time in a queue does not count against the deadline")
    func queueTime() async throws {
        let gate = Gate()
        let never = Gate()
        var function = self.gated(gate, .concurrency(1).deadline(.seconds(600)))
        function.get("/never") { _, _ in
            try await never.pass()
            return .text("")
        }
        try await withServed(
            function,
            ["CONTAINER_CONCURRENCY": "2"],
            settings: [.set(\.timeout, .milliseconds(50))]
        ) { served in
            async let running = served.deliver("held")
            await gate.arrivals(1)
            // One waits for the handler, with a turn of the function; one for the function.
            async let waiting = served.deliver("held")
            try await served.depth(2)
            async let waitingOutside = served.deliver("quick")
            try await served.depth(3)
            // A probe waits for no turn: when its time is over, so would be that of the others.
            let late = try await served.get("/never", "User-Agent: kube-probe/1\r\n")
            #expect(late.status == 504)
            gate.open()
            let statuses = try await [running.status, waiting.status, waitingOutside.status]
            #expect(statuses == [200, 200, 200])
        }
    }

    @Test("a handler's own limit holds for it alone, also in a batch")
    func handlerConcurrency() async throws {
        let gate = Gate()
        try await withServed(self.gated(gate, .concurrency(1, queue: 0))) { served in
            async let running = served.deliver("held")
            await gate.arrivals(1)
            #expect(try await served.deliver("quick").status == 200)
            #expect(try await served.deliver("held").status == 503)
            let event = #"{"specversion":"1.0","type":"held","source":"/s","id":"1"}"#
            let batch = "[\(event)]"
            let answer = try await served.exchange(
                "POST / HTTP/1.1\r\nHost: test\r\nContent-Type: application/cloudevents-batch+json"
                    + "\r\nContent-Length: \(batch.utf8.count)\r\n\r\n\(batch)"
            )
            #expect(answer.status == 503)
            gate.open()
            #expect(try await running.status == 200)
            #expect(try await served.deliver("held").status == 200)
        }
    }

    @Test(
        "a deadline gives 504 and cancels, wherever the handler runs",
        arguments: [HandlerOptions.loop, .pool]
    )
    func deadline(_ options: HandlerOptions) async throws {
        let cancelled = Recorder<Bool>()
        let gate = Gate()
        var function = Function()
        function.on("slow", options: options.deadline(.milliseconds(30))) { _, context in
            guard context.remaining <= .milliseconds(30) else { throw FunctionError(500, "late") }
            do { try await gate.pass() } catch {
                cancelled.append(Task.isCancelled)
                throw error
            }
        }
        try await withServed(function) { served in
            let answer = try await served.deliver("slow")
            #expect(answer.status == 504)
            #expect(answer.text == "the function did not answer in time\n")
        }
        #expect(cancelled.values == [true])
    }

    @Test("the turn of a handler that does not heed its cancellation is not given away")
    func stubborn() async throws {
        let arrivals = Gate()
        let release = AsyncStream.makeStream(of: Void.self)
        var function = Function()
        function.on("stubborn") { _, _ in
            async let _ = arrivals.pass()
            await arrivals.arrivals(1)
            await Task.detached { for await _ in release.stream {} }.value
        }
        function.get("/quick") { _, _ in .text("quick") }
        try await withServed(
            function,
            ["CONTAINER_CONCURRENCY": "1"],
            settings: [.set(\.timeout, .milliseconds(30))]
        ) { served in
            let late = try await served.deliver("stubborn")
            #expect(late.status == 504)
            async let waiting = served.get("/quick")
            try await served.depth(2)
            release.continuation.finish()
            #expect(try await waiting.status == 200)
        }
    }

    private func held(_ gate: Gate, _ ended: Gate) -> Function {
        var function = Function()
        function.on("held") { _, _ in
            do { try await gate.pass() } catch {
                ended.open()
                throw error
            }
        }
        return function
    }

    @Test("a client that goes cancels its handler")
    func clientGone() async throws {
        let (gate, ended) = (Gate(), Gate())
        try await withServed(self.held(gate, ended)) { served in
            let client = try served.client()
            try client.send(ServedFunction.delivery("held"))
            await gate.arrivals(1)
            client.reset()
            try await ended.pass()
        }
    }

    @Test("a client that sends no more gets its answer, however late")
    func halfClose() async throws {
        let (gate, ended) = (Gate(), Gate())
        try await withServed(self.held(gate, ended)) { served in
            let client = try served.client()
            try client.send(ServedFunction.delivery("held"))
            client.shutdownWrite()
            await gate.arrivals(1)
            gate.open()
            let answer = try await TestThread.run { try client.answer() }
            #expect(answer.status == 200)
        }
    }

    @Test("where the operator says so, it counts as gone")
    func halfCloseCancels() async throws {
        let (gate, ended) = (Gate(), Gate())
        try await withServed(self.held(gate, ended), ["SWIFTLET_HALF_CLOSE": "cancel"]) { served in
            let client = try served.client()
            try client.send(ServedFunction.delivery("held"))
            await gate.arrivals(1)
            client.close()
            try await ended.pass()
        }
    }
}
