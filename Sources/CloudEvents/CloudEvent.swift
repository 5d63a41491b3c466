// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// An instant on the UTC calendar, to the nanosecond.
public typealias Timestamp = Bytes.Timestamp

/// An event: what happened, where, when, and the payload that goes with it (CloudEvents 1.0).
///
/// ```swift
/// let event = CloudEvent(
///     type: "com.example.exam.graded",
///     source: "/exams/maths",
///     id: "42",
///     dataContentType: "text/plain",
///     data: .text("passed")
/// )
/// ```
///
/// The value can hold anything; ``validate()`` says whether it is an event that others accept.
/// Two events with the same ``source`` and ``id`` are one event delivered twice.
public struct CloudEvent: Sendable, Equatable {
    /// The version of the specification, `1.0`.
    public static let specVersion = "1.0"

    /// Names the event; unique among all events of its ``source``, never empty.
    public var id: String
    /// Where the event comes from, a URI-reference such as `/exams/maths`.
    public var source: String
    /// What kind of thing happened, for example `com.example.exam.graded`.
    public var type: String
    /// What the event is about within its ``source``, for example the name of an object.
    public var subject: String?
    /// When it happened.
    public var time: Timestamp?
    /// The media type of ``data``, for example `application/json`.
    public var dataContentType: String?
    /// The schema that ``data`` adheres to, an absolute URI.
    public var dataSchema: String?
    /// All other attributes, those that nobody here knows included.
    public var extensions: CloudEventExtensions
    /// The payload, if there is one.
    public var data: CloudEventData?

    /// The version of the specification that the event follows, always `1.0`.
    public var specVersion: String { Self.specVersion }

    /// Makes an event from its attributes and payload; nothing is checked yet.
    ///
    /// - Parameters:
    ///   - type: What kind of thing happened.
    ///   - source: Where the event comes from, a URI-reference.
    ///   - id: Names the event among those of its source.
    ///   - subject: What the event is about.
    ///   - time: When it happened.
    ///   - dataContentType: The media type of the payload; absent means JSON for
    ///     ``CloudEventData/json(_:)`` and unknown for the others.
    ///   - dataSchema: The schema of the payload, an absolute URI.
    ///   - extensions: All other attributes.
    ///   - data: The payload.
    public init(
        type: String,
        source: String,
        id: String,
        subject: String? = nil,
        time: Timestamp? = nil,
        dataContentType: String? = nil,
        dataSchema: String? = nil,
        extensions: CloudEventExtensions = [:],
        data: CloudEventData? = nil
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.subject = subject
        self.time = time
        self.dataContentType = dataContentType
        self.dataSchema = dataSchema
        self.extensions = extensions
        self.data = data
    }
}
