// SPDX-License-Identifier: Apache-2.0

extension Function {
    /// Answers plain HTTP requests of a method and path.
    ///
    /// Routes come before events: a CloudEvent posted to the path of a route goes to the route.
    ///
    /// - Parameters:
    ///   - method: For example `"GET"`; a GET route answers HEAD too.
    ///   - path: For example `"/orders/{id}"`; `{id}` matches one segment, found again in
    ///     ``Request/parameters``.
    ///   - options: Where the handler runs, how many at once, and for how long.
    ///   - handler: Called once for each request.
    public mutating func route(
        _ method: String,
        _ path: String,
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (Request, Context) async throws -> Response
    ) {
        self.add(method, path, options, .whole(handler))
    }

    /// Answers GET and HEAD.
    public mutating func get(
        _ path: String,
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (Request, Context) async throws -> Response
    ) {
        self.route("GET", path, options: options, handler)
    }

    /// Answers POST.
    public mutating func post(
        _ path: String,
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (Request, Context) async throws -> Response
    ) {
        self.route("POST", path, options: options, handler)
    }

    /// Answers PUT.
    public mutating func put(
        _ path: String,
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (Request, Context) async throws -> Response
    ) {
        self.route("PUT", path, options: options, handler)
    }

    /// Answers DELETE.
    public mutating func delete(
        _ path: String,
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (Request, Context) async throws -> Response
    ) {
        self.route("DELETE", path, options: options, handler)
    }

    /// Answers requests piece by piece: neither body is held in memory as a whole.
    ///
    /// ```swift
    /// function.stream("PUT", "/copies/{name}") { request, response, _ in
    ///     for try await chunk in request.body { try await response.write(chunk) }
    /// }
    /// ```
    ///
    /// Both directions have back-pressure: what is not read is not received, and a write waits for
    /// a slow reader. When the client goes, or the deadline passes, the task is cancelled and the
    /// next read or write throws. An error that is thrown before the first write decides the
    /// status; one after it cuts the answer off.
    ///
    /// - Parameters:
    ///   - method: For example `"GET"`; a GET route answers HEAD too.
    ///   - path: For example `"/orders/{id}"`.
    ///   - options: Where the handler runs, how many at once, and for how long.
    ///   - handler: Called once for each request; the answer ends when it returns.
    public mutating func stream(
        _ method: String,
        _ path: String,
        options: HandlerOptions = .default,
        _ handler:
            @escaping @Sendable (StreamingRequest, ResponseWriter, Context) async throws -> Void
    ) {
        self.add(method, path, options, .streaming(handler))
    }
}
