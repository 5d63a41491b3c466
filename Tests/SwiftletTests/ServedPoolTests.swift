// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Swiftlet

@Suite("Handlers on the pool, over sockets", .timeLimit(.minutes(10)))
struct ServedPoolTests {
    /// More than there are processors on what runs this.
    private static let blockedCount = 40

    @Test("handlers that block their threads hold up neither others nor answers that are ready")
    func blocking() async throws {
        let (entered, gate) = (Semaphore(), Semaphore())
        var function = Function()
        function.on("blocks") { _, _ in
            entered.signal()
            #expect(gate.wait())
        }
        function.on("quick") { _, _ in }
        try await withServed(function) { served in
            try await TestThread.run {
                let clients = try (0..<Self.blockedCount).map { _ in
                    (try served.client(), try served.client())
                }
                for (blocked, quick) in clients {
                    try blocked.send(ServedFunction.delivery("blocks"))
                    try quick.send(ServedFunction.delivery("quick"))
                }
                for (_, quick) in clients { #expect(try quick.answer().status == 200) }
                for _ in clients { #expect(entered.wait()) }
                for _ in clients { gate.signal() }
                for (blocked, _) in clients { #expect(try blocked.answer().status == 200) }
            }
        }
    }

    @Test("a handler goes on after it was held, on the pool, and so do its child tasks")
    func suspended() async throws {
        let gate = Gate()
        var function = Function()
        function.on("held") { _, context in
            async let child: Void = gate.pass()
            try await gate.pass()
            try await child
        }
        try await withServed(function) { served in
            async let first = served.deliver("held")
            async let second = served.deliver("held")
            await gate.arrivals(4)
            gate.open()
            let statuses = try await [first.status, second.status]
            #expect(statuses == [200, 200])
        }
    }

    @Test("many quick ones at once are all answered, and in order on each connection")
    func quick() async throws {
        var function = Function()
        function.post("/echo") { request, _ in Response(body: request.body) }
        try await withServed(function) { served in
            try await TestThread.run {
                let clients = try (0..<32).map { _ in try served.client() }
                for round in 0..<50 {
                    for (index, client) in clients.enumerated() {
                        let texts = (0..<3).map { "\(round) \(index) \($0)" }
                        try client.send(
                            texts.map { text in
                                "POST /echo HTTP/1.1\r\nHost: test\r\n"
                                    + "Content-Length: \(text.utf8.count)\r\n\r\n\(text)"
                            }.joined()
                        )
                    }
                    for (index, client) in clients.enumerated() {
                        for part in 0..<3 {
                            #expect(try client.answer().text == "\(round) \(index) \(part)")
                        }
                    }
                }
            }
        }
    }
}
