// SPDX-License-Identifier: Apache-2.0

/// A failure that decides the status of the answer.
///
/// What brings an event to a function tries again after 404, 408, 409, 429 and 5xx, and gives up
/// after other 4xx (Knative eventing data plane): throw 503 for what will pass, 400 for what never
/// will.
public struct FunctionError: Error, Sendable, CustomStringConvertible {
    /// The status of the answer, 400…599.
    public var status: Int
    /// One sentence for whoever sent the event; no secret.
    public var message: String

    /// Makes an error.
    public init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    /// The message and the status.
    public var description: String { "\(self.message) (\(self.status))" }
}
