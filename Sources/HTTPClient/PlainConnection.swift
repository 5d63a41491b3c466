// SPDX-License-Identifier: Apache-2.0

import Bytes
import EventLoop
import Glibc
import HTTP

/// A kept connection without TLS, which carries one request after the other in HTTP/1.1.
///
/// libcurl makes the connection; what is said on it is ours. libcurl would print each header line
/// byte by byte, parse the URL, look through all connections and ask the kernel twice whether the
/// one it found is alive: about as much again as sending and receiving cost.
///
/// Belongs to the loop of its driver.
final class PlainConnection: EventHandler {
    private enum Phase {
        case idle
        /// A request is being sent, the head of its answer is awaited.
        case head
        /// The body of the answer is being read.
        case body
        case closed
    }

    /// Bodies up to this length are copied behind their head, to leave in one call; and larger
    /// buffers are not kept between requests.
    static let joinedBytesMax = 32 * 1024

    /// To whom: host and port as a URL has them.
    let authority: String
    private let fd: Int32
    private unowned let driver: CurlDriver
    private let limits: HTTPLimits
    private var phase = Phase.idle
    /// The request that is carried; `nil` between requests.
    private(set) var transfer: HTTPClientTransfer?
    /// Where it stands in the pool's list.
    var index = 0

    private var output: [UInt8] = []
    private var outputStart = 0
    /// A body that is too long to be copied.
    private var longBody: [UInt8] = []
    private var longBodyStart = 0
    private var hasWriteFailed = false
    private var interest: IOEvents = .readable

    private var parser: HTTPResponseParser
    private var decoder: HTTPBodyDecoder?
    /// Received bytes that make no whole thing yet.
    private var pending: [UInt8] = []
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []
    private var isBodyCut = false
    /// Bytes of the body that may still come.
    private var bodyBytesLeft = 0
    private var isKeepAlive = false
    private var hasReceived = false
    private var isReused = false
    /// Bytes of interim heads.
    private var interimBytes = 0

    private var timer: (id: TimerID, deadline: MonotonicTime)?
    private var deadline = MonotonicTime(nanoseconds: .max)

    /// Takes over a socket that is connected.
    ///
    /// - Throws: `SystemError` when the system cannot watch it.
    init(_ fd: Int32, to authority: String, driver: CurlDriver) throws {
        self.fd = fd
        self.authority = authority
        self.driver = driver
        self.limits = driver.configuration.responseLimits
        self.parser = HTTPResponseParser(limits: self.limits)
        try driver.loop.register(fd, for: .readable, handler: self)
    }

    // MARK: Request

    /// Sends a request; what comes of it, the driver hears later.
    ///
    /// - Throws: ``HTTPClientError`` of kind `invalidRequest`; the connection stays idle.
    func carry(_ transfer: HTTPClientTransfer, to target: PlainTarget) throws(HTTPClientError) {
        assert(self.transfer == nil, "one request at a time")
        try PlainRequest.appendHead(of: transfer.request, to: target, &self.output)
        if case .bytes(let bytes) = transfer.request.body {
            if bytes.count <= Self.joinedBytesMax {
                self.output.append(contentsOf: bytes)
            } else {
                self.longBody = bytes
            }
        }
        self.transfer = transfer
        self.phase = .head
        self.hasReceived = false
        self.isBodyCut = false
        self.interimBytes = 0
        self.wait(until: transfer.deadline)
        self.flush()
    }

    /// Whether all of the request was handed to the kernel.
    private var isSent: Bool { self.output.isEmpty && self.longBody.isEmpty }

    private func flush() {
        if self.send(self.output, from: &self.outputStart) {
            self.output.removeAll(keepingCapacity: self.output.capacity <= Self.joinedBytesMax * 2)
            self.outputStart = 0
            if self.send(self.longBody, from: &self.longBodyStart) { self.dropLongBody() }
        }
        self.updateInterest()
    }

    /// Sends what the kernel takes; true when nothing is left.
    private func send(_ bytes: [UInt8], from start: inout Int) -> Bool {
        while start < bytes.count {
            let written = bytes.withUnsafeBytes { bytes in
                Socket.write(self.fd, from: UnsafeRawBufferPointer(rebasing: bytes[start...]))
            }
            switch written {
            case .count(let count): start += count
            case .wouldBlock, .end: return false
            case .failed:
                // The peer may have answered before it stopped reading; what it sent is read
                // first, and its end reported then.
                self.hasWriteFailed = true
                start = bytes.count
            }
        }
        return true
    }

    private func dropLongBody() {
        self.longBody = []
        self.longBodyStart = 0
    }

    private func updateInterest() {
        guard self.phase != .closed else { return }
        var interest = IOEvents.readable
        if let transfer = self.transfer, self.isHeld(transfer) { interest = [] }
        if !self.isSent { interest.insert(.writable) }
        guard interest != self.interest else { return }
        self.interest = interest
        self.driver.loop.modify(self.fd, for: interest)
    }

    private func isHeld(_ transfer: HTTPClientTransfer) -> Bool {
        guard case .stream = transfer.request.responseSink else { return false }
        return self.driver.mustHold(transfer)
    }

    /// Reads on when the receiver of a stream has room again.
    func resume() { self.updateInterest() }

    // MARK: Events

    func handleEvents(_ events: IOEvents) {
        self.driver.delivering {
            if events.contains(.writable) { self.flush() }
            guard self.phase != .closed, events != .writable else { return }
            if self.interest.contains(.readable) || events.contains(.failed) { self.read() }
        }
    }

    private func read() {
        switch Socket.receive(self.fd, into: self.driver.plain.scratch) {
        case .count(let count): self.received(self.driver.plain.scratch[0..<count])
        case .wouldBlock: break
        case .end: self.inputEnded(reason: "the peer closed it")
        case .failed(let code): self.inputEnded(reason: String(cString: strerror(code)))
        }
    }

    private func inputEnded(reason: String) {
        if self.phase == .body, self.decoder?.mayEndByClose == true {
            self.isKeepAlive = false
            return self.answerEnded(hasRest: false)
        }
        guard let transfer = self.transfer else { return self.close() }
        let isStale = self.isReused && !self.hasReceived
        let isForeign = self.phase == .head && !self.startsAsHTTP(self.pending)
        self.close()
        // A kept connection may die just when it is used (RFC 9112 section 9.3.1).
        guard !isStale else { return self.driver.restart(transfer) }
        guard !isForeign else {
            return self.driver.fail(transfer, .protocolError, "the answer is not HTTP/1.1")
        }
        let sentence = "the connection broke before the answer was complete (\(reason))"
        self.driver.fail(transfer, .connectionLost, sentence)
    }

    /// Whether bytes are the beginning of an answer, as far as they go.
    private func startsAsHTTP(_ bytes: [UInt8]) -> Bool {
        zip(bytes, "HTTP/1.".utf8).allSatisfy { $0 == $1 }
    }

    // MARK: Answer

    private func received(_ bytes: Slice<UnsafeMutableRawBufferPointer>) {
        guard let transfer = self.transfer else { return self.close() }  // Nobody asked.
        self.hasReceived = true
        do throws(HTTPParseError) {
            let buffer = UnsafeRawBufferPointer(rebasing: bytes)
            if self.pending.isEmpty {
                let used = try self.process(buffer.assumingMemoryBound(to: UInt8.self).span)
                if self.transfer === transfer { self.pending.append(contentsOf: buffer[used...]) }
            } else {
                self.pending.append(contentsOf: buffer)
                var all: [UInt8] = []
                swap(&all, &self.pending)
                let used = try self.process(all.span)
                if self.transfer === transfer { self.pending.append(contentsOf: all[used...]) }
            }
        } catch {
            let (kind, sentence) = ResponseReceiver.meaning(of: error)
            self.fail(kind, sentence)
        }
        if self.transfer === transfer { self.updateInterest() }
    }

    /// Uses as many bytes as make whole things, and returns how many those were.
    private func process(_ bytes: Span<UInt8>) throws(HTTPParseError) -> Int {
        var used = 0
        if self.phase == .head {
            guard try self.readHead(bytes, &used) else { return used }
        }
        guard var decoder = self.decoder.take(), let transfer = self.transfer else { return used }
        while true {
            switch try decoder.decode(bytes, from: used) {
            case .needMore(let consumed):
                self.decoder = decoder
                return consumed
            case .data(let range):
                used = range.upperBound
                guard self.take(bytes.extracting(range), for: transfer) else { return used }
            case .end(let consumed, _):
                self.answerEnded(hasRest: consumed < bytes.count)
                return consumed
            }
        }
    }

    /// Reads heads until one is final (RFC 9110 section 15.2); false while it is incomplete.
    private func readHead(_ bytes: Span<UInt8>, _ used: inout Int) throws(HTTPParseError) -> Bool {
        guard let transfer = self.transfer else { return false }
        while let (response, length) = try self.parser.parse(
            bytes.extracting(used..<bytes.count),
            to: transfer.request.method
        ) {
            used += length
            self.interimBytes += length
            let allowed = self.limits.headerBytesMax + self.limits.startLineBytesMax
            guard self.interimBytes <= allowed else { throw .headerTooLarge }
            guard !response.head.status.isInformational else { continue }
            self.headEnded(response, transfer)
            return true
        }
        return false
    }

    private func headEnded(_ response: HTTPParsedResponse, _ transfer: HTTPClientTransfer) {
        self.isKeepAlive = response.isKeepAlive
        self.head = response.head
        self.phase = .body
        if case .stream = transfer.request.responseSink {
            transfer.append(.head(response.head))
            self.driver.enqueue(transfer)
        }
        let bytesMax = max(0, transfer.request.responseBytesMax)
        if case .length(let length) = response.framing, length > bytesMax {
            return self.fail(.responseTooLarge, Self.tooLarge(bytesMax))
        }
        self.decoder = HTTPBodyDecoder(framing: response.framing, limits: self.limits)
        self.bodyBytesLeft = bytesMax
    }

    private func take(_ bytes: Span<UInt8>, for transfer: HTTPClientTransfer) -> Bool {
        guard bytes.count <= self.bodyBytesLeft else {
            self.fail(.responseTooLarge, Self.tooLarge(transfer.request.responseBytesMax))
            return false
        }
        self.bodyBytesLeft -= bytes.count
        switch transfer.request.responseSink {
        case .stream:
            transfer.append(.chunk([UInt8](copying: bytes)))
            self.driver.enqueue(transfer)
        case .beginning(let bytesMax):
            let room = max(0, bytesMax) - self.body.count
            if bytes.count > room { self.isBodyCut = true }
            self.body.append(bytes.extracting(first: min(room, bytes.count)))
        case .buffer, .file: self.body.append(bytes)
        }
        return true
    }

    private static func tooLarge(_ bytesMax: Int) -> String {
        "the answer's body is larger than \(max(0, bytesMax)) bytes"
    }

    private func answerEnded(hasRest: Bool) {
        guard let transfer = self.transfer.take(), let head = self.head.take() else { return }
        var body: [UInt8] = []
        swap(&body, &self.body)
        var response = HTTPClientResponse(status: head.status, fields: head.fields, body: body)
        response.isBodyCut = self.isBodyCut
        // The connection is free before anybody hears of it: it may be needed for the next.
        if self.isKeepAlive, !hasRest, !self.hasWriteFailed, self.isSent {
            self.phase = .idle
            self.isReused = true
            self.wait(until: .now().advanced(by: self.driver.configuration.idleTimeMax))
            self.updateInterest()
            self.driver.plain.becameIdle(self)
        } else {
            self.close()
        }
        self.driver.finish(transfer, .success(response))
    }

    // MARK: Time

    /// A timer that fires too early looks again; one that would fire too late is replaced.
    private func wait(until deadline: MonotonicTime) {
        self.deadline = deadline
        if let timer = self.timer {
            guard deadline < timer.deadline else { return }
            self.driver.loop.cancel(timer.id)
        }
        self.armTimer()
    }

    private func armTimer() {
        let id = self.driver.loop.schedule(at: self.deadline) { [unowned self] in
            self.timer = nil
            guard self.phase != .closed else { return }
            guard self.deadline <= .now() else { return self.armTimer() }
            guard self.transfer != nil else { return self.close() }
            self.driver.delivering { self.fail(.timedOut, "the time was up") }
        }
        self.timer = (id, self.deadline)
    }

    // MARK: End

    private func fail(_ kind: HTTPClientError.Kind, _ sentence: String) {
        guard let transfer = self.transfer else { return }
        self.close()
        self.driver.fail(transfer, kind, sentence)
    }

    /// Ends the connection; its request hears nothing.
    ///
    /// A request that is under way is taken back by a reset, which tells its server that nobody
    /// waits for the answer.
    func close() {
        guard self.phase != .closed else { return }
        if self.transfer != nil { Socket.resetOnClose(self.fd) }
        self.phase = .closed
        self.transfer = nil
        self.decoder = nil
        self.pending = []
        self.dropLongBody()
        if let timer = self.timer.take() { self.driver.loop.cancel(timer.id) }
        self.driver.loop.deregister(self.fd)
        Socket.close(self.fd)
        self.driver.plain.closed(self)
    }
}
