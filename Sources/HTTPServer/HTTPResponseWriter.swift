// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import EventLoop
internal import HTTP

/// Writes one response with the right framing for its request (RFC 9112 section 6).
///
/// A value without I/O: it appends to a buffer, and says when a handler broke its own promise.
struct HTTPResponseWriter {
    private enum Body {
        case notStarted
        case none
        case counted(left: Int)
        case chunked
        case untilClose
        case ended
    }

    private let isHead: Bool
    private let isHTTP10: Bool
    /// Whether the connection ends with this response.
    private(set) var closesConnection: Bool
    private var body = Body.notStarted

    init(request: HTTPRequestHead, closesConnection: Bool) {
        self.init(request.method, request.version, closesConnection: closesConnection)
    }

    /// Begins to answer a request of which no more needs to be known.
    init(_ method: HTTPMethod, _ version: HTTPVersion, closesConnection: Bool) {
        self.isHead =
            method.rawValue.utf8.first == UInt8(ascii: "H") && method == .head
        // A comparison would go by the protocol.
        self.isHTTP10 = if case .http10 = version { true } else { false }
        self.closesConnection = closesConnection
    }

    var isStarted: Bool {
        if case .notStarted = self.body { return false }
        return true
    }

    var isEnded: Bool {
        if case .ended = self.body { return true }
        return false
    }

    mutating func closeConnection() {
        guard !self.isStarted else { return }
        self.closesConnection = true
    }

    /// Appends a head of 1xx, which has neither body nor framing (RFC 9110 section 15.2).
    ///
    /// HTTP/1.0 knows none, so that it gets none.
    func informational(
        _ head: HTTPResponseHead,
        to output: inout [UInt8]
    ) throws(HTTPAnswerMistake) {
        guard !self.isStarted else { throw .startedTwice }
        guard !self.isHTTP10 else { return }
        let isAllowed = head.status.isInformational && head.status != .switchingProtocols
        guard isAllowed else { throw .headInvalid(.statusInvalid) }
        try Self.undone(&output) { output throws(HTTPEncodeError) in
            try HTTPEncoder.append(head.status, to: &output)
            try HTTPEncoder.append(head.fields, without: .framing, to: &output)
            output.append(literal: "\r\n")
        }
    }

    /// Appends the head; leaves `output` as it was when it throws.
    mutating func start(
        _ head: HTTPResponseHead,
        bodyLength: Int?,
        serverName: String?,
        date: inout HTTPDateCache,
        now: MonotonicTime,
        to output: inout [UInt8]
    ) throws(HTTPAnswerMistake) {
        guard !self.isStarted else { throw .startedTwice }
        // 1xx would make the client wait for another answer (RFC 9110 section 15.2).
        guard !head.status.isInformational else { throw .headInvalid(.statusInvalid) }
        try Self.undone(&output) { output throws(HTTPEncodeError) in
            // When an answer was made, who made it says: a proxy passes that on (RFC 9110 section
            // 6.6.1).
            let hasDate = head.fields.contains(.date)
            if head.status == .ok, !hasDate {
                date.appendWithOK(to: &output, at: now)
            } else {
                try HTTPEncoder.append(head.status, to: &output)
                if !hasDate { date.append(to: &output, at: now) }
            }
            if let serverName, !head.fields.contains(.server) {
                output.append("Server: \(serverName)\r\n")
            }
            try HTTPEncoder.append(head.fields, without: .framing, to: &output)
        }
        self.appendFraming(head, bodyLength: bodyLength, to: &output)
        if self.closesConnection {
            output.append(literal: "Connection: close\r\n")
        } else if self.isHTTP10 {
            output.append(literal: "Connection: keep-alive\r\n")
        }
        output.append(literal: "\r\n")
    }

    /// Appends a head behind which there is no HTTP any more (RFC 9110 section 7.8).
    mutating func switching(
        _ head: HTTPResponseHead,
        date: inout HTTPDateCache,
        now: MonotonicTime,
        to output: inout [UInt8]
    ) throws(HTTPAnswerMistake) {
        guard !self.isStarted else { throw .startedTwice }
        try Self.undone(&output) { output throws(HTTPEncodeError) in
            try HTTPEncoder.append(head.status, to: &output)
            if !head.fields.contains(.date) { date.append(to: &output, at: now) }
            try HTTPEncoder.append(head.fields, without: .framing, to: &output)
        }
        if head.status == .switchingProtocols {
            output.append(literal: "Connection: Upgrade\r\n")
        }
        output.append(literal: "\r\n")
        self.body = .ended
    }

    /// Runs what appends, and takes back what it appended when it throws.
    @inline(__always)
    private static func undone(
        _ output: inout [UInt8],
        _ body: (inout [UInt8]) throws(HTTPEncodeError) -> Void
    ) throws(HTTPAnswerMistake) {
        let length = output.count
        do throws(HTTPEncodeError) {
            try body(&output)
        } catch {
            output.removeLast(output.count - length)
            throw .headInvalid(error)
        }
    }

    private mutating func appendFraming(
        _ head: HTTPResponseHead,
        bodyLength: Int?,
        to output: inout [UInt8]
    ) {
        if head.status.forbidsBody {
            self.body = .none
            return
        }
        if let bodyLength {
            // A HEAD's length is the one that a GET would have had.
            let shown = self.isHead ? head.fields["content-length"].flatMap { Int($0) } : nil
            output.append(literal: "Content-Length: ")
            HTTPEncoder.append(decimal: max(0, shown ?? bodyLength), to: &output)
            output.append(literal: "\r\n")
            self.body = self.isHead ? .none : .counted(left: bodyLength)
        } else if self.isHTTP10 {
            self.closesConnection = true
            self.body = self.isHead ? .none : .untilClose
        } else {
            output.append(literal: "Transfer-Encoding: chunked\r\n")
            self.body = self.isHead ? .none : .chunked
        }
    }

    /// Appends body bytes; those of a HEAD or a 204 are dropped.
    mutating func write(
        _ bytes: [UInt8],
        to output: inout HTTPOutputBuffer
    ) throws(HTTPAnswerMistake) {
        switch self.body {
        case .notStarted, .ended: throw .notStarted
        case .none: return
        case .counted(let left):
            guard bytes.count <= left else { throw .moreThanAnnounced }
            self.body = .counted(left: left - bytes.count)
            output.append(bytes)
        case .chunked:
            // An empty chunk would end the body.
            guard !bytes.isEmpty else { return }
            HTTPEncoder.append(chunkSize: bytes.count, to: &output.bytes)
            output.append(bytes)
            output.bytes.append(literal: "\r\n")
        case .untilClose: output.append(bytes)
        }
    }

    /// Appends the whole body of an answer that was started with its length, and ends it.
    mutating func writeWhole(_ bytes: [UInt8], to output: inout HTTPOutputBuffer) {
        if case .counted = self.body { output.append(bytes) }
        self.body = .ended
    }

    /// Appends the end of the body; trailers follow a chunked one, and are dropped elsewhere.
    mutating func end(
        trailers: HTTPFields?,
        to output: inout [UInt8]
    ) throws(HTTPAnswerMistake) {
        switch self.body {
        case .notStarted, .ended: throw .notStarted
        case .counted(let left):
            guard left == 0 else { throw .lessThanAnnounced }
        case .chunked:
            let length = output.count
            do {
                try HTTPEncoder.append(lastChunkWith: trailers ?? HTTPFields(), to: &output)
            } catch {
                output.removeLast(output.count - length)
                output.append(literal: "0\r\n\r\n")
            }
        case .none, .untilClose: break
        }
        self.body = .ended
    }
}
