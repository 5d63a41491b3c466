// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Makes the head of a request of the field lines of a stream (RFC 9113 section 8.3.1).
///
/// A value without I/O. nghttp2 has checked the alphabet of names and values, the order and number
/// of pseudo-header fields, `te`, and that no field belongs to a connection; what HTTP/1.1 demands
/// of a request beyond that is checked here, so that nobody behind us reads it in another way.
struct HTTP2HeadAssembler {
    /// Why there is no head.
    enum Refusal: Error, Equatable {
        /// The stream is reset (RFC 9113 section 8.1.1).
        case malformed
        /// An answer says what is wrong.
        case answered(HTTPStatus, String)
    }

    /// What a line costs beyond its bytes (RFC 9113 section 6.5.2).
    static let lineOverheadBytes = 32

    /// The size that is advertised in SETTINGS_MAX_HEADER_LIST_SIZE.
    static func listBytesMax(_ limits: HTTPLimits) -> Int {
        limits.headerBytesMax + limits.headerCountMax * self.lineOverheadBytes
    }

    private let limits: HTTPLimits
    private var method = ""
    private var scheme = ""
    private var authority: String?
    private var path = ""
    private var fields = HTTPFields()
    private var cookie: [UInt8]?
    private var lineCount = 0
    private(set) var listBytes = 0

    init(limits: HTTPLimits) { self.limits = limits }

    /// Whether there is more than is accepted; what comes beyond is not kept.
    var isTooLarge: Bool {
        self.lineCount > self.limits.headerCountMax
            || self.listBytes > Self.listBytesMax(self.limits)
    }

    /// Adds a line.
    mutating func append(
        _ name: UnsafeBufferPointer<UInt8>,
        _ value: UnsafeBufferPointer<UInt8>
    ) {
        self.listBytes += name.count + value.count + Self.lineOverheadBytes
        guard name.first == UInt8(ascii: ":") else { return self.appendField(name, value) }
        guard !self.isTooLarge, name.count > 1 else { return }
        let text = String(decoding: value, as: UTF8.self)
        // The library lets no other through: lengths and letters tell them apart.
        switch (name.count, name[1]) {
        case (7, UInt8(ascii: "m")): self.method = text
        case (7, UInt8(ascii: "s")): self.scheme = text
        case (10, UInt8(ascii: "a")): self.authority = text
        case (5, UInt8(ascii: "p")): self.path = text
        default: break
        }
    }

    private mutating func appendField(
        _ name: UnsafeBufferPointer<UInt8>,
        _ value: UnsafeBufferPointer<UInt8>
    ) {
        self.lineCount += 1
        guard !self.isTooLarge else { return }
        // A client may cut its cookies in crumbs for compression (RFC 9113 section 8.2.3).
        guard name.count == 6, name.elementsEqual("cookie".utf8) else {
            return self.fields.append(prefix: "", name.span, value: value.span)
        }
        if self.cookie == nil {
            self.cookie = Array(value)
        } else {
            self.cookie?.append(contentsOf: "; ".utf8)
            self.cookie?.append(contentsOf: value)
        }
    }

    /// The trailers that were added.
    var trailers: HTTPFields { self.fields }

    /// The head, with a `Host` field as in HTTP/1.1.
    func head() throws(Refusal) -> HTTPRequestHead {
        guard !self.isTooLarge else {
            throw .answered(.headerFieldsTooLarge, HTTPParseError.headerTooLarge.explanation)
        }
        let method = self.method.utf8.span
        guard !method.isEmpty, method.indices.allSatisfy({ HTTPText.isToken(method[$0]) }) else {
            throw .malformed
        }
        guard self.method != "CONNECT" else {
            throw .answered(.notImplemented, "CONNECT is not implemented here")
        }
        try self.checkTarget()
        var fields = HTTPFields()
        fields.append("host", try self.host())
        var others = self.fields
        others.remove("host")
        fields.append(lines: 0..<others.count, of: others)
        if let cookie = self.cookie { fields.append("cookie", bytes: cookie) }
        return HTTPRequestHead(
            method: HTTPMethod(rawValue: self.method),
            target: self.path,
            version: .http2,
            fields: fields
        )
    }

    /// As in HTTP/1.1, whether 100 is expected.
    func expectsContinue(_ head: HTTPRequestHead) throws(Refusal) -> Bool {
        do throws(HTTPParseError) {
            return try HTTPRequestParser.expectsContinue(head)
        } catch {
            throw .answered(error.status, error.explanation)
        }
    }

    /// Origin form, or the asterisk of OPTIONS, as in HTTP/1.1.
    private func checkTarget() throws(Refusal) {
        guard self.scheme == "http" || self.scheme == "https" else { throw .malformed }
        guard self.path.utf8.count <= self.limits.startLineBytesMax else {
            throw .answered(.uriTooLong, HTTPParseError.startLineTooLong.explanation)
        }
        let path = self.path.utf8
        guard path.allSatisfy({ HTTPText.isTarget($0) && $0 != UInt8(ascii: "#") }),
            path.first == UInt8(ascii: "/") || (self.path == "*" && self.method == "OPTIONS")
        else { throw .malformed }
    }

    /// One authority: `:authority`, or `Host`, or both when they agree.
    private func host() throws(Refusal) -> String {
        let hosts = self.fields.values("host")
        guard hosts.count <= 1, let host = self.authority ?? hosts.first,
            HTTPHost.isValid(host)
        else { throw .malformed }
        if let other = hosts.first {
            guard HTTPText.equalsIgnoringCase(Array(other.utf8)[...], host) else {
                throw .malformed
            }
        }
        return host
    }
}
