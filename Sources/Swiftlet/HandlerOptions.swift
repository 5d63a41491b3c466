// SPDX-License-Identifier: Apache-2.0

/// Where a handler runs, how many of it at once, and how long each may take.
///
/// Options chain, as in `.pool.concurrency(2, queue: 8).deadline(.seconds(5))`.
public struct HandlerOptions: Sendable {
    /// Where it runs; `nil` for what the function says.
    var placement: Function.Placement?
    /// Most that run at once; `nil` for no limit of its own.
    var runningMax: Int?
    /// Most that wait for their turn; `nil` for ten for each that may run.
    var queueMax: Int?
    /// How long one may take; `nil` for what the function says.
    var deadline: Duration?
    /// The largest request body; `nil` for what the function says.
    var bodyBytesMax: Int?

    /// Nothing of its own: what the function says holds.
    public static let `default` = HandlerOptions()
    /// Runs on the thread that reads and writes the sockets; for handlers that never block.
    public static let loop = HandlerOptions(placement: .loop)
    /// Runs on other threads than the sockets; may compute or block for a while.
    public static let pool = HandlerOptions(placement: .pool)

    /// At most `runningMax` run at once, and at most `queue` wait; see the method.
    public static func concurrency(_ runningMax: Int, queue: Int? = nil) -> HandlerOptions {
        self.default.concurrency(runningMax, queue: queue)
    }

    /// Each may take so long; see the method.
    public static func deadline(_ deadline: Duration) -> HandlerOptions {
        self.default.deadline(deadline)
    }

    /// Takes larger or only smaller request bodies; see the method.
    public static func bodyBytesMax(_ bodyBytesMax: Int) -> HandlerOptions {
        self.default.bodyBytesMax(bodyBytesMax)
    }

    /// At most `runningMax` invocations of this handler run at once.
    ///
    /// - Parameters:
    ///   - runningMax: At least 1.
    ///   - queue: How many more wait, in order of arrival; ten times as many unless given. What
    ///     finds the queue full is answered with 503 and `Retry-After`. Waiting does not count
    ///     against the deadline of the handler.
    /// - Returns: The options with the limit.
    public func concurrency(_ runningMax: Int, queue: Int? = nil) -> HandlerOptions {
        var options = self
        options.runningMax = max(1, runningMax)
        options.queueMax = queue.map { max(0, $0) }
        return options
    }

    /// Each invocation may take so long; then it is cancelled and answered with 504.
    ///
    /// It replaces `REVISION_TIMEOUT_SECONDS` for this handler, in either direction.
    public func deadline(_ deadline: Duration) -> HandlerOptions {
        var options = self
        options.deadline = deadline
        return options
    }

    /// Takes request bodies up to so many bytes, and answers larger ones with 413; routes only.
    ///
    /// It replaces `SWIFTLET_BODY_BYTES_MAX` for this route, in either direction.
    public func bodyBytesMax(_ bodyBytesMax: Int) -> HandlerOptions {
        var options = self
        options.bodyBytesMax = max(0, bodyBytesMax)
        return options
    }
}
