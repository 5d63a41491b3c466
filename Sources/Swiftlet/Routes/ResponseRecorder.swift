// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Keeps what a handler wrote, for tests without a socket.
package final class ResponseRecorder: ResponseSink {
    /// An answer, piece by piece.
    package struct Recorded: Sendable {
        package var status = 0
        package var headers = Headers()
        package var chunks: [[UInt8]] = []
        package var trailers = Headers()
        /// The answer was cut off by an error.
        package var isAborted = false
        fileprivate var isEnded = false
    }

    private let state = Mutex(Recorded())

    /// Makes an empty one.
    package init() {}

    /// What was written so far.
    package var recorded: Recorded { self.state.withLock { $0 } }

    package func start(status: Int, headers: Headers, length: Int?) async throws {
        try self.state.withLock { state in
            guard !state.isEnded else { throw ResponseMistake.over }
            guard state.status == 0 else { throw ResponseMistake.startedTwice }
            state.status = status
            state.headers = headers
        }
    }

    package func write(_ bytes: [UInt8]) async throws {
        try Task.checkCancellation()
        try self.state.withLock { state in
            guard !state.isEnded else { throw ResponseMistake.over }
            if state.status == 0 { state.status = 200 }
            state.chunks.append(bytes)
        }
    }

    package func finish(trailers: Headers) async throws {
        try self.state.withLock { state in
            guard !state.isEnded else { throw ResponseMistake.over }
            state.trailers = trailers
        }
        self.end()
    }

    func end() {
        self.state.withLock { state in
            if state.status == 0 { state.status = 200 }
            state.isEnded = true
        }
    }

    func record(_ response: Response) {
        self.state.withLock { state in
            state.status = response.status
            state.headers = response.headers
            state.chunks = response.body.isEmpty ? [] : [response.body]
            state.isEnded = true
        }
    }

    /// A handler threw: the answer says so, or ends in the middle.
    func fail(_ response: Response) {
        let isStarted = self.state.withLock { state in
            if state.status != 0, !state.isEnded { state.isAborted = true }
            return state.status != 0
        }
        if !isStarted { self.record(response) }
    }
}

/// A body whose pieces are there already.
package final class ChunkSource: RequestBodySource {
    private let chunks: Mutex<ArraySlice<[UInt8]>>
    private let last: Headers

    /// Makes a body of pieces; empty ones are left out.
    package init(_ chunks: [[UInt8]], trailers: Headers = Headers()) {
        self.chunks = Mutex(chunks.filter { !$0.isEmpty }[...])
        self.last = trailers
    }

    package var trailers: Headers {
        get async { self.chunks.withLock(\.isEmpty) ? self.last : Headers() }
    }

    package func next() async throws -> [UInt8]? { self.chunks.withLock { $0.popFirst() } }
}
