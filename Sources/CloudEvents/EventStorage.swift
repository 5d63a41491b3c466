// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// What an event holds: each attribute as a line of the headers that it came with, or as a value.
///
/// The attributes of an event in the JSON format are kept as such lines too.
///
/// `@unchecked Sendable`: its owner is the event that alone refers to it, and nobody else changes
/// it.
final class EventStorage: @unchecked Sendable {
    /// The headers; empty when no attribute lies there any more.
    private(set) var headers: HTTPFields

    /// The line of the version, which says `1.0`; without one it is written anew.
    var specVersion = ReceivedText.none
    var id = AttributeText.none
    var source = AttributeText.none
    var type = AttributeText.none
    var subject = AttributeText.none
    var dataContentType = AttributeText.none
    var dataSchema = AttributeText.none
    private(set) var time: Timestamp?
    /// The time as its sender wrote it, and as it goes on; none when it was set here.
    private(set) var timeText = AttributeText.none
    /// Extensions that lie in the headers; none as soon as one of them does not.
    private(set) var receivedExtensions = ReceivedExtensions()
    /// The extensions otherwise.
    private(set) var extensions = CloudEventExtensions()
    private(set) var data: CloudEventData?
    /// Whether ``data`` is known to be one JSON value in UTF-8, so that nobody looks at it again.
    private(set) var isDataKnownJSON = false

    /// The event in the JSON format as it came; empty when it came otherwise, was long, or changed.
    private(set) var jsonText: [UInt8] = []

    /// Longer texts are not kept: they would hold their payload a second time.
    static let jsonTextBytesMax = 64 * 1024

    /// Begins an event, of whose attributes some may lie in `headers`.
    init(headers: HTTPFields = HTTPFields()) { self.headers = headers }

    /// Makes one that is about to be changed.
    init(copying other: EventStorage) {
        self.headers = other.headers
        self.specVersion = other.specVersion
        self.id = other.id
        self.source = other.source
        self.type = other.type
        self.subject = other.subject
        self.dataContentType = other.dataContentType
        self.dataSchema = other.dataSchema
        self.time = other.time
        self.timeText = other.timeText
        self.receivedExtensions = other.receivedExtensions
        self.extensions = other.extensions
        self.data = other.data
        self.isDataKnownJSON = other.isDataKnownJSON
    }

    /// The value as text; `nil` when the attribute is not there.
    @inline(__always)
    func text(_ value: AttributeText) -> String? {
        value.received.isPresent ? value.received.text(in: self.headers) : value.own
    }

    /// Lends the value as bytes; `nil` when the attribute is not there.
    @discardableResult
    @inline(__always)
    func withBytes<Result>(
        _ value: AttributeText,
        _ body: (Span<UInt8>) -> Result
    ) -> Result? {
        guard value.received.isPresent else { return value.own.map { body($0.utf8.span) } }
        return value.received.withBytes(in: self.headers, body)
    }

    /// Sets the payload.
    ///
    /// - Parameters:
    ///   - data: The payload; `nil` for none.
    ///   - isKnownJSON: Whether all of it was seen to be one JSON value in UTF-8.
    func setData(_ data: CloudEventData?, isKnownJSON: Bool = false) {
        self.data = data
        self.isDataKnownJSON = isKnownJSON
    }

    /// Keeps the text that the event was read from and that is this event and nothing else.
    func keepText(_ text: [UInt8]) {
        if text.count <= Self.jsonTextBytesMax { self.jsonText = text }
    }

    /// Lets go of the text that the event came as: it says something else now.
    func forgetText() {
        if !self.jsonText.isEmpty { self.jsonText = [] }
    }

    /// Adds a line to the headers, for an attribute that came without any.
    ///
    /// - Returns: The index of the line, and where its name lies.
    func appendLine(
        _ prefix: StaticString,
        _ name: Span<UInt8>,
        _ value: Span<UInt8>
    ) -> (line: Int, name: Range<Int>) {
        // Taken out and put back: a change in place would make each access one to be checked.
        var headers = HTTPFields()
        swap(&headers, &self.headers)
        let start = headers.block.count
        headers.append(prefix: prefix, name, value: value)
        let line = headers.count - 1
        swap(&headers, &self.headers)
        return (line, start..<start + prefix.utf8CodeUnitCount + name.count)
    }

    /// Sets the time, and its text if somebody wrote one.
    func setTime(_ time: Timestamp?, text: AttributeText = .none) {
        self.time = time
        self.timeText = text
    }

    /// Lends the time as it is written; `nil` when there is none.
    @inline(__always)
    func withTimeBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result? {
        self.withBytes(self.timeText, body) ?? self.time?.withRFC3339(body)
    }

    /// Whether an extension of that name lies in the headers.
    func hasReceivedExtension(_ name: String) -> Bool {
        self.receivedExtensions.count > 0
            && self.receivedExtensions.index(of: name, in: self.headers) != nil
    }

    /// Whether an extension lies in the headers with the name in `range`, in any case.
    func hasReceivedExtension(_ range: Range<Int>) -> Bool {
        self.receivedExtensions.contains(range, in: self.headers)
    }

    /// Adds an extension that lies in the headers, as all others do, if there is room for it.
    @inline(__always)
    func append(_ line: ReceivedText) -> Bool { self.receivedExtensions.append(line) }

    /// Takes all extensions out, as values.
    func takeExtensions() -> CloudEventExtensions {
        var extensions = self.extensions
        let received = self.receivedExtensions
        self.replaceExtensions(CloudEventExtensions())
        for index in 0..<received.count {
            let (name, value) = received.attribute(at: index, in: self.headers)
            extensions.append(name, value)
        }
        return extensions
    }

    /// Puts other extensions in the place of all that there are.
    func replaceExtensions(_ extensions: CloudEventExtensions) {
        self.receivedExtensions = ReceivedExtensions()
        self.extensions = extensions
    }

    /// Lets go of the headers if nothing but the version lies there.
    func releaseHeadersIfUnused() {
        // Nearly always the first answers.
        guard !self.id.received.isPresent, !self.headers.isEmpty else { return }
        let isUsed =
            self.source.received.isPresent
            || self.type.received.isPresent || self.subject.received.isPresent
            || self.dataContentType.received.isPresent || self.dataSchema.received.isPresent
            || self.timeText.received.isPresent || self.receivedExtensions.count > 0
        guard !isUsed else { return }
        self.specVersion = .none
        self.headers = HTTPFields()
    }
}
