// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// One event of a stream that browsers read with `EventSource` (HTML standard, section 9.2).
///
/// ```swift
/// function.stream("GET", "/ticks") { _, response, _ in
///     try await response.start(headers: ServerSentEvent.headers)
///     for tick in ticks { try await response.write(ServerSentEvent(data: tick)) }
/// }
/// ```
public struct ServerSentEvent: Sendable, Equatable {
    /// The header fields of such a stream.
    public static let headers: Headers = [
        "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store",
    ]

    /// The text; it may have several lines.
    public var data: String
    /// The type that listeners ask for; `message` when `nil`.
    public var event: String?
    /// What a client that comes back sends as `Last-Event-ID`.
    public var id: String?
    /// How long a client waits before it comes back, in whole milliseconds.
    public var retry: Duration?

    /// Makes an event.
    public init(data: String, event: String? = nil, id: String? = nil, retry: Duration? = nil) {
        self.data = data
        self.event = event
        self.id = id
        self.retry = retry
    }

    /// The event as it is sent, with the empty line that ends it.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        if let event = self.event { Self.append("event", Self.oneLine(event), to: &bytes) }
        // A NUL would make the browser ignore the field.
        if let id = self.id, !id.utf8.contains(0) {
            Self.append("id", Self.oneLine(id), to: &bytes)
        }
        if let retry = self.retry {
            let milliseconds = max(0, retry.nanosecondsClamped) / 1_000_000
            Self.append("retry", "\(milliseconds)".utf8, to: &bytes)
        }
        for line in Self.lines(self.data) { Self.append("data", line, to: &bytes) }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private static func append(
        _ name: String,
        _ value: some Collection<UInt8>,
        to bytes: inout [UInt8]
    ) {
        bytes += name.utf8
        bytes += ": ".utf8
        bytes += value
        bytes.append(UInt8(ascii: "\n"))
    }

    /// What stands behind a line break would be read as another field.
    private static func oneLine(_ text: String) -> [UInt8] { self.lines(text).first ?? [] }

    /// The lines of a text, which CR LF, LF and CR end alike.
    private static func lines(_ text: String) -> [[UInt8]] {
        var lines: [[UInt8]] = [[]]
        var isAfterReturn = false
        for byte in text.utf8 {
            let isReturn = byte == UInt8(ascii: "\r")
            let isFeed = byte == UInt8(ascii: "\n")
            if isReturn || (isFeed && !isAfterReturn) {
                lines.append([])
            } else if !isFeed {
                lines[lines.count - 1].append(byte)
            }
            isAfterReturn = isReturn
        }
        return lines
    }
}
