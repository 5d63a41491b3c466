// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP
public import Telemetry

/// What is known about one invocation.
///
/// It holds what the request came with; what a handler does not ask for costs nothing.
public struct Context: Sendable {
    let runtime: FunctionRuntime
    /// The fields of the request.
    private let fields: HTTPFields
    private let deadlineTime: MonotonicTime
    private let number: UInt64

    init(
        runtime: FunctionRuntime,
        fields: HTTPFields,
        deadline: MonotonicTime,
        number: UInt64
    ) {
        self.runtime = runtime
        self.fields = fields
        self.deadlineTime = deadline
        self.number = number
    }

    /// The environment of the process.
    public var environment: Environment { self.runtime.environment }

    /// The header fields of the request, `Forwarded` among them if anything is known of the client.
    public var headers: Headers { Headers(HandlerFields.of(self.fields)) }

    /// How much time is left; zero when it is over.
    ///
    /// When it is over, the invocation is cancelled and answered with 504. Time that a request
    /// waited for its turn does not count.
    public var remaining: Duration {
        max(.zero, MonotonicTime.now().duration(to: self.deadlineTime))
    }

    /// When the answer must be there.
    public var deadline: ContinuousClock.Instant { .now.advanced(by: self.remaining) }

    /// Names this invocation in logs; unique among all invocations of a function.
    public var invocationID: String { "\(self.runtime.process)-\(self.number)" }

    /// Writes lines that carry the ``invocationID``.
    public var logger: Logger {
        self.runtime.logger.with(["invocation": self.invocationID])
    }

    /// Starts work that goes on after the answer, on Swift's own pool.
    ///
    /// On SIGTERM the function waits for it, as long as `SWIFTLET_DRAIN_SECONDS` allows; then it
    /// is cancelled. An error that it throws goes to the log. Between requests a platform may take
    /// away the processor or end the process (Knative runtime contract), so what must not be lost
    /// belongs before the answer.
    ///
    /// - Parameters:
    ///   - name: For the log.
    ///   - work: What to do.
    /// - Throws: ``FunctionError`` with 503 when `SWIFTLET_BACKGROUND_MAX` of them run already.
    public func background(
        _ name: String = "background work",
        _ work: @escaping @Sendable () async throws -> Void
    ) throws {
        try self.runtime.background.start(name, logger: self.logger, work)
    }

    /// The source of replies that a handler did not give one.
    var replySource: String { "/" + (self.environment.service ?? "function") }
}
