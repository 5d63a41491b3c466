// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The part of a request body that was read and not taken yet, and who waits for it.
struct HTTPIncomingBody {
    /// Called with each event, in callback form.
    var consumer: ((HTTPBodyEvent) -> Void)?
    /// Resumed with the next chunk, in async form.
    var waiter: HTTPWaiter<[UInt8]?>?
    var isPaused = false

    /// Chunks that wait are joined up to this length.
    private static let joinedBytesMax = 16 * 1024

    /// The chunk that is told next; most bodies have no other.
    private var first: [UInt8] = []
    /// What comes behind it, from `chunkNext` on.
    private var chunks: [[UInt8]] = []
    private var chunkNext = 0
    private(set) var bufferedBytes = 0
    /// The last event; told once to a consumer, again and again to those who wait.
    private var final = Final.open
    private var isFinalTold = false

    /// How the body ends; without trailers it holds nothing that would have to be counted.
    private enum Final {
        /// More is to come.
        case open
        case end
        case endWith(HTTPFields)
        case failed(HTTPBodyError)

        init(_ event: HTTPBodyEvent) {
            switch event {
            case .chunk: self = .open
            case .end(let trailers): self = trailers.isEmpty ? .end : .endWith(trailers)
            case .failed(let error): self = .failed(error)
            }
        }

        var isOpen: Bool {
            if case .open = self { return true }
            return false
        }

        /// The event; `nil` while more is to come.
        var event: HTTPBodyEvent? {
            switch self {
            case .open: nil
            case .end: .end(trailers: HTTPFields())
            case .endWith(let trailers): .end(trailers: trailers)
            case .failed(let error): .failed(error)
            }
        }
    }

    /// Makes one of which nothing came yet.
    init() {}

    /// Makes one that came as a whole; an empty one is none.
    init(whole bytes: [UInt8]) { self.cameWhole(bytes) }

    /// All of it is there; before anything else.
    mutating func cameWhole(_ bytes: consuming [UInt8]) {
        self.bufferedBytes = bytes.count
        self.first = bytes
        self.final = .end
    }

    /// Whether somebody is to be told of the next event.
    var isAwaited: Bool { self.waiter != nil || (self.consumer != nil && !self.isPaused) }

    /// What came behind a body that is complete; `nil` before.
    var trailers: HTTPFields? {
        guard self.bufferedBytes == 0, case .end(let trailers) = self.final.event else {
            return nil
        }
        return trailers
    }

    /// Whether an event that comes now is told at once, to the consumer.
    var isPassing: Bool {
        self.bufferedBytes == 0 && self.final.isOpen && !self.isPaused && self.waiter == nil
            && self.consumer != nil
    }

    /// Whether anything waits to be told; most events never do.
    private var hasNews: Bool {
        if self.bufferedBytes > 0 { return true }
        return !self.final.isOpen && (!self.isFinalTold || self.waiter != nil)
    }

    /// Keeps an event; what comes after the last one is ignored.
    mutating func append(_ event: HTTPBodyEvent) {
        guard self.final.isOpen else { return }
        guard case .chunk(let bytes) = event else {
            self.final = Final(event)
            return
        }
        guard self.bufferedBytes > 0 else {
            self.first = bytes
            self.bufferedBytes = bytes.count
            return
        }
        self.bufferedBytes += bytes.count
        // Many small chunks would take far more memory than the bytes that are counted.
        let last = self.chunks.count - 1
        if last < self.chunkNext {
            guard self.first.count + bytes.count > Self.joinedBytesMax else {
                return self.first.append(contentsOf: bytes)
            }
        } else if self.chunks[last].count + bytes.count <= Self.joinedBytesMax {
            return self.chunks[last].append(contentsOf: bytes)
        }
        self.chunks.append(bytes)
    }

    /// What had not arrived will not be read; the consumer, which knows, is not told.
    mutating func answerEnded() {
        self.consumer = nil
        self.append(.failed(.connectionClosed))
    }

    /// How long it is, when all is there, nothing was told, and no trailers came; else `nil`.
    var wholeBytes: Int? {
        guard case .end = self.final, !self.isFinalTold, self.waiter == nil, self.consumer == nil,
            self.first.count == self.bufferedBytes
        else { return nil }
        return self.bufferedBytes
    }

    /// Takes all of it, when there are ``wholeBytes``; else `nil`.
    mutating func takeWhole() -> [UInt8]? {
        guard self.wholeBytes != nil else { return nil }
        self.isFinalTold = true
        return self.takeChunk() ?? []
    }

    /// What had not arrived will not come, and what was read ahead waits for nobody: a consumer
    /// that has paused hears of the end now, because nothing will make it resume.
    mutating func connectionClosed(_ reason: HTTPBodyError) {
        if self.isPaused, self.consumer != nil {
            self.isPaused = false
            self.first = []
            self.chunks = []
            self.chunkNext = 0
            self.bufferedBytes = 0
            self.final = .failed(reason)
        }
        self.append(.failed(reason))
    }

    private mutating func takeChunk() -> [UInt8]? {
        guard self.bufferedBytes > 0 else { return nil }
        var chunk: [UInt8] = []
        swap(&chunk, &self.first)
        self.bufferedBytes -= chunk.count
        guard self.chunkNext < self.chunks.count else { return chunk }
        swap(&self.first, &self.chunks[self.chunkNext])
        self.chunkNext += 1
        if self.chunkNext == self.chunks.count {
            self.chunks.removeAll(keepingCapacity: true)
            self.chunkNext = 0
        }
        return chunk
    }

    /// Who is to be told of an event that arrives, when nothing waits before it; else `nil`.
    mutating func passOn(_ event: HTTPBodyEvent) -> ((HTTPBodyEvent) -> Void)? {
        guard self.isPassing, let consumer = self.consumer else { return nil }
        guard case .chunk = event else {
            self.final = Final(event)
            self.endTelling()
            return consumer
        }
        return consumer
    }

    /// Takes what can be told now, and to whom: `nil` when there is nothing, or nobody.
    mutating func next() -> HTTPBodyNotice? {
        guard self.hasNews else { return nil }
        if let waiter = self.waiter {
            if let chunk = self.takeChunk() {
                self.waiter = nil
                return .resume(waiter, .success(chunk))
            }
            guard !self.final.isOpen else { return nil }
            self.waiter = nil
            guard case .failed(let error) = self.final else {
                return .resume(waiter, .success(nil))
            }
            return .resume(waiter, .failure(error))
        }
        guard let consumer = self.consumer, !self.isPaused, !self.isFinalTold else { return nil }
        if let chunk = self.takeChunk() { return .call(consumer, .chunk(chunk)) }
        guard let event = self.final.event else { return nil }
        self.endTelling()
        return .call(consumer, event)
    }

    private mutating func endTelling() {
        self.isFinalTold = true
        self.consumer = nil
    }
}

/// A continuation behind a reference.
///
/// Its own size is known at run time alone, which would make all that holds one slow to make, to
/// copy and to end, also where nobody waits.
final class HTTPWaiter<Value: Sendable> {
    private let continuation: CheckedContinuation<Value, any Error>

    init(_ continuation: CheckedContinuation<Value, any Error>) {
        self.continuation = continuation
    }

    /// Not inlined: that would make room for a continuation also where there is none.
    @inline(never)
    func resume(with result: Result<Value, any Error>) { self.continuation.resume(with: result) }
}

/// What is to be told of a body, and to whom.
enum HTTPBodyNotice {
    case call((HTTPBodyEvent) -> Void, HTTPBodyEvent)
    case resume(HTTPWaiter<[UInt8]?>, Result<[UInt8]?, any Error>)

    func tell() {
        switch self {
        case .call(let consumer, let event): consumer(event)
        case .resume(let waiter, let result): waiter.resume(with: result)
        }
    }
}

extension HTTPBodyFraming {
    /// Whether no body follows; without the comparison of what the other cases hold.
    var isNone: Bool {
        if case .none = self { return true }
        return false
    }
}
