// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import Synchronization
import TestSupport

/// A sink that writes down what it gets and answers as it is told.
final class RecordingSink: HTTPHandler {
    struct Request: Sendable {
        var fields: HTTPFields
        var body: [UInt8]
        /// How many came before.
        var index: Int

        var id: String { self.fields["ce-id"] ?? "" }
    }

    struct Reply: Sendable {
        var status: HTTPStatus
        var fields = HTTPFields()
        var body: [UInt8] = []
    }

    /// Decides the answer; `nil` keeps the request open until ``answerOpenRequests(_:)``.
    typealias Decision = @Sendable (Request) -> Reply?

    let requests: Journal<Request>
    private let loop: EventLoop
    private let decide: Mutex<Decision>
    private let open = Mutex<[@Sendable (Reply) -> Void]>([])
    private let count = Mutex(0)

    init(loop: EventLoop, decide: @escaping Decision) {
        self.loop = loop
        self.requests = Journal(loop: loop)
        self.decide = Mutex(decide)
    }

    /// Changes how later requests are answered.
    func setDecision(_ decide: @escaping Decision) { self.decide.withLock { $0 = decide } }

    func answerOpenRequests(_ reply: Reply) {
        let open = self.open.withLock { open in
            defer { open = [] }
            return open
        }
        for answer in open { answer(reply) }
    }

    func handle(_ exchange: HTTPExchange) {
        let body = Mutex<[UInt8]>([])
        let collected = Box(body: body)
        exchange.consumeBody { event in
            switch event {
            case .chunk(let bytes): collected.body.withLock { $0 += bytes }
            case .end: self.received(exchange, collected.body.withLock { $0 })
            case .failed: exchange.abort()
            }
        }
    }

    private final class Box: Sendable {
        let body: Mutex<[UInt8]>

        init(body: consuming Mutex<[UInt8]>) { self.body = body }
    }

    private func received(_ exchange: HTTPExchange, _ body: [UInt8]) {
        let index = self.count.withLock { count in
            defer { count += 1 }
            return count
        }
        let request = Request(fields: exchange.request.fields, body: body, index: index)
        let reply = self.decide.withLock { $0 }(request)
        if let reply {
            exchange.respond(reply.status, reply.fields, body: reply.body)
        } else {
            let loop = self.loop
            self.open.withLock { open in
                open.append { reply in
                    loop.execute { exchange.respond(reply.status, reply.fields, body: reply.body) }
                }
            }
        }
        self.requests.append(request)
    }
}
