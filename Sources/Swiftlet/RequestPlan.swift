// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Who answers a request, as its head decides.
enum RequestPlan {
    case route(RouteEntry, parameters: [String: String])
    /// Whatever the body turns out to hold: one event, or a batch.
    case event
    case refuse(Response)
}

extension FunctionRuntime {
    /// Decides who answers; a function of events alone looks at the method only.
    func plan(_ head: HTTPRequestHead) -> RequestPlan {
        if self.isForEventsAlone, head.method == .post { return .event }
        return self.plan(head.method.rawValue, head.pathSlice, head.fields)
    }

    /// Decides who answers.
    ///
    /// - Parameters:
    ///   - method: As sent.
    ///   - path: As sent, without the query.
    ///   - fields: Of the request; only a webhook's handshake looks at them.
    /// - Returns: The route, the events, or an answer to those that are for neither.
    func plan(_ method: String, _ path: Substring, _ fields: HTTPFields) -> RequestPlan {
        for route in self.function.routes where route.accepts(method: method) {
            if let parameters = route.pattern.match(path) {
                return .route(route, parameters: parameters)
            }
        }
        if method == "POST", !self.function.eventHandlers.isEmpty { return .event }
        return self.planWithoutHandler(method, path, fields)
    }

    /// What is for no route, and no event as events are usually sent.
    private func planWithoutHandler(
        _ method: String,
        _ path: Substring,
        _ fields: HTTPFields
    ) -> RequestPlan {
        if method == "CONNECT" {
            return .refuse(.refusal(501, "this is no proxy: CONNECT is not answered"))
        }
        // The server as a whole (RFC 9110 section 9.3.7).
        if method == "OPTIONS", path == "*" { return .refuse(Response(status: 204)) }
        let isKnown = HTTPMethod.registered.contains { $0.rawValue == method }
        guard isKnown || self.function.routes.contains(where: { $0.method == method }) else {
            return .refuse(.refusal(501, "the method \(method) is not known here"))
        }
        let allowed = self.function.routes.filter { $0.pattern.match(path) != nil }
        let takesEvents = !self.function.eventHandlers.isEmpty
        if takesEvents, method == "PUT", allowed.isEmpty { return .event }
        if takesEvents, method == "OPTIONS", self.webhookGate.isOpen {
            return .refuse(self.webhookGate.handshake(fields))
        }
        // Events come in at any path.
        guard takesEvents || !allowed.isEmpty else {
            return .refuse(.refusal(404, "there is nothing at this path"))
        }
        var response = Response.refusal(
            405,
            takesEvents ? "send a CloudEvent by POST" : "this path does not take \(method)"
        )
        response.headers["Allow"] = self.allowedMethods(routes: allowed, takesEvents: takesEvents)
        return .refuse(response)
    }

    /// All that a path takes (RFC 9110 section 10.2.1), each once.
    private func allowedMethods(routes: [RouteEntry], takesEvents: Bool) -> String {
        var methods: [String] = []
        for route in routes {
            methods.append(route.method)
            if route.accepts(method: "HEAD") { methods.append("HEAD") }
        }
        if takesEvents {
            methods += routes.isEmpty ? ["POST", "PUT"] : ["POST"]
            if self.webhookGate.isOpen { methods.append("OPTIONS") }
        }
        var seen: Set<String> = []
        return methods.filter { seen.insert($0).inserted }.joined(separator: ", ")
    }
}

extension HTTPRequestHead {
    /// The ``path`` without a copy.
    var pathSlice: Substring {
        let origin = self.originForm
        let end = origin.utf8.firstIndex(of: UInt8(ascii: "?")) ?? origin.endIndex
        return origin[..<end]
    }
}
