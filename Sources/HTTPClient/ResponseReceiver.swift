// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP

/// Collects one answer from the pieces that libcurl hands over.
struct ResponseReceiver {
    /// Most bytes that an answer which is not 2xx may have when the body was to go into a file.
    static let explanationBytesMax = 256 * 1024

    /// Most bytes that are reserved because a peer announced them.
    private static let reservedBytesMax = 16 * 1024 * 1024

    private static let http2Start = Array("HTTP/2 ".utf8)
    private static let http1Start = Array("HTTP/1.1 ".utf8)

    /// Why the transfer was ended from here.
    var failure: (kind: HTTPClientError.Kind, sentence: String)?
    /// Whether libcurl was told to wait for the receiver of a stream.
    var isHeld = false
    /// The final answer's head, once it is complete.
    private(set) var head: HTTPResponseHead?

    private let method: HTTPMethod
    private let bodyBytesMax: Int
    private let fileDescriptor: Int32?
    /// Bytes of the body that are kept.
    private let keptBytesMax: Int
    private let limits: HTTPLimits
    /// Whether the body is handed over piece by piece.
    let isStream: Bool

    /// The lines of the head that is being received.
    private var lines: [UInt8] = []
    private var headBytesTotal = 0
    private var body: [UInt8] = []
    private var bodyBytesTotal = 0

    /// A receiver without a request.
    init() {
        self.method = .get
        self.bodyBytesMax = 0
        self.fileDescriptor = nil
        self.keptBytesMax = .max
        self.limits = HTTPLimits()
        self.isStream = false
    }

    /// A receiver for the answer to `request`, which takes over the memory of the last one.
    init(_ request: HTTPClientRequest, limits: HTTPLimits, reusing last: consuming Self) {
        self.method = request.method
        self.bodyBytesMax = max(0, request.responseBytesMax)
        self.limits = limits
        if case .beginning(let bytesMax) = request.responseSink {
            self.keptBytesMax = max(0, bytesMax)
        } else {
            self.keptBytesMax = .max
        }
        switch request.responseSink {
        case .buffer, .beginning: (self.fileDescriptor, self.isStream) = (nil, false)
        case .file(let descriptor): (self.fileDescriptor, self.isStream) = (descriptor, false)
        case .stream: (self.fileDescriptor, self.isStream) = (nil, true)
        }
        self.lines = last.lines
        self.lines.removeAll(keepingCapacity: true)
    }

    /// Whether no byte of the body came yet.
    var isFirstChunk: Bool { self.bodyBytesTotal == 0 }

    /// Gives up the memory of the body.
    mutating func releaseBody() {
        self.body = []
        self.head = nil
    }

    /// Takes the answer, when its head is complete.
    mutating func takeResponse() -> HTTPClientResponse? {
        guard let head = self.head.take() else { return nil }
        var body: [UInt8] = []
        swap(&body, &self.body)
        var response = HTTPClientResponse(status: head.status, fields: head.fields, body: body)
        response.isBodyCut = self.bodyBytesTotal > self.keptBytesMax
        return response
    }

    // MARK: Head

    /// Takes one line with its end, of a head or a trailer; false ends the transfer.
    mutating func receivedHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        self.headBytesTotal += line.count
        let allowed = self.limits.headerBytesMax + self.limits.startLineBytesMax
        guard self.headBytesTotal <= allowed else {
            self.failure = (
                .responseTooLarge, "the answer's header is larger than \(allowed) bytes"
            )
            return false
        }
        // What comes after the final head is the trailer.
        guard self.head == nil else { return true }
        if self.lines.isEmpty, line.starts(with: Self.http2Start) {
            // libcurl writes the head of HTTP/2 in the form of HTTP/1.1, but for the version.
            self.lines.append(contentsOf: Self.http1Start)
            self.lines.append(contentsOf: line.dropFirst(Self.http2Start.count))
        } else {
            self.lines.append(contentsOf: line)
        }
        guard line.count <= 2, line.last == UInt8(ascii: "\n") else { return true }
        return self.headEnded()
    }

    private mutating func headEnded() -> Bool {
        defer { self.lines.removeAll(keepingCapacity: true) }
        // "HTTP/1.1 1": informational, another head follows (RFC 9110 section 15.2).
        if self.lines.count > 9, self.lines[9] == UInt8(ascii: "1") {
            return true
        }
        do {
            var parser = HTTPResponseParser(limits: self.limits)
            guard let parsed = try parser.parse(self.lines.span, to: self.method) else {
                self.failure = (.protocolError, "the answer's header is incomplete")
                return false
            }
            self.head = parsed.response.head
            return true
        } catch {
            self.failure = Self.meaning(of: error)
            return false
        }
    }

    /// What an answer that cannot be read means for its request.
    static func meaning(
        of error: HTTPParseError
    ) -> (kind: HTTPClientError.Kind, sentence: String) {
        switch error {
        case .startLineTooLong, .headerTooLarge:
            (.responseTooLarge, "the answer's header is larger than allowed")
        case .headerCountExceeded:
            (.responseTooLarge, "the answer's header has more fields than allowed")
        case .startLineInvalid: (.protocolError, "the answer has no valid status line")
        default: (.protocolError, "the answer is not valid HTTP: \(error.answerExplanation)")
        }
    }

    // MARK: Body

    /// Takes a part of the body.
    ///
    /// - Parameters:
    ///   - chunk: The bytes.
    ///   - announcedBytes: The length that the head promised, or a negative number; looked at for
    ///     the first part alone.
    /// - Returns: False when the transfer has to end.
    mutating func receivedBody(_ chunk: UnsafeRawBufferPointer, announcedBytes: Int64) -> Bool {
        let isExplanation = self.fileDescriptor != nil && self.head?.status.isSuccess != true
        let bytesMax =
            isExplanation
            ? min(self.bodyBytesMax, Self.explanationBytesMax) : self.bodyBytesMax
        let isFirst = self.isFirstChunk
        self.bodyBytesTotal += chunk.count
        guard self.bodyBytesTotal <= bytesMax, announcedBytes <= bytesMax else {
            self.failure = (
                .responseTooLarge, "the answer's body is larger than \(bytesMax) bytes"
            )
            return false
        }
        if self.isStream { return true }
        if let descriptor = self.fileDescriptor, !isExplanation {
            return self.write(chunk, to: descriptor)
        }
        if isFirst, announcedBytes > chunk.count {
            let kept = min(Int(announcedBytes), self.keptBytesMax)
            self.body.reserveCapacity(min(kept, Self.reservedBytesMax))
        }
        self.body.append(contentsOf: chunk.prefix(self.keptBytesMax - self.body.count))
        return true
    }

    private mutating func write(_ chunk: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var rest = chunk
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else if count == 0 || errno != EINTR {
                let reason = count == 0 ? "nothing was taken" : String(cString: strerror(errno))
                self.failure = (.sinkUnwritable, "the answer could not be written: \(reason)")
                return false
            }
        }
        return true
    }
}
