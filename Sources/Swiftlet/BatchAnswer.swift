// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents

/// What became of one event of a batch.
enum BatchOutcome: Sendable {
    case handled(reply: CloudEvent?)
    /// The answer that the event would have got on its own.
    case failed(Response)
}

extension FunctionRuntime {
    /// Runs the handler of one event when and where it may run.
    typealias BatchStep =
        @Sendable (EventHandlerEntry, @escaping @Sendable () async -> BatchOutcome) async throws
        -> BatchOutcome

    /// Handles the events of a batch in order, each on its own.
    ///
    /// - Returns: 200 when all were handled, with the replies as a batch if there are any. When
    ///   some were not, the status of the first of them that comes right when it is tried again,
    ///   else of the first; the body names all of them. The sender then delivers the whole batch
    ///   again, or gives all of it up: events are delivered at least once.
    func answer(
        _ events: [CloudEvent],
        _ context: Context,
        _ step: BatchStep
    ) async -> Response {
        var replies: [CloudEvent] = []
        var failures: [(index: Int, event: CloudEvent, response: Response)] = []
        for (index, event) in events.enumerated() {
            switch await self.outcome(event, context, step) {
            case .handled(let reply): if let reply { replies.append(reply) }
            case .failed(let response): failures.append((index, event, response))
            }
        }
        guard let first = failures.first else { return self.response(with: replies, context) }
        let chosen = failures.first { Self.isWorthRetrying($0.response.status) } ?? first
        var text = "\(failures.count) of \(events.count) events were not handled\n"
        for (index, event, response) in failures {
            text += "event \(index) (\(event.id)): \(response.status) "
            text += String(decoding: response.body, as: UTF8.self)
        }
        var response = Response.text(text, status: chosen.response.status)
        response.headers["Retry-After"] = chosen.response.headers["Retry-After"]
        return response
    }

    private func outcome(
        _ event: CloudEvent,
        _ context: Context,
        _ step: BatchStep
    ) async -> BatchOutcome {
        do {
            let entry = try self.entry(for: event)
            return try await step(entry) {
                do {
                    let reply = try await entry.handle(event, context)
                    try reply.map(Self.check)
                    return .handled(reply: reply)
                } catch {
                    return .failed(self.refusal(error, context))
                }
            }
        } catch {
            return .failed(self.refusal(error, context))
        }
    }

    private static func check(_ reply: CloudEvent) throws {
        do {
            try reply.validate()
        } catch {
            throw FunctionError(500, "the handler's reply is no valid event: \(error)")
        }
    }

    private func response(with replies: [CloudEvent], _ context: Context) -> Response {
        guard !replies.isEmpty else { return Response() }
        do {
            let body = try CloudEvent.jsonFormat(batch: replies)
            return Response(headers: ["Content-Type": MediaType.batch], body: body)
        } catch {
            return self.refusal(error, context)
        }
    }

    /// What senders of Knative try again.
    private static func isWorthRetrying(_ status: Int) -> Bool {
        [404, 408, 409, 429].contains(status) || 500...599 ~= status
    }
}
