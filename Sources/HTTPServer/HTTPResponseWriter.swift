// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Writes one response with the right framing for its request (RFC 9112 section 6).
///
/// A value without I/O: it appends to a buffer, and says when a handler broke its own promise.
struct HTTPResponseWriter {
    /// What the handler did wrong; the connection cannot go on after it.
    enum Mistake: Error, Equatable {
        case moreThanAnnounced
        case lessThanAnnounced
    }

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
    private var status: HTTPStatus = .ok

    init(request: HTTPRequestHead, closesConnection: Bool) {
        self.isHead = request.method == .head
        self.isHTTP10 = request.minorVersion == 0
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
        assert(!self.isStarted, "the Connection field is sent already")
        self.closesConnection = true
    }

    /// Appends the head; leaves `output` as it was when it throws.
    mutating func start(
        _ head: HTTPResponseHead,
        bodyLength: Int?,
        serverName: String?,
        date: inout HTTPDateCache,
        to output: inout [UInt8]
    ) throws(HTTPEncodeError) {
        precondition(!self.isStarted, "a response is started once")
        // 1xx would make the client wait for another answer (RFC 9110 section 15.2).
        guard !head.status.isInformational else { throw .statusInvalid }
        let length = output.count
        do {
            try HTTPEncoder.append(head.status, to: &output)
            date.append(to: &output)
            if let serverName, !head.fields.contains("server") {
                output.append(contentsOf: "Server: \(serverName)\r\n".utf8)
            }
            try HTTPEncoder.append(self.withoutFraming(head.fields), to: &output)
        } catch {
            output.removeLast(output.count - length)
            throw error
        }
        self.status = head.status
        self.appendFraming(head, bodyLength: bodyLength, to: &output)
        if self.closesConnection {
            output.append(contentsOf: "Connection: close\r\n".utf8)
        } else if self.isHTTP10 {
            output.append(contentsOf: "Connection: keep-alive\r\n".utf8)
        }
        output.append(contentsOf: "\r\n".utf8)
    }

    /// What the handler says of framing and connection is the server's to say.
    private func withoutFraming(_ fields: HTTPFields) -> HTTPFields {
        var fields = fields
        for name in ["connection", "content-length", "transfer-encoding", "keep-alive", "date"]
        where fields.contains(name) {
            fields.remove(name)
        }
        return fields
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
            output.append(contentsOf: "Content-Length: ".utf8)
            HTTPEncoder.append(decimal: max(0, shown ?? bodyLength), to: &output)
            output.append(contentsOf: "\r\n".utf8)
            self.body = self.isHead ? .none : .counted(left: bodyLength)
        } else if self.isHTTP10 {
            self.closesConnection = true
            self.body = self.isHead ? .none : .untilClose
        } else {
            output.append(contentsOf: "Transfer-Encoding: chunked\r\n".utf8)
            self.body = self.isHead ? .none : .chunked
        }
    }

    /// Appends body bytes; those of a HEAD or a 204 are dropped.
    mutating func write(_ bytes: [UInt8], to output: inout [UInt8]) throws(Mistake) {
        switch self.body {
        case .notStarted, .ended: preconditionFailure("body bytes lie between start and end")
        case .none: return
        case .counted(let left):
            guard bytes.count <= left else { throw .moreThanAnnounced }
            self.body = .counted(left: left - bytes.count)
            output.append(contentsOf: bytes)
        case .chunked: HTTPEncoder.append(chunk: bytes, to: &output)
        case .untilClose: output.append(contentsOf: bytes)
        }
    }

    /// Appends the end of the body; trailers follow a chunked one, and are dropped elsewhere.
    mutating func end(trailers: HTTPFields?, to output: inout [UInt8]) throws(Mistake) {
        switch self.body {
        case .notStarted, .ended: preconditionFailure("a response is ended once")
        case .counted(let left):
            guard left == 0 else { throw .lessThanAnnounced }
        case .chunked:
            let length = output.count
            do {
                try HTTPEncoder.append(lastChunkWith: trailers ?? HTTPFields(), to: &output)
            } catch {
                output.removeLast(output.count - length)
                output.append(contentsOf: "0\r\n\r\n".utf8)
            }
        case .none, .untilClose: break
        }
        self.body = .ended
    }
}
