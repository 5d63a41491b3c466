// SPDX-License-Identifier: Apache-2.0

import CNghttp2
import EventLoop
import TestSupport

/// What a stream got as its answer.
struct HTTP2Answer: Sendable {
    var informational: [[String]] = []
    var lines: [String] = []
    var body: [UInt8] = []
    var trailers: [String] = []
    /// The code of the RST_STREAM that ended it, if one did.
    var reset: UInt32?

    var status: String { self.values(":status").first ?? "" }
    var text: String { String(decoding: self.body, as: UTF8.self) }
    func values(_ name: String) -> [String] {
        self.lines.filter { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.count + 2)) }
    }
}

/// A client that sends the frames it is told to, right or wrong.
///
/// `@unchecked Sendable`: used by one thread of a test at a time.
final class HTTP2Client: @unchecked Sendable {
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    static let get = [
        (":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "test"),
    ]
    static let post = [(":method", "POST")] + get.dropFirst()

    let raw: RawClient
    private var inflater: OpaquePointer?
    private(set) var answers: [UInt32: HTTP2Answer] = [:]
    /// The last stream and code of a GOAWAY.
    private(set) var goAways: [(last: UInt32, code: UInt32)] = []

    /// Connects, and sends the preface with SETTINGS.
    init(_ raw: RawClient, settings: [(UInt16, UInt32)] = []) throws {
        self.raw = raw
        nghttp2_hd_inflate_new(&self.inflater)
        try raw.send(bytes: Self.preface)
        try self.send(Self.settings(settings))
    }

    /// Takes over a connection that speaks HTTP/2 already.
    init(upgraded raw: RawClient) throws {
        self.raw = raw
        nghttp2_hd_inflate_new(&self.inflater)
        try raw.send(bytes: Self.preface)
        try self.send(Self.settings([]))
    }

    /// Sends what is left of bytes that were begun on a connection.
    init(continuing raw: RawClient, rest: [UInt8]) throws {
        self.raw = raw
        nghttp2_hd_inflate_new(&self.inflater)
        try raw.send(bytes: rest)
    }

    deinit { nghttp2_hd_inflate_del(self.inflater) }

    static func settings(_ settings: [(UInt16, UInt32)]) -> HTTP2Frame {
        let payload = settings.flatMap { id, value in
            [UInt8(id >> 8), UInt8(truncatingIfNeeded: id)] + HTTP2Frame.bytes(value)
        }
        return HTTP2Frame(.settings, payload)
    }

    func send(_ frames: HTTP2Frame...) throws {
        try self.raw.send(bytes: frames.flatMap { $0.encoded })
    }

    static func headers(
        _ stream: UInt32,
        _ lines: [(String, String)],
        ends: Bool = true
    ) -> HTTP2Frame {
        let flags = HTTP2Frame.endHeaders | (ends ? HTTP2Frame.endStream : 0)
        return HTTP2Frame(.headers, flags: flags, stream: stream, HTTP2Literals.encode(lines))
    }

    static func data(_ stream: UInt32, _ bytes: [UInt8], ends: Bool = true) -> HTTP2Frame {
        HTTP2Frame(.data, flags: ends ? HTTP2Frame.endStream : 0, stream: stream, bytes)
    }

    // MARK: Receiving

    func read() throws -> HTTP2Frame {
        let head = try self.raw.read(count: 9)
        let length = head[..<3].reduce(0) { $0 << 8 | Int($1) }
        let stream = head[5...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let payload = try self.raw.read(count: length)
        return HTTP2Frame(kind: head[3], flags: head[4], stream: stream, payload: payload)
    }

    /// Reads a frame, and to HEADERS the rest of their block.
    private func readBlock() throws -> HTTP2Frame {
        var frame = try self.read()
        guard frame.isKind(.headers) else { return frame }
        while frame.flags & HTTP2Frame.endHeaders == 0 {
            let part = try self.read()
            guard part.isKind(.continuation) else {
                throw RawClientError.malformed("a frame within a header block")
            }
            frame.payload += part.payload
            frame.flags |= part.flags & HTTP2Frame.endHeaders
        }
        return frame
    }

    /// Reads frames and notes what they say, up to one that fits.
    @discardableResult
    func read(until fits: (HTTP2Frame) -> Bool) throws -> HTTP2Frame {
        while true {
            let frame = try self.readBlock()
            self.note(frame)
            if fits(frame) { return frame }
        }
    }

    /// Reads the whole answer of a stream, or its reset.
    func answer(_ stream: UInt32) throws -> HTTP2Answer {
        try self.read { frame in
            frame.stream == stream && (frame.endsStream && frame.kind < 2 || frame.isKind(.reset))
        }
        return self.answers[stream] ?? HTTP2Answer()
    }

    /// Reads the whole answers of several streams.
    func answers(of streams: Set<UInt32>) throws -> [UInt32: HTTP2Answer] {
        var left = streams
        while !left.isEmpty {
            let frame = try self.read { _ in true }
            if frame.endsStream && frame.kind < 2 || frame.isKind(.reset) {
                left.remove(frame.stream)
            }
        }
        return self.answers
    }

    /// Reads up to a GOAWAY and returns its code.
    func goAway() throws -> UInt32 {
        try self.read { $0.isKind(.goAway) }.number(at: 4)
    }

    /// Whether the connection ends, whatever comes before.
    func isEnded() -> Bool {
        do {
            while true { self.note(try self.readBlock()) }
        } catch {
            let error = error as? RawClientError
            return error == .ended || error == .reset
        }
    }

    private func note(_ frame: HTTP2Frame) {
        switch HTTP2Frame.Kind(rawValue: frame.kind) {
        case .headers:
            let lines = self.inflate(frame.payload)
            var answer = self.answers[frame.stream] ?? HTTP2Answer()
            if !answer.lines.isEmpty {
                answer.trailers = lines
            } else if lines.first?.hasPrefix(":status: 1") == true {
                answer.informational.append(lines)
            } else {
                answer.lines = lines
            }
            self.answers[frame.stream] = answer
        case .data: self.answers[frame.stream, default: .init()].body += frame.payload
        case .reset: self.answers[frame.stream, default: .init()].reset = frame.number()
        case .goAway: self.goAways.append((frame.number(), frame.number(at: 4)))
        case .settings where frame.flags == 0:
            try? self.send(HTTP2Frame(.settings, flags: HTTP2Frame.acknowledgement))
        case .ping where frame.flags == 0:
            try? self.send(HTTP2Frame(.ping, flags: HTTP2Frame.acknowledgement, frame.payload))
        default: break
        }
    }

    private func inflate(_ block: [UInt8]) -> [String] {
        var lines: [String] = []
        var offset = 0
        while true {
            var pair = nghttp2_nv()
            var flags: Int32 = 0
            let count = block[offset...].withUnsafeBufferPointer {
                nghttp2_hd_inflate_hd2(self.inflater, &pair, &flags, $0.baseAddress, $0.count, 1)
            }
            guard count >= 0 else { return ["broken: \(count)"] }
            offset += count
            if flags & Int32(NGHTTP2_HD_INFLATE_EMIT.rawValue) != 0 {
                let name = UnsafeBufferPointer(start: pair.name, count: pair.namelen)
                let value = UnsafeBufferPointer(start: pair.value, count: pair.valuelen)
                lines.append(
                    String(decoding: name, as: UTF8.self) + ": "
                        + String(decoding: value, as: UTF8.self)
                )
            }
            if flags & Int32(NGHTTP2_HD_INFLATE_FINAL.rawValue) != 0 {
                nghttp2_hd_inflate_end_headers(self.inflater)
                return lines
            }
        }
    }
}

extension TestServer {
    /// Connects and begins with HTTP/2.
    func http2Client(
        settings: [(UInt16, UInt32)] = [],
        receiveBuffer: Int32? = nil
    ) throws -> HTTP2Client {
        try HTTP2Client(self.client(receiveBuffer: receiveBuffer), settings: settings)
    }
}
