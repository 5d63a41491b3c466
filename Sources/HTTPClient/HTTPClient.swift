// SPDX-License-Identifier: Apache-2.0

package import EventLoop
import Synchronization

/// Sends HTTP/1.1 requests over kept connections, with libcurl on an event loop.
///
/// Certificates are verified, redirects are answers like any other, no proxy is asked, and nothing
/// but `http` and `https` is spoken. Close the client before its loop stops.
package final class HTTPClient: Sendable {
    /// The loop on which everything happens.
    package let loop: EventLoop
    private let driver: CurlDriver

    /// Makes a client without any connection yet.
    package init(loop: EventLoop, configuration: HTTPClientConfiguration = .init()) {
        self.loop = loop
        self.driver = CurlDriver(loop: loop, configuration: configuration)
    }

    deinit {
        let driver = self.driver
        // A stopped loop would keep what is queued, and so itself, for ever.
        if !driver.isClosed { self.loop.execute { driver.close() } }
    }

    /// Handles of libcurl that exist in this process; zero when every client is closed.
    package static var liveHandleCount: Int { CurlEasy.liveCount.load(ordering: .relaxed) }

    /// Sends a request and waits for the answer, whatever its status.
    ///
    /// Any task; on the client's loop without a hop. The request ends when the task is cancelled.
    ///
    /// - Throws: ``HTTPClientError`` and nothing else.
    package func send(_ request: HTTPClientRequest) async throws -> HTTPClientResponse {
        let pending = PendingAnswer()
        let transfer = HTTPClientTransfer(request, driver: self.driver, completion: pending.finish)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                pending.continuation = continuation
                self.start(transfer)
            }
        } onCancel: {
            transfer.cancel()
        }
        return try result.get()
    }

    /// Sends a request; any thread.
    ///
    /// - Parameters:
    ///   - request: What to send.
    ///   - completion: Called on the client's loop exactly once, never before this returned to a
    ///     caller on the loop.
    /// - Returns: The request under way, which can be cancelled.
    @discardableResult
    package func start(
        _ request: HTTPClientRequest,
        completion: @escaping @Sendable (Result<HTTPClientResponse, HTTPClientError>) -> Void
    ) -> HTTPClientTransfer {
        let transfer = HTTPClientTransfer(request, driver: self.driver, completion: completion)
        self.start(transfer)
        return transfer
    }

    private func start(_ transfer: HTTPClientTransfer) {
        let driver = self.driver
        if self.loop.isCurrent {
            driver.start(transfer)
        } else {
            self.loop.execute { driver.start(transfer) }
        }
    }

    /// Ends all requests with ``HTTPClientError/Kind/closed`` and closes all connections; any task.
    package func close() async {
        let driver = self.driver
        await self.loop.run { driver.close() }
    }

    /// As ``close()``, from the loop; completions of requests that it ends may follow.
    package func closeNow() { self.driver.close() }
}

/// Where a completion finds the task that waits for it.
///
/// `@unchecked Sendable`: written before the transfer is handed to the loop, read there afterwards.
private final class PendingAnswer: @unchecked Sendable {
    typealias Answer = Result<HTTPClientResponse, HTTPClientError>

    var continuation: CheckedContinuation<Answer, Never>?

    @Sendable func finish(_ answer: Answer) { self.continuation.take()?.resume(returning: answer) }
}
