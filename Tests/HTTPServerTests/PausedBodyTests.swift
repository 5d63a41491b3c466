// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: a paused body whose connection ends", .timeLimit(.minutes(10)))
struct PausedBodyTests {
    /// Tells when nobody holds it any more.
    private final class Witness: Sendable {
        private let gone: Semaphore
        init(_ gone: Semaphore) { self.gone = gone }
        deinit { self.gone.signal() }
    }

    private let gone = Semaphore()
    private let paused = Semaphore()
    private let events = Recorder<String>()

    /// Pauses at the first bytes, never goes on, and holds the exchange as handlers do.
    private var handler: ClosureHandler {
        ClosureHandler { [gone, paused, events] exchange in
            let witness = Witness(gone)
            exchange.consumeBody { event in
                withExtendedLifetime(witness) {}
                switch event {
                case .chunk:
                    exchange.pauseBody()
                    paused.signal()
                case .end: events.append("end")
                case .failed(let error): events.append("\(error)")
                }
            }
        }
    }

    @Test(
        "tells its consumer and lets go of it, also when the body was there as a whole",
        arguments: ["half of it", "all of it is here"]
    )
    func letsGo(_ body: String) async throws {
        try await withServer(self.handler) { test in
            try await TestThread.run { [gone, paused] in
                let client = try test.client()
                try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\n\(body)")
                #expect(paused.wait())
                client.reset()
                #expect(gone.wait())
            }
        }
        #expect(self.events.values == ["connectionClosed"])
    }

    @Test("so does a stream of HTTP/2")
    func stream() async throws {
        try await withServer(self.handler) { test in
            try await TestThread.run { [gone, paused] in
                let client = try test.http2Client()
                try client.send(HTTP2Client.headers(1, HTTP2Client.post, ends: false))
                try client.send(HTTP2Client.data(1, Array("half".utf8), ends: false))
                #expect(paused.wait())
                client.raw.reset()
                #expect(gone.wait())
            }
        }
        #expect(self.events.values == ["connectionClosed"])
    }

    @Test("a pause after the answer holds nothing")
    func late() async throws {
        let handler = ClosureHandler { [gone, events] exchange in
            let witness = Witness(gone)
            exchange.respond(.ok)
            exchange.pauseBody()
            exchange.consumeBody { event in
                withExtendedLifetime((witness, exchange)) {}
                if case .failed(let error) = event { events.append("\(error)") }
            }
        }
        try await withServer(handler) { test in
            try await TestThread.run { [gone] in
                let client = try test.client()
                let head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
                #expect(try client.exchange(head).status == 200)
                #expect(gone.wait())
            }
        }
        #expect(self.events.values == ["connectionClosed"])
    }
}
