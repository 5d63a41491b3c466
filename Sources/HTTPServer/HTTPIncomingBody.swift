// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// The part of a request body that was read and not taken yet, and who waits for it.
struct HTTPIncomingBody {
    /// Called with each event, in callback form.
    var consumer: ((HTTPBodyEvent) -> Void)?
    /// Resumed with the next chunk, in async form.
    var waiter: CheckedContinuation<[UInt8]?, any Error>?
    var isPaused = false

    private var chunks: [[UInt8]] = []
    private var chunkNext = 0
    private(set) var bufferedBytes = 0
    /// The last event; told once to a consumer, again and again to those who wait.
    private var final: HTTPBodyEvent?
    private var isFinalTold = false

    init(isEnded: Bool) {
        if isEnded { self.final = .end(trailers: .init()) }
    }

    /// Keeps an event; what comes after the last one is ignored.
    mutating func append(_ event: HTTPBodyEvent) {
        guard self.final == nil else { return }
        if case .chunk(let bytes) = event {
            self.chunks.append(bytes)
            self.bufferedBytes += bytes.count
        } else {
            self.final = event
        }
    }

    private mutating func takeChunk() -> [UInt8]? {
        guard self.chunkNext < self.chunks.count else { return nil }
        let chunk = self.chunks[self.chunkNext]
        self.chunkNext += 1
        self.bufferedBytes -= chunk.count
        if self.chunkNext == self.chunks.count {
            self.chunks.removeAll(keepingCapacity: true)
            self.chunkNext = 0
        }
        return chunk
    }

    /// Takes what can be told now, and to whom: `nil` when there is nothing, or nobody.
    mutating func next() -> (() -> Void)? {
        if let waiter = self.waiter {
            if let chunk = self.takeChunk() {
                self.waiter = nil
                return { waiter.resume(returning: chunk) }
            }
            guard let final = self.final else { return nil }
            self.waiter = nil
            guard case .failed(let error) = final else { return { waiter.resume(returning: nil) } }
            return { waiter.resume(throwing: error) }
        }
        guard let consumer = self.consumer, !self.isPaused, !self.isFinalTold else { return nil }
        if let chunk = self.takeChunk() { return { consumer(.chunk(chunk)) } }
        guard let final = self.final else { return nil }
        self.isFinalTold = true
        self.consumer = nil
        return { consumer(final) }
    }
}
