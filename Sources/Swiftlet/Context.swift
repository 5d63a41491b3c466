// SPDX-License-Identifier: Apache-2.0

public import Telemetry

/// What is known about one invocation.
public struct Context: Sendable {
    /// The environment of the process.
    public let environment: Environment
    /// When the answer must be there; after it the invocation is cancelled and answered with 504.
    public let deadline: ContinuousClock.Instant
    private let baseLogger: Logger
    private let process: String
    private let number: UInt64

    init(
        environment: Environment,
        deadline: ContinuousClock.Instant,
        logger: Logger,
        process: String,
        number: UInt64
    ) {
        self.environment = environment
        self.deadline = deadline
        self.baseLogger = logger
        self.process = process
        self.number = number
    }

    /// Names this invocation in logs; unique among all invocations of a function.
    public var invocationID: String { "\(self.process)-\(self.number)" }

    /// Writes lines that carry the ``invocationID``.
    public var logger: Logger { self.baseLogger.with(["invocation": self.invocationID]) }

    /// The source of replies that a handler did not give one.
    var replySource: String { "/" + (self.environment.service ?? "function") }
}
