// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc
internal import HTTP
internal import HTTP2Client

/// One connection to an instance that carries many requests at once (RFC 9113, prior knowledge).
///
/// It reads whatever comes: how much that is, the windows of the streams say. A request leaves when
/// the instance has shown by its settings that it is there, so that one whose connection ends
/// before is known not to have begun. Belongs to the loop's thread.
final class HTTP2UpstreamConnection: EventHandler, PlannedFlush {
    /// What the library gives at once, which is then sent.
    private static let outputBytesMax = 64 * 1024
    /// Most streams that were given up and that the library holds still, because the instance has
    /// not spoken or does not read; with one more the connection takes no others, and ends with its
    /// last one.
    static let givenUpMax = HTTP2ClientSession.streamsMax

    let context: ProxyContext
    /// `nil` once closed.
    private var pool: HTTP2UpstreamPool?
    private let fd: Int32
    private let session: HTTP2ClientSession
    private var streams: [HTTP2ClientSession.StreamID: HTTP2UpstreamStream] = [:]
    /// Streams that were taken, and not begun.
    private var reservedCount = 0
    /// How many streams the instance allows, once it has said that.
    private var streamsMax: Int?

    /// Whether the peer is known to be there; nothing was sent before.
    private(set) var hasConnected = false
    /// Whether a request came to its end here.
    private(set) var hasCarried = false
    /// Whether no further stream is begun, so that the connection ends with its last one.
    private var isDraining = false
    private var hasSaidGoodbye = false
    /// Whether the instance reads no more; what it has sent is still read.
    private var isOutputBroken = false
    private var isFlushPlanned = false
    private var outputStart = 0
    private var interest: IOEvents = .readable

    private var timer = TimerID.none
    private var timerDeadline = MonotonicTime(nanoseconds: .max)
    private var idleDeadline = MonotonicTime(nanoseconds: .max)
    /// Until when the connection has to be made.
    private let connectDeadline: MonotonicTime

    /// Takes over a socket that is connected, or about to be.
    init(fd: Int32, pool: HTTP2UpstreamPool, context: ProxyContext) throws {
        guard let session = HTTP2ClientSession(limits: context.configuration.responseLimits) else {
            throw SystemError("make a session of HTTP/2", code: ENOMEM)
        }
        self.fd = fd
        self.pool = pool
        self.context = context
        self.session = session
        self.connectDeadline = context.loop.now.advanced(by: context.connectTimeout)
        Socket.disableDelay(fd)
        try context.loop.register(fd, for: .readable, handler: self)
        self.becameIdle()
        self.planFlush()
    }

    private var isClosed: Bool { self.pool == nil }
    /// The port of our side.
    var localPort: UInt16? { try? Socket.localAddress(of: self.fd).port }
    /// Whether it carries nothing.
    var isIdle: Bool { self.streams.isEmpty && self.reservedCount == 0 }

    /// Whether it takes one more stream.
    var hasRoom: Bool {
        guard !self.isClosed, !self.isDraining else { return false }
        let most = self.streamsMax ?? self.pool?.streamsMax ?? 0
        return self.streams.count + self.reservedCount < most
    }

    // MARK: Streams

    /// Makes a stream, which is to be begun or closed.
    func makeStream() -> HTTP2UpstreamStream {
        self.reservedCount += 1
        return HTTP2UpstreamStream(self)
    }

    /// Sends the head of a stream's request.
    func begin(_ stream: HTTP2UpstreamStream, _ head: UpstreamRequestHead) {
        var text: [UInt8] = []
        head.append(to: &text, forwarded: &self.context.forwarded, trace: &self.context.trace)
        let hasBody = head.traits.framing != .none
        guard let lines = HTTP2FieldLines(requestHead: text),
            let id = self.session.begin(lines, hasBody: hasBody)
        else {
            // All names of streams are used up; who is just sending is told later.
            self.drain()
            let owned = LoopBound(stream)
            return self.context.loop.execute { owned.value.fail(.refused) }
        }
        self.reservedCount -= 1
        stream.id = id
        self.streams[id] = stream
        self.armTimer(noLaterThan: self.due(stream.deadline))
    }

    /// Sends bytes of a request's body.
    func send(_ bytes: [UInt8], on stream: HTTP2UpstreamStream) {
        self.session.send(bytes, on: stream.id)
        self.planFlush()
    }

    /// Whether the instance may know of a request.
    func isHeadSent(of stream: HTTP2UpstreamStream) -> Bool {
        self.session.isHeadSent(of: stream.id)
    }

    /// Whether a request's body may go on.
    func hasRoom(of stream: HTTP2UpstreamStream) -> Bool { self.session.hasRoom(of: stream.id) }

    /// Ends a request.
    func end(_ stream: HTTP2UpstreamStream, _ trailers: HTTPFields) {
        self.session.end(stream.id, trailers: trailers)
        self.planFlush()
    }

    /// Lets the instance send more.
    func consumed(_ count: Int, of stream: HTTP2UpstreamStream) {
        self.session.consumed(count, of: stream.id)
        self.planFlush()
    }

    /// A stream is over: what is left of it is of no use to anybody.
    func left(_ stream: HTTP2UpstreamStream) {
        if stream.id == 0 {
            self.reservedCount -= 1
        } else {
            self.streams[stream.id] = nil
            self.hasCarried = true
            self.session.leave(stream.id, .cancel)
            if self.session.openCount - self.streams.count > Self.givenUpMax { self.drain() }
        }
        if self.isIdle { self.becameIdle() }
        self.planFlush()
    }

    // MARK: Output

    /// Sends what is there when this turn of the loop ends.
    func planFlush() {
        guard !self.isFlushPlanned, !self.isClosed else { return }
        self.isFlushPlanned = true
        self.context.planFlush(of: self)
    }

    /// Sends what is there, as far as the socket takes it.
    func flush() {
        self.isFlushPlanned = false
        if self.isOutputBroken, self.isIdle { return self.close() }
        while !self.isClosed, !self.isOutputBroken {
            var goesOn = true
            if self.session.output.isEmpty {
                goesOn = self.session.produce(upTo: Self.outputBytesMax)
                self.runEvents()
            }
            guard !self.isClosed else { return }
            guard !self.session.output.isEmpty else {
                if !goesOn { return self.failAll(self.breach) }
                if self.endsWhenIdle() { return }
                break
            }
            guard self.write() else {
                // What waits is of no use to anybody.
                if self.isDraining, self.isIdle { return self.close() }
                break
            }
        }
        self.updateInterest()
    }

    /// Closes a connection that has nothing more to carry, behind a word of goodbye.
    ///
    /// - Returns: Whether it is closed.
    private func endsWhenIdle() -> Bool {
        guard self.isDraining, self.isIdle else { return false }
        if !self.hasSaidGoodbye {
            self.hasSaidGoodbye = true
            self.session.close()
            _ = self.session.produce(upTo: Self.outputBytesMax)
            if !self.session.output.isEmpty { _ = self.write() }
        }
        self.close()
        return true
    }

    /// Whether all of the output was sent.
    private func write() -> Bool {
        while self.outputStart < self.session.output.count {
            let start = self.outputStart
            let written = self.session.output.withUnsafeBytes { bytes in
                Socket.write(self.fd, from: UnsafeRawBufferPointer(rebasing: bytes[start...]))
            }
            switch written {
            case .count(let count):
                self.hasConnected = true
                self.outputStart += count
            case .wouldBlock, .end: return false
            case .failed(let code):
                self.writeFailed(code)
                return false
            }
        }
        self.session.output.removeAll(keepingCapacity: true)
        self.outputStart = 0
        return true
    }

    /// The function may have answered before it stopped reading: what it sent is read before the
    /// loop reports the failure.
    private func writeFailed(_ code: Int32) {
        self.isOutputBroken = true
        if !self.hasConnected { self.failAll(.notConnected(code)) }
    }

    // MARK: Input

    func handleEvents(_ events: IOEvents) {
        if events.contains(.writable) { self.flush() }
        guard !self.isClosed, events != .writable else { return }
        switch Socket.read(self.fd, into: self.context.scratch) {
        case .count(let count):
            self.received(UnsafeRawBufferPointer(rebasing: self.context.scratch[0..<count]))
        case .wouldBlock: break
        case .end: self.failAll()
        case .failed(let code):
            self.hasConnected ? self.failAll() : self.failAll(.notConnected(code))
        }
    }

    private func received(_ bytes: UnsafeRawBufferPointer) {
        self.hasConnected = true
        let isUnderstood = self.session.receive(bytes)
        self.runEvents()
        guard !self.isClosed else { return }
        guard isUnderstood else {
            return self.failAll(self.breach)
        }
        self.planFlush()
    }

    /// What the instance did when the session understands it no longer.
    private var breach: UpstreamFailure { self.session.hasSettings ? .malformedHTTP2 : .notHTTP2 }

    /// Acts on what the session told.
    private func runEvents() {
        var changed: [HTTP2UpstreamStream] = []
        for event in self.session.takeEvents() {
            switch event {
            case .settings(let streamsMax): self.limitStreams(to: streamsMax)
            case .goAway: self.drain()
            case .interim(let id, _), .head(let id, _, _), .body(let id, _), .end(let id, _),
                .room(let id), .closed(let id, _):
                self.note(event, of: id, &changed)
            }
        }
        for stream in changed { stream.tell() }
    }

    /// Keeps to what the instance allows; what was begun beyond that goes elsewhere.
    private func limitStreams(to count: Int) {
        // None at all would be no limit to live with: such a request waits for its time.
        let streamsMax = max(1, count)
        self.streamsMax = streamsMax
        self.pool?.streamsMax = streamsMax
        let surplus = self.streams.count - streamsMax
        guard surplus > 0 else { return }
        let waiting = self.streams.values.filter { !self.session.isHeadSent(of: $0.id) }
        for stream in waiting.sorted(by: { $0.id > $1.id }).prefix(surplus) {
            stream.fail(.refused)
        }
    }

    private func note(
        _ event: HTTP2ClientSession.Event,
        of id: HTTP2ClientSession.StreamID,
        _ changed: inout [HTTP2UpstreamStream]
    ) {
        guard let stream = self.streams[id] else {
            // Nobody will take these bytes.
            if case .body(_, let bytes) = event { self.session.consumed(bytes.count, of: id) }
            return
        }
        if stream.note(event) { changed.append(stream) }
    }

    private func updateInterest() {
        guard !self.isClosed else { return }
        var interest: IOEvents = .readable
        if !self.session.output.isEmpty, !self.isOutputBroken { interest.insert(.writable) }
        guard interest != self.interest else { return }
        self.interest = interest
        self.context.loop.modify(self.fd, for: interest)
    }

    // MARK: Time

    private func becameIdle() {
        self.idleDeadline = self.context.loop.now.advanced(by: self.context.upstreamIdleTimeout)
        self.armTimer(noLaterThan: self.idleDeadline)
    }

    /// A timer that fires too early looks again; one that would fire too late is replaced.
    private func armTimer(noLaterThan deadline: MonotonicTime) {
        guard !self.isClosed, deadline < self.timerDeadline else { return }
        self.context.loop.cancel(self.timer)
        self.timerDeadline = deadline
        self.timer = self.context.loop.schedule(at: deadline) { [unowned self] in
            self.timerFired()
        }
    }

    private func timerFired() {
        self.timerDeadline = MonotonicTime(nanoseconds: .max)
        let now = self.context.loop.now
        if !self.hasConnected, now >= self.connectDeadline {
            return self.failAll(.notConnected(ETIMEDOUT))
        }
        if self.isIdle {
            if now >= self.idleDeadline { return self.drain() }
            return self.armTimer(noLaterThan: self.idleDeadline)
        }
        for stream in self.streams.values.filter({ $0.deadline <= now }) { stream.fail(.timedOut) }
        guard let next = self.streams.values.map(\.deadline).min() else { return }
        self.armTimer(noLaterThan: self.due(next))
    }

    /// When to look again, for a deadline of streams.
    private func due(_ deadline: MonotonicTime) -> MonotonicTime {
        self.hasConnected ? deadline : min(deadline, self.connectDeadline)
    }

    // MARK: End

    /// Takes no further streams, and ends with the last one.
    func drain() {
        self.isDraining = true
        self.pool?.left(self)
        self.planFlush()
    }

    /// Ends the connection, and fails what it carries.
    ///
    /// - Parameter failure: What it is for all; else each has the one of a connection that ended.
    private func failAll(_ failure: UpstreamFailure? = nil) {
        // The youngest first: each goes to the front of the queue.
        let streams = self.streams.values.sorted { $0.id > $1.id }
        self.close()
        for stream in streams {
            if let failure { stream.fail(failure) } else { stream.connectionEnded() }
        }
    }

    private func close() {
        guard let pool = self.pool.take() else { return }
        pool.left(self)
        self.context.loop.cancel(self.timer)
        self.context.loop.deregister(self.fd)
        Socket.close(self.fd)
        self.streams = [:]
    }
}
