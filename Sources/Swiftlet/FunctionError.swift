// SPDX-License-Identifier: Apache-2.0

/// An error that decides the status of the answer; errors of an author's own types conform.
///
/// ```swift
/// enum ShopError: HTTPStatusError {
///     case soldOut(String)
///     var status: Int { 409 }
///     var message: String { "…" }
/// }
/// ```
///
/// What brings an event to a function tries again after 404, 408, 409, 429 and 5xx, and gives up
/// after other 4xx (Knative eventing data plane). Errors that do not conform give 500 and are
/// told to the log alone.
public protocol HTTPStatusError: Error, Sendable {
    /// The status of the answer, 400…599; anything else becomes 500.
    var status: Int { get }
    /// One sentence for whoever sent the request; no secret.
    var message: String { get }
    /// When trying again is worth it, for `Retry-After`; `nil`, the default, says nothing.
    var retryAfter: Duration? { get }
}

extension HTTPStatusError {
    /// Says nothing about when to try again.
    public var retryAfter: Duration? { nil }
}

/// A failure that decides the status of the answer.
///
/// Throw 503 for what will pass, 400 for what never will.
public struct FunctionError: HTTPStatusError, CustomStringConvertible {
    /// The status of the answer, 400…599.
    public var status: Int
    /// One sentence for whoever sent the event; no secret.
    public var message: String
    /// When trying again is worth it; `nil` says nothing.
    public var retryAfter: Duration?

    /// Makes an error.
    public init(_ status: Int, _ message: String, retryAfter: Duration? = nil) {
        self.status = status
        self.message = message
        self.retryAfter = retryAfter
    }

    /// The message and the status.
    public var description: String { "\(self.message) (\(self.status))" }
}
