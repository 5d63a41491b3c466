// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import EventLoop
internal import HTTP

/// How a connection becomes one of HTTP/2 (RFC 9113 section 3).
extension HTTPConnection {
    /// What a client of HTTP/2 says first.
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    /// The largest body that is taken along by an upgrade.
    private static let upgradedBodyBytesMax = 64 * 1024

    enum PrefaceMatch {
        case none
        case partial
        case whole
    }

    /// Whether the bytes are a preface; no method of HTTP/1 begins in the same way for long.
    func matchPreface(_ bytes: Span<UInt8>) -> PrefaceMatch {
        for index in 0..<min(bytes.count, Self.preface.count)
        where bytes[index] != Self.preface[index] {
            return .none
        }
        return bytes.count < Self.preface.count ? .partial : .whole
    }

    func startHTTP2() {
        guard let session = HTTP2Session(self) else { return self.reset() }
        self.http2 = session
        self.phase = .http2
        self.setDeadline(after: self.times.keepAlive)
        if self.server.isDraining { session.drain() }
    }

    /// Takes bytes of HTTP/2.
    func receiveHTTP2(_ bytes: Span<UInt8>) {
        guard let http2 = self.http2 else { return }
        bytes.withUnsafeBufferPointer { http2.receive($0) }
    }

    /// Ends an HTTP/2 connection that has said all, or whose client has.
    func endHTTP2IfFinished() {
        guard case .http2 = self.phase, let http2 = self.http2 else { return }
        guard http2.isFinished || (self.hasInputEnded && http2.streams.isEmpty) else { return }
        http2.cancelAll()
        self.closeWhenWritten()
    }

    /// No stream is open.
    func http2IsIdle() {
        guard case .http2 = self.phase else { return }
        self.setDeadline(after: self.times.keepAlive)
    }

    /// Looks at all the deadlines of an HTTP/2 connection.
    func http2TimerFired(_ http2: HTTP2Session) {
        let now = self.loop.now
        if let deadline = self.writeDeadline, deadline <= now { return self.reset() }
        self.corked {
            if let deadline = self.phaseDeadline, deadline <= now {
                self.phaseDeadline = nil
                http2.drain()
            }
            guard let next = http2.checkDeadlines(now) else { return }
            self.armTimer(noLaterThan: next)
        }
        guard !self.isClosed else { return }
        if let deadline = self.writeDeadline { self.armTimer(noLaterThan: deadline) }
        if let deadline = self.phaseDeadline { self.armTimer(noLaterThan: deadline) }
    }

    // MARK: Upgrade

    /// Whether a request was taken over by HTTP/2, at its own wish (RFC 7540 section 3.2).
    ///
    /// `used` is moved behind the body, which has to be there as a whole: what comes after the
    /// answer 101 is HTTP/2.
    func upgradedToHTTP2(
        _ request: HTTPParsedRequest,
        _ bytes: Span<UInt8>,
        _ used: inout Int
    ) -> Bool {
        guard let settings = Self.settings(of: request.head) else { return false }
        var body: [UInt8] = []
        switch request.framing {
        case .none: break
        case .length(let length):
            guard length <= min(Self.upgradedBodyBytesMax, self.configuration.bodyBytesMax),
                length <= bytes.count - used, !request.expectsContinue
            else { return false }
            let range = used..<used + length
            body = range.map { bytes[$0] }
        default: return false
        }
        guard let session = HTTP2Session(self),
            let stream = session.upgrade(request.head, settings: settings)
        else { return false }
        used += body.count
        self.output.bytes.append(
            contentsOf:
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
                .utf8
        )
        self.http2 = session
        self.phase = .http2
        self.beginUpgraded(stream, request.head, body)
        return true
    }

    private func beginUpgraded(_ stream: HTTP2Stream, _ head: HTTPRequestHead, _ body: [UInt8]) {
        var head = head
        for name in ["connection", "upgrade", "http2-settings"] { head.fields.remove(name) }
        stream.hasBody = !body.isEmpty
        let framing = body.isEmpty ? HTTPBodyFraming.none : .length(body.count)
        stream.session.begin(stream, head, framing: framing)
        guard !body.isEmpty else { return }
        stream.exchange?.bodyArrived(.chunk(body))
        stream.exchange?.bodyArrived(.end(trailers: HTTPFields()))
    }

    /// The settings of a request that asks for HTTP/2 in the form that section 3.2 demands.
    private static func settings(of head: HTTPRequestHead) -> [UInt8]? {
        let fields = head.fields
        guard let text = fields["http2-settings"], head.version == .http11 else { return nil }
        guard fields.values("http2-settings").count == 1, fields.listContains("upgrade", "h2c"),
            fields.listContains("connection", "upgrade"),
            fields.listContains("connection", "http2-settings")
        else { return nil }
        return self.decodeBase64URL(text)
    }

    /// Base64 with `-` and `_` and without padding (RFC 4648 section 5).
    private static func decodeBase64URL(_ text: String) -> [UInt8]? {
        var bytes = text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "-"): UInt8(ascii: "+")
            case UInt8(ascii: "_"): UInt8(ascii: "/")
            default: byte
            }
        }
        while bytes.count % 4 != 0 { bytes.append(UInt8(ascii: "=")) }
        return Base64.decode(bytes: bytes)
    }
}
