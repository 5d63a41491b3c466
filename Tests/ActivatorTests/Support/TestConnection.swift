// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP

/// An answer as a client reads it.
struct TestAnswer: Sendable {
    var status: HTTPStatus
    var fields: HTTPFields
    var body: [UInt8]
    var trailers = HTTPFields()

    var text: String { String(decoding: self.body, as: UTF8.self) }
}

/// What went wrong for a client.
enum TestClientError: Error, Equatable {
    case connectionEnded
    case notConnected
    case malformed(HTTPParseError)
}

/// A connection that a test writes to and reads from when it likes.
///
/// `@unchecked Sendable`: its variables belong to the thread of its loop.
final class TestConnection: EventHandler, @unchecked Sendable {
    private let loop: EventLoop
    private var fd: Int32 = -1
    private var output: [UInt8] = []
    private var isReading = false
    private var readWaiter: CheckedContinuation<[UInt8]?, Never>?
    private var writeWaiter: CheckedContinuation<Bool, Never>?
    /// Read and not used yet.
    private var pending: [UInt8] = []

    init(_ loop: EventLoop, port: UInt16) async throws {
        self.loop = loop
        try await loop.run {
            self.fd = try Socket.connect(to: .ipv4Loopback(port: port))
            try loop.register(self.fd, for: [], handler: self)
        }
    }

    func handleEvents(_ events: IOEvents) {
        if self.writeWaiter != nil { self.flush() }
        if self.readWaiter != nil { self.readNow() }
        self.updateInterest()
    }

    private func updateInterest() {
        guard self.fd >= 0 else { return }
        var interest: IOEvents = []
        if self.readWaiter != nil { interest.insert(.readable) }
        if self.writeWaiter != nil { interest.insert(.writable) }
        self.loop.modify(self.fd, for: interest)
    }

    // MARK: Bytes

    /// Writes all; `false` when the peer does not take it.
    @discardableResult
    func write(_ bytes: [UInt8]) async -> Bool {
        await withCheckedContinuation { continuation in
            self.loop.execute {
                self.output.append(contentsOf: bytes)
                self.writeWaiter = continuation
                self.flush()
                self.updateInterest()
            }
        }
    }

    private func flush() {
        while !self.output.isEmpty, self.fd >= 0 {
            switch self.output.withUnsafeBytes({ Socket.write(self.fd, from: $0) }) {
            case .count(let count): self.output.removeFirst(count)
            case .wouldBlock, .end: return
            case .failed:
                self.output = []
                self.writeWaiter.take()?.resume(returning: false)
                return
            }
        }
        self.writeWaiter.take()?.resume(returning: self.fd >= 0)
    }

    /// The next bytes; `nil` at the end of the connection, however it comes.
    func read() async -> [UInt8]? {
        await withCheckedContinuation { continuation in
            self.loop.execute {
                guard self.fd >= 0 else { return continuation.resume(returning: nil) }
                self.readWaiter = continuation
                self.updateInterest()
            }
        }
    }

    /// What comes until it ends with some text, or the connection does.
    func readText(until end: String) async -> String {
        var bytes: [UInt8] = []
        while !bytes.suffix(end.utf8.count).elementsEqual(end.utf8), let more = await self.read() {
            bytes += more
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func readNow() {
        withUnsafeTemporaryAllocation(byteCount: 64 * 1024, alignment: 16) { buffer in
            switch Socket.read(self.fd, into: buffer) {
            case .count(let count):
                self.readWaiter.take()?.resume(returning: Array(buffer[0..<count]))
            case .wouldBlock: break
            case .end, .failed: self.readWaiter.take()?.resume(returning: nil)
            }
        }
    }

    /// Sends no more; answers can still be read.
    func shutdownWrite() async {
        await self.loop.run { Socket.shutdownWrite(self.fd) }
    }

    /// Closes; with a reset, as a client that is gone at once.
    func close(reset: Bool = true) async {
        await self.loop.run {
            guard self.fd >= 0 else { return }
            if reset { Socket.resetOnClose(self.fd) }
            self.loop.deregister(self.fd)
            Socket.close(self.fd)
            self.fd = -1
        }
    }

    // MARK: Messages

    /// Writes a request with its `Content-Length`.
    func send(
        _ method: HTTPMethod,
        _ target: String,
        _ fields: HTTPFields = HTTPFields(),
        body: [UInt8] = []
    ) async throws {
        var head = HTTPRequestHead(method: method, target: target, fields: fields)
        if !fields.contains("host") { head.fields.append("Host", "probe.test.localhost") }
        if !body.isEmpty { head.fields.append("Content-Length", "\(body.count)") }
        var bytes: [UInt8] = []
        try HTTPEncoder.append(head, to: &bytes)
        await self.write(bytes + body)
    }

    /// Reads an answer to its end.
    func receive(to method: HTTPMethod = .get) async throws -> TestAnswer {
        var answer = try await self.receiveHead(to: method)
        while let chunk = try await answer.next() { answer.answer.body.append(contentsOf: chunk) }
        return answer.answer
    }

    /// An answer whose body is read on demand.
    struct Incoming {
        var answer: TestAnswer
        fileprivate var decoder: HTTPBodyDecoder
        fileprivate let connection: TestConnection
        fileprivate var isOver = false

        /// The next bytes of the body; `nil` at its end.
        mutating func next() async throws -> [UInt8]? {
            while !self.isOver {
                let buffer = self.connection.pending
                var step = HTTPBodyDecoder.Step.needMore(consumed: 0)
                do throws(HTTPParseError) {
                    step = try self.decoder.decode(buffer.span, from: 0)
                } catch {
                    throw TestClientError.malformed(error)
                }
                switch step {
                case .data(let range):
                    self.connection.pending.removeFirst(range.upperBound)
                    return Array(buffer[range])
                case .end(let consumed, let trailers):
                    self.connection.pending.removeFirst(consumed)
                    self.answer.trailers = trailers
                    self.isOver = true
                case .needMore(let consumed):
                    self.connection.pending.removeFirst(consumed)
                    guard let more = await self.connection.read() else {
                        guard self.decoder.mayEndByClose else {
                            throw TestClientError.connectionEnded
                        }
                        self.isOver = true
                        return nil
                    }
                    self.connection.pending.append(contentsOf: more)
                }
            }
            return nil
        }
    }

    /// Reads the head of an answer; interim ones are passed over.
    func receiveHead(to method: HTTPMethod = .get) async throws -> Incoming {
        while true {
            var parser = HTTPResponseParser()
            let buffer = self.pending
            var found: (response: HTTPParsedResponse, consumed: Int)?
            do throws(HTTPParseError) {
                found = try parser.parse(buffer.span, to: method)
            } catch {
                throw TestClientError.malformed(error)
            }
            if let (response, consumed) = found {
                self.pending.removeFirst(consumed)
                guard !response.head.status.isInformational else { continue }
                return Incoming(
                    answer: TestAnswer(
                        status: response.head.status,
                        fields: response.head.fields,
                        body: []
                    ),
                    decoder: HTTPBodyDecoder(framing: response.framing),
                    connection: self
                )
            }
            guard let more = await self.read() else { throw TestClientError.connectionEnded }
            self.pending.append(contentsOf: more)
        }
    }
}
