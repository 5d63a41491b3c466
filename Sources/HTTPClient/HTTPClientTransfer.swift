// SPDX-License-Identifier: Apache-2.0

import EventLoop

/// One request under way.
///
/// `@unchecked Sendable`: all variables belong to the client's loop; the package's methods may be
/// called anywhere and hop to it.
package final class HTTPClientTransfer: @unchecked Sendable {
    typealias Completion =
        @Sendable (Result<HTTPClientResponse, HTTPClientError>) -> Void

    enum State {
        /// On its way to the loop.
        case new
        case running(CurlEasy)
        /// On a connection of ours.
        case carried(PlainConnection)
        /// The outcome is known and waits for what the receiver has not taken yet.
        case finished(Result<HTTPClientResponse, HTTPClientError>)
        /// The completion was called.
        case completed
    }

    /// What is sent, and kept alive while libcurl reads it.
    let request: HTTPClientRequest
    private let driver: CurlDriver
    private var completion: Completion?

    var state = State.new
    /// When all has to be over; set by the start.
    var deadline = MonotonicTime(nanoseconds: .max)
    /// Whoever started it wants nothing more of it.
    var isCancelled = false
    /// The receiver of a stream wants nothing for the moment.
    private(set) var isPaused = false
    /// Parts of the answer that the receiver of a stream has not taken yet.
    private var backlog: [HTTPClientRequest.StreamEvent] = []
    /// Bytes of chunks in the backlog.
    private(set) var backlogBytes = 0
    /// Whether the driver has this transfer on its list of those to deliver.
    var isReady = false

    init(_ request: HTTPClientRequest, driver: CurlDriver, completion: @escaping Completion) {
        self.request = request
        self.driver = driver
        self.completion = completion
    }

    /// Ends the request as soon as possible; any thread, any number of times.
    ///
    /// The completion is called as always, with ``HTTPClientError/Kind/cancelled`` unless the
    /// outcome was known already. A receiver of a stream gets nothing more.
    package func cancel() {
        self.onLoop { $0.driver.cancel($0) }
    }

    /// Asks for nothing more to be handed to the receiver of a stream; any thread.
    ///
    /// The peer is held back once the buffers on the way are full. On the loop this takes effect
    /// at once.
    package func pause() {
        self.onLoop { $0.isPaused = true }
    }

    /// Ends a ``pause()``; any thread.
    package func resume() {
        self.onLoop { transfer in
            transfer.isPaused = false
            transfer.driver.resume(transfer)
        }
    }

    private func onLoop(_ body: @escaping @Sendable (HTTPClientTransfer) -> Void) {
        if self.driver.loop.isCurrent {
            body(self)
        } else {
            self.driver.loop.execute { body(self) }
        }
    }

    // MARK: For the driver

    func append(_ event: HTTPClientRequest.StreamEvent) {
        self.backlog.append(event)
        if case .chunk(let bytes) = event { self.backlogBytes += bytes.count }
    }

    func dropBacklog() {
        self.backlog = []
        self.backlogBytes = 0
    }

    /// Hands over what waits, until the receiver pauses; then the outcome, when there is one.
    func deliver() {
        if case .stream(let receive) = self.request.responseSink {
            self.deliverBacklog(to: receive)
        }
        guard case .finished(let result) = self.state, self.backlog.isEmpty else { return }
        self.state = .completed
        self.completion.take()?(result)
    }

    private func deliverBacklog(
        to receive: (HTTPClientRequest.StreamEvent, HTTPClientTransfer) -> Void
    ) {
        while !self.backlog.isEmpty, !self.isPaused {
            let events = self.backlog
            self.backlog = []
            for (index, event) in events.enumerated() {
                guard !self.isPaused, !self.isCancelled else {
                    // Nothing can have been added: libcurl is not called from here.
                    if !self.isCancelled { self.backlog = Array(events[index...]) }
                    break
                }
                if case .chunk(let bytes) = event { self.backlogBytes -= bytes.count }
                receive(event, self)
            }
        }
    }
}
