// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP
internal import HTTPServer

/// The two bodies of an exchange whose handler reads and writes piece by piece.
///
/// `@unchecked Sendable`: its variables belong to the thread of the exchange's loop.
final class ExchangeStream: RequestBodySource, ResponseSink, @unchecked Sendable {
    private let exchange: HTTPExchange
    private let deadlines: InvocationDeadlines
    private let bodyBytesMax: Int
    private unowned let owner: Invocation
    private var readBytes = 0
    private var isFinished = false
    private var isReading = false
    private var writing: CheckedContinuation<Void, any Error>?
    private var progress: InvocationDeadlines.Queue?
    private var progressDeadline = SlotID.none

    /// Begins to wait for the first byte of the answer; loop only.
    init(
        _ exchange: HTTPExchange,
        deadlines: InvocationDeadlines,
        bodyBytesMax: Int,
        owner: Invocation
    ) {
        self.exchange = exchange
        self.deadlines = deadlines
        self.bodyBytesMax = bodyBytesMax
        self.owner = owner
        self.expectProgress(deadlines.responseStart ?? deadlines.idle)
        exchange.onWritable = { [weak self] in self?.writing.take()?.resume() }
    }

    // MARK: Request

    var trailers: Headers {
        get async {
            await self.exchange.loop.run { self.exchange.bodyTrailers.map { Headers($0) } }
                ?? Headers()
        }
    }

    func next() async throws -> [UInt8]? {
        try await self.exchange.loop.run { try self.beginReading() }
        let result: Result<[UInt8]?, any Error>
        do {
            result = .success(try await self.exchange.nextBodyChunk())
        } catch {
            result = .failure(error)
        }
        return try await self.exchange.loop.run { try self.endReading(result) }
    }

    private func beginReading() throws {
        guard !self.isReading else {
            throw FunctionError(500, "two tasks of the handler read the body at once")
        }
        self.isReading = true
    }

    private func endReading(_ result: Result<[UInt8]?, any Error>) throws -> [UInt8]? {
        self.isReading = false
        let chunk = try result.get()
        self.readBytes += chunk?.count ?? 0
        guard self.readBytes <= self.bodyBytesMax else { throw HTTPBodyError.tooLarge }
        return chunk
    }

    // MARK: Answer

    func start(status: Int, headers: Headers, length: Int?) async throws {
        try await self.exchange.loop.run {
            try self.checkOpen()
            guard !self.exchange.isStarted else { throw ResponseMistake.startedTwice }
            self.startNow(status, headers, length)
        }
    }

    func write(_ bytes: [UInt8]) async throws {
        try await withCheckedThrowingContinuation { continuation in
            if self.exchange.loop.isCurrent {
                self.write(bytes, resuming: continuation)
            } else {
                self.exchange.loop.execute { self.write(bytes, resuming: continuation) }
            }
        }
    }

    private func write(
        _ bytes: [UInt8],
        resuming continuation: CheckedContinuation<Void, any Error>
    ) {
        guard self.writing == nil else {
            return continuation.resume(throwing: ResponseMistake.concurrent)
        }
        do {
            try self.checkOpen()
        } catch {
            return continuation.resume(throwing: error)
        }
        if !self.exchange.isStarted { self.startNow(200, Headers(), nil) }
        self.expectProgress(self.deadlines.idle)
        // Set before the write, which can end the exchange at once.
        self.writing = continuation
        if self.exchange.write(bytes) {
            self.writing.take()?.resume()
        } else if self.exchange.isOver {
            self.writing.take()?.resume(throwing: CancellationError())
        }
    }

    func finish(trailers: Headers) async throws {
        try await self.exchange.loop.run {
            try self.checkOpen()
            guard self.writing == nil else { throw ResponseMistake.concurrent }
            self.end(trailers: trailers.fields)
        }
    }

    private func checkOpen() throws {
        guard self.exchange.isOver else { return }
        throw self.isFinished ? ResponseMistake.over : CancellationError()
    }

    private func startNow(_ status: Int, _ headers: Headers, _ length: Int?) {
        self.owner.answered(status)
        self.exchange.start(
            HTTPResponseHead(status: HTTPStatus(rawValue: status), fields: headers.fields),
            bodyLength: length
        )
        self.expectProgress(self.deadlines.idle)
    }

    // MARK: From the invocation, on the loop

    /// Ends the answer, unless the handler did it itself.
    func end(trailers: HTTPFields? = nil) {
        guard !self.exchange.isOver else { return }
        if !self.exchange.isStarted { self.startNow(200, Headers(), 0) }
        self.isFinished = true
        self.stopTime()
        self.exchange.end(trailers: trailers)
    }

    /// Nothing can be written any more.
    func cancel() {
        self.stopTime()
        self.writing.take()?.resume(throwing: CancellationError())
    }

    /// No byte is expected any more.
    func stopTime() {
        self.progress?.remove(self.progressDeadline)
        self.progress = nil
    }

    private func expectProgress(_ queue: InvocationDeadlines.Queue?) {
        self.stopTime()
        self.progress = queue
        if let queue { self.progressDeadline = queue.append(self.owner) }
    }
}
