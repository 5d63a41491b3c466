// SPDX-License-Identifier: Apache-2.0

package import EventLoop
package import HTTP

/// One request and its answer.
///
/// Confined to ``loop``: all methods but the async ones and ``fail(with:)`` are called on its
/// thread. The async ones may be awaited by any task and hop there when they must.
///
/// `@unchecked Sendable`: its variables belong to the thread of ``loop``. Exclusive access to
/// them is not checked at run time: what is called with one of them does not come back to it.
package final class HTTPExchange: @unchecked Sendable {
    /// The loop of the connection.
    package let loop: EventLoop
    /// The request without its body.
    package let request: HTTPRequestHead
    /// Where the request came from.
    package let peer: SocketAddress
    /// How much body follows: none, a known length, or `chunked` for an unknown one, which no field
    /// of the request tells in HTTP/2.
    package let framing: HTTPBodyFraming
    /// Whether the request came by TLS.
    package let isEncrypted: Bool
    /// When the head was complete.
    package let receivedAt: MonotonicTime

    /// Called when a ``write(_:)`` that answered `false` was drained far enough to go on.
    @exclusivity(unchecked)
    package var onWritable: (() -> Void)?
    /// Called once when the answer can no longer be given; nothing can be written then.
    ///
    /// The client is gone, or the server had to answer or cut the connection itself.
    @exclusivity(unchecked)
    package var onCancelled: (() -> Void)?

    /// `nil` once the answer ended or the connection is gone.
    @exclusivity(unchecked)
    private var carrier: (any HTTPExchangeCarrier)?
    @exclusivity(unchecked)
    private var incoming = HTTPIncomingBody()
    @exclusivity(unchecked)
    private var collector: HTTPBodyCollector?
    @exclusivity(unchecked)
    private var writing: HTTPWaiter<Void>?
    /// Whether a write was told that there is no room, so that it waits to hear of some.
    @exclusivity(unchecked)
    private(set) var isRoomAwaited = false

    init(
        carrier: any HTTPExchangeCarrier,
        loop: EventLoop,
        request: consuming HTTPRequestHead,
        peer: SocketAddress,
        framing: HTTPBodyFraming,
        wholeBody: consuming [UInt8]?,
        isEncrypted: Bool
    ) {
        self.loop = loop
        self.request = request
        self.peer = peer
        self.receivedAt = loop.now
        self.carrier = carrier
        self.framing = framing
        self.isEncrypted = isEncrypted
        if let wholeBody { self.incoming.cameWhole(wholeBody) }
    }

    // MARK: Request body

    /// How long the body is, while ``takeWholeBody()`` would give it; `nil` otherwise.
    package var wholeBodyBytes: Int? { self.incoming.wholeBytes }

    /// Takes the body, when all of it is there already, which spares the small ones every callback.
    ///
    /// - Returns: All its bytes, none for a request without a body; `nil` when some are still to
    ///   come, when it has trailers, and when it was read before.
    package func takeWholeBody() -> [UInt8]? {
        guard let body = self.incoming.takeWhole() else { return nil }
        if !body.isEmpty { self.carrier?.bodyWasConsumed() }
        return body
    }

    /// Hands the body to `consumer` as it comes; once, and instead of the async form.
    ///
    /// It hears nothing more once the answer has ended.
    package func consumeBody(_ consumer: @escaping (HTTPBodyEvent) -> Void) {
        self.incoming.consumer = consumer
        self.carrier?.bodyIsWanted()
        self.deliverBody()
    }

    /// Waits for the whole body, which is read to where it stays; once, and instead of the others.
    ///
    /// It hears nothing more once the answer has ended.
    ///
    /// - Parameters:
    ///   - bytesMax: How many bytes it may have; one byte more is `tooLarge`.
    ///   - completion: Called once with all its bytes, perhaps before this returns.
    package func collectBody(
        upTo bytesMax: Int,
        _ completion: @escaping (Result<[UInt8], HTTPBodyError>) -> Void
    ) {
        if let body = self.takeWholeBody() {
            return completion(body.count <= bytesMax ? .success(body) : .failure(.tooLarge))
        }
        if case .length(let length) = self.framing, length > bytesMax {
            return completion(.failure(.tooLarge))
        }
        let collector = HTTPBodyCollector(bytesMax: bytesMax, framing: self.framing, completion)
        self.collector = collector
        self.consumeBody { [unowned self] event in
            switch event {
            case .chunk(let bytes): self.collect(bytes.span)
            case .end: self.collectionEnded(nil)
            case .failed(let error): self.collectionEnded(error)
            }
        }
    }

    /// Keeps bytes for one who waits for all of them.
    func collect(_ bytes: Span<UInt8>) {
        guard let collector = self.collector else { return }
        guard collector.hasRoom(for: bytes.count) else { return self.collectionEnded(.tooLarge) }
        collector.append(bytes)
    }

    private func collectionEnded(_ error: HTTPBodyError?) {
        self.incoming.consumer = nil
        self.collector.take()?.end(error)
    }

    /// Who keeps body bytes that come now, with none before them.
    var openCollector: HTTPBodyCollector? { self.incoming.isPassing ? self.collector : nil }

    /// Stops calling the consumer; what was read ahead waits, and the socket is read no further.
    ///
    /// When the connection ends meanwhile, the consumer is told that the body failed, and what
    /// waited is dropped.
    package func pauseBody() {
        // Nothing would end a pause that begins after the exchange.
        self.incoming.isPaused = self.carrier != nil
    }

    /// Calls the consumer again, at once with what waited.
    package func resumeBody() {
        guard self.incoming.isPaused else { return }
        self.incoming.isPaused = false
        self.deliverBody()
    }

    /// Waits for the next bytes of the body.
    ///
    /// - Returns: At least one byte, or `nil` at the end.
    /// - Throws: ``HTTPBodyError``; `connectionClosed` also for what had not arrived when the
    ///   answer ended: it is not read any more. ``HTTPExchangeMistake`` while another task waits.
    package func nextBodyChunk() async throws -> [UInt8]? {
        try await withCheckedThrowingContinuation { continuation in
            if self.loop.isCurrent {
                self.awaitChunk(continuation)
            } else {
                self.loop.execute { self.awaitChunk(continuation) }
            }
        }
    }

    /// Waits for the whole body.
    ///
    /// - Parameter bytesMax: How many bytes it may have.
    /// - Returns: The bytes.
    /// - Throws: ``HTTPBodyError``; `tooLarge` when it has more than `bytesMax` bytes.
    package func collectBody(upTo bytesMax: Int) async throws -> [UInt8] {
        guard var body = try await self.nextBodyChunk() else { return [] }
        while body.count <= bytesMax {
            guard let chunk = try await self.nextBodyChunk() else { return body }
            body.append(contentsOf: chunk)
        }
        throw HTTPBodyError.tooLarge
    }

    /// The fields behind the body, once the body is known to be complete.
    package var bodyTrailers: HTTPFields? { self.incoming.trailers }

    private func awaitChunk(_ continuation: CheckedContinuation<[UInt8]?, any Error>) {
        guard self.incoming.waiter == nil else {
            self.carrier?.report("two tasks read the body of one request")
            return continuation.resume(throwing: HTTPExchangeMistake.twoReaders)
        }
        self.incoming.waiter = HTTPWaiter(continuation)
        self.carrier?.bodyIsWanted()
        self.deliverBody()
    }

    private func deliverBody() {
        self.tellBody()
        self.carrier?.bodyWasConsumed()
    }

    /// Tells what is there, one event at a time: whoever is told may pause, abort or read on.
    private func tellBody() {
        while let notice = self.incoming.next() { notice.tell() }
    }

    /// Bytes that were read ahead and wait for the handler.
    var bufferedBodyBytes: Int { self.incoming.bufferedBytes }
    /// Whether the handler waits for body bytes.
    var isBodyAwaited: Bool { self.incoming.isAwaited }

    func bodyArrived(_ event: HTTPBodyEvent) {
        if let consumer = self.incoming.passOn(event) { return consumer(event) }
        self.incoming.append(event)
        self.tellBody()
    }

    // MARK: Answer

    /// Whether a head was sent, so that the status cannot change any more.
    @exclusivity(unchecked)
    package private(set) var isStarted = false
    /// Whether the answer ended, or can no longer be given.
    package var isOver: Bool { self.carrier == nil }

    /// Sends a whole answer; does nothing when the client is gone.
    package func respond(
        _ status: HTTPStatus,
        _ fields: HTTPFields = HTTPFields(),
        body: [UInt8] = []
    ) {
        guard let carrier = self.carrier else { return }
        do throws(HTTPAnswerMistake) {
            try carrier.answer(HTTPResponseHead(status: status, fields: fields), body: body)
        } catch {
            return self.mistaken(error, on: carrier)
        }
        self.isStarted = true
        self.answerEnded(on: carrier)
    }

    /// Sends a head of 1xx before the answer, for example 103 (RFC 9110 section 15.2).
    ///
    /// Does nothing for a client of HTTP/1.0, and when the client is gone. 101 is no such head.
    package func sendInformational(_ head: HTTPResponseHead) {
        guard let carrier = self.carrier else { return }
        do throws(HTTPAnswerMistake) {
            try carrier.sendInformational(head)
        } catch {
            self.mistaken(error, on: carrier)
        }
    }

    /// Sends the head of an answer; a second one resets the connection.
    ///
    /// - Parameters:
    ///   - head: Status and fields; framing and connection fields in it are replaced.
    ///   - bodyLength: The exact length that will be written, or `nil` when it is not known.
    package func start(_ head: HTTPResponseHead, bodyLength: Int?) {
        guard let carrier = self.carrier else { return }
        do throws(HTTPAnswerMistake) {
            try carrier.startAnswer(head, bodyLength: bodyLength)
            self.isStarted = true
        } catch {
            self.mistaken(error, on: carrier)
        }
    }

    /// A head that was refused is replaced by 500; any other mistake leaves no honest answer.
    private func mistaken(_ mistake: HTTPAnswerMistake, on carrier: any HTTPExchangeCarrier) {
        carrier.report("\(self.request.method): \(mistake.explanation)")
        guard !self.isStarted, mistake.mayBeReplaced else { return self.abort() }
        carrier.closeAfterAnswer()
        let head = HTTPResponseHead(status: .internalServerError)
        guard (try? carrier.startAnswer(head, bodyLength: 0)) != nil else { return self.abort() }
        self.isStarted = true
        self.end()
    }

    /// Sends body bytes; before ``start(_:bodyLength:)`` this resets the connection.
    ///
    /// - Returns: Whether more may be written now; after `false`, wait for ``onWritable``.
    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool {
        guard let carrier = self.carrier else { return false }
        do throws(HTTPAnswerMistake) {
            try carrier.writeBody(bytes)
        } catch {
            self.mistaken(error, on: carrier)
            return false
        }
        self.isRoomAwaited = !carrier.hasRoomForOutput
        return !self.isRoomAwaited
    }

    /// Ends the answer; the connection goes on with the next request.
    package func end(trailers: HTTPFields? = nil) {
        guard let carrier = self.carrier else { return }
        do throws(HTTPAnswerMistake) {
            try carrier.endAnswer(trailers: trailers)
        } catch {
            return self.mistaken(error, on: carrier)
        }
        self.answerEnded(on: carrier)
    }

    private func answerEnded(on carrier: any HTTPExchangeCarrier) {
        self.carrier = nil
        self.onWritable = nil
        self.onCancelled = nil
        let writing = self.writing.take()
        self.collector = nil
        self.incoming.answerEnded()
        carrier.answerEnded()
        if self.incoming.isAwaited { self.tellBody() }
        writing?.resume(with: .success(()))
    }

    /// Resets the connection, or the stream of HTTP/2: the only honest end of an answer that cannot
    /// be completed.
    package func abort() {
        self.carrier?.reset()
    }

    /// Whether ``takeOver(_:)`` can succeed: HTTP/1.1, with a wish to upgrade, or CONNECT, and
    /// without body bytes that are still to come.
    package var canBeTakenOver: Bool {
        !self.isStarted && self.carrier?.canBeTakenOver(self.request) == true
    }

    /// Answers, and takes the connection out of HTTP.
    ///
    /// - Parameter head: 101 with an `Upgrade` field (`Connection` is added), or 2xx to a CONNECT.
    /// - Returns: The bytes that follow, both ways; `nil` when the client is gone, and when
    ///   ``canBeTakenOver`` or the head is wrong, which is answered 500.
    package func takeOver(_ head: HTTPResponseHead) -> HTTPByteStream? {
        guard let carrier = self.carrier else { return nil }
        do throws(HTTPAnswerMistake) {
            let stream = try carrier.takeOver(self.request, head)
            self.isStarted = true
            self.carrier = nil
            self.onWritable = nil
            self.onCancelled = nil
            return stream
        } catch {
            self.mistaken(error, on: carrier)
            return nil
        }
    }

    /// Answers 500, or what the error says; resets the connection when the head is out.
    ///
    /// Does nothing when the answer ended already. Any thread.
    package func fail(with error: any Error) {
        guard self.loop.isCurrent else { return self.loop.execute { self.fail(with: error) } }
        guard !self.isOver else { return }
        guard !self.isStarted else { return self.abort() }
        if let error = error as? HTTPBodyError {
            self.respond(error.status)
        } else {
            self.carrier?.report("a handler failed: \(error)")
            self.respond(.internalServerError)
        }
    }

    /// A handler that must have answered by now is done.
    func handlerReturned() {
        guard self.loop.isCurrent else { return self.loop.execute { self.handlerReturned() } }
        guard let carrier = self.carrier else { return }
        carrier.report("a handler of \(self.request.method) returned without ending its answer")
        if self.isStarted { self.abort() } else { self.respond(.internalServerError) }
    }

    // MARK: Answer, async form

    /// ``start(_:bodyLength:)`` from any task.
    package func sendStart(_ head: HTTPResponseHead, bodyLength: Int?) async {
        await self.loop.run { self.start(head, bodyLength: bodyLength) }
    }

    /// Writes, and waits until the peer has taken enough of it.
    ///
    /// - Throws: `CancellationError` when the client is gone; ``HTTPExchangeMistake`` while another
    ///   task waits to write.
    package func send(_ bytes: [UInt8]) async throws {
        try await withCheckedThrowingContinuation { continuation in
            if self.loop.isCurrent {
                self.write(bytes, resuming: continuation)
            } else {
                self.loop.execute { self.write(bytes, resuming: continuation) }
            }
        }
    }

    /// ``end(trailers:)`` from any task.
    package func sendEnd(trailers: HTTPFields? = nil) async {
        await self.loop.run { self.end(trailers: trailers) }
    }

    /// ``respond(_:_:body:)`` from any task.
    package func sendResponse(
        _ status: HTTPStatus,
        _ fields: HTTPFields = HTTPFields(),
        body: [UInt8] = []
    ) async {
        await self.loop.run { self.respond(status, fields, body: body) }
    }

    private func write(
        _ bytes: [UInt8],
        resuming continuation: CheckedContinuation<Void, any Error>
    ) {
        guard self.writing == nil else {
            self.carrier?.report("two tasks write one answer")
            return continuation.resume(throwing: HTTPExchangeMistake.twoWriters)
        }
        if self.write(bytes) { return continuation.resume() }
        guard !self.isOver else { return continuation.resume(throwing: CancellationError()) }
        self.writing = HTTPWaiter(continuation)
    }

    // MARK: From the carrier

    /// There is room for more output.
    func outputDrained() {
        guard self.isRoomAwaited else { return }
        self.isRoomAwaited = false
        self.writing.take()?.resume(with: .success(()))
        self.onWritable?()
    }

    /// Nobody will read an answer of the handler any more.
    ///
    /// From here on all that it writes is dropped: also what it writes on being told.
    func connectionClosed(_ reason: HTTPBodyError) {
        guard self.carrier != nil else { return }
        self.carrier = nil
        self.onWritable = nil
        let onCancelled = self.onCancelled.take()
        let writing = self.writing.take()
        self.incoming.connectionClosed(reason)
        self.tellBody()
        writing?.resume(with: .failure(CancellationError()))
        onCancelled?()
    }
}

/// What a handler's tasks must not do to one exchange.
package enum HTTPExchangeMistake: Error, Equatable, Sendable {
    /// Two tasks wait for body bytes; this is the second.
    case twoReaders
    /// Two tasks wait to write; this is the second, whose bytes were not sent.
    case twoWriters
}
