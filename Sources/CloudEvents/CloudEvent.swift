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
///
/// An event is one reference, and copies share what it holds until one of them is changed. One that
/// came in HTTP headers keeps them, which the server's limit bounds, and makes a `String` of an
/// attribute each time it is asked for; so does one that came as JSON, with lines of its own. It
/// lets go of them when every attribute that lay there was set to something else. A text that was
/// not long is kept too, until the event is changed.
public struct CloudEvent: Sendable {
    /// The version of the specification, `1.0`.
    public static let specVersion = "1.0"

    /// What the event holds; shared with copies.
    private(set) var storage: EventStorage

    /// Names the event; unique among all events of its ``source``, never empty.
    public var id: String {
        get { self.storage.text(self.storage.id) ?? "" }
        set { self.change { $0.id = AttributeText(newValue) } }
    }
    /// Where the event comes from, a URI-reference such as `/exams/maths`.
    public var source: String {
        get { self.storage.text(self.storage.source) ?? "" }
        set { self.change { $0.source = AttributeText(newValue) } }
    }
    /// What kind of thing happened, for example `com.example.exam.graded`.
    public var type: String {
        get { self.storage.text(self.storage.type) ?? "" }
        set { self.change { $0.type = AttributeText(newValue) } }
    }
    /// What the event is about within its ``source``, for example the name of an object.
    public var subject: String? {
        get { self.storage.text(self.storage.subject) }
        set { self.change { $0.subject = AttributeText(newValue) } }
    }
    /// When it happened.
    ///
    /// One that was read goes on as its sender wrote it, until it is set.
    public var time: Timestamp? {
        get { self.storage.time }
        set { self.change { $0.setTime(newValue) } }
    }
    /// ``time`` as it is written.
    package var timeText: String? {
        self.storage.withTimeBytes { String(ascii: $0) }
    }
    /// The media type of ``data``, for example `application/json`.
    public var dataContentType: String? {
        get { self.storage.text(self.storage.dataContentType) }
        set { self.change { $0.dataContentType = AttributeText(newValue) } }
    }
    /// The schema that ``data`` adheres to, an absolute URI.
    public var dataSchema: String? {
        get { self.storage.text(self.storage.dataSchema) }
        set { self.change { $0.dataSchema = AttributeText(newValue) } }
    }
    /// All other attributes, those that nobody here knows included.
    public var extensions: CloudEventExtensions {
        get { CloudEventExtensions(of: self.storage) }
        set { self.change { $0.replaceExtensions(newValue) } }
        _modify {
            // Taken out and put back: a second reference would make each change a copy.
            var extensions = CloudEventExtensions()
            self.change { extensions = $0.takeExtensions() }
            defer { self.storage.replaceExtensions(extensions) }
            yield &extensions
        }
    }
    /// The payload, if there is one.
    public var data: CloudEventData? {
        get { self.storage.data }
        set { self.change { $0.setData(newValue) } }
    }

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
        self.storage = EventStorage()
        self.storage.id = AttributeText(id)
        self.storage.source = AttributeText(source)
        self.storage.type = AttributeText(type)
        self.storage.subject = AttributeText(subject)
        self.storage.setTime(time)
        self.storage.dataContentType = AttributeText(dataContentType)
        self.storage.dataSchema = AttributeText(dataSchema)
        self.storage.replaceExtensions(extensions)
        self.storage.setData(data)
    }

    /// Makes an event of what a decoder has put together and checked.
    init(_ storage: EventStorage) { self.storage = storage }

    /// Lends ``type`` as UTF-8, which costs no `String`.
    package func withTypeBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        self.storage.withBytes(self.storage.type, body) ?? body(Span())
    }

    /// Lends ``source`` as UTF-8, which costs no `String`.
    package func withSourceBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        self.storage.withBytes(self.storage.source, body) ?? body(Span())
    }

    /// Lends ``subject`` as UTF-8, which costs no `String`; nothing when there is none.
    package func withSubjectBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        self.storage.withBytes(self.storage.subject, body) ?? body(Span())
    }

    /// Lends what the event holds, after it was copied if others hold it too.
    @inline(__always)
    private mutating func change(_ body: (EventStorage) -> Void) {
        if !isKnownUniquelyReferenced(&self.storage) {
            self.storage = EventStorage(copying: self.storage)
        }
        body(self.storage)
        self.storage.forgetText()
        self.storage.releaseHeadersIfUnused()
    }
}

extension CloudEvent: Equatable {
    /// Compares all attributes and the payload, in whatever form they are held.
    public static func == (left: Self, right: Self) -> Bool {
        left.storage === right.storage
            || left.id == right.id && left.source == right.source && left.type == right.type
                && left.subject == right.subject && left.time == right.time
                && left.dataContentType == right.dataContentType
                && left.dataSchema == right.dataSchema && left.extensions == right.extensions
                && left.data == right.data
    }
}

extension CloudEvent: CustomReflectable {
    /// The attributes and the payload, for debuggers and failing tests.
    public var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "id": self.id, "source": self.source, "type": self.type,
                "subject": self.subject as Any, "time": self.time as Any,
                "dataContentType": self.dataContentType as Any,
                "dataSchema": self.dataSchema as Any, "extensions": Array(self.extensions),
                "data": self.data as Any,
            ],
            displayStyle: .struct
        )
    }
}
