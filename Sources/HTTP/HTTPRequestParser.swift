// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// A request head that was read, and what follows from it for the connection.
package struct HTTPParsedRequest: Sendable, Equatable {
    /// The head.
    package var head: HTTPRequestHead
    /// How many bytes the head took, with an empty line before it.
    package var headLength: Int
    /// How the body that follows is delimited.
    package var framing: HTTPBodyFraming
    /// Whether the client wants to use the connection again (RFC 9112 section 9.3).
    package var isKeepAlive: Bool
    /// Whether the client waits for 100 before it sends the body (RFC 9110 section 10.1.1).
    package var expectsContinue: Bool

    /// Moves the head out, which a copy would have to count each part of; an empty one stays.
    package mutating func takeHead() -> HTTPRequestHead {
        var head = HTTPRequestHead(method: HTTPMethod(rawValue: ""), target: "")
        swap(&head, &self.head)
        return head
    }
}

/// Reads request heads (RFC 9112 sections 2 to 6), one after the other.
///
/// Strict: what two parties could read in two ways is refused, because a request that is cut
/// differently by a proxy and by this server is a way to smuggle another one past the proxy.
package struct HTTPRequestParser: Sendable {
    private let limits: HTTPLimits
    private var scanner = HTTPHeadScanner(startLine: .request)

    /// Makes a parser for one connection.
    package init(limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

    /// As ``parseHead(_:)``, and how many bytes the head took.
    package mutating func parse(
        _ bytes: Span<UInt8>
    ) throws(HTTPParseError) -> (request: HTTPParsedRequest, consumed: Int)? {
        guard let request = try self.parseHead(bytes) else { return nil }
        return (request, request.headLength)
    }

    /// Reads the head at the start of `bytes`.
    ///
    /// - Parameter bytes: All that was received and not consumed; when more is needed, the same
    ///   bytes and more are given the next time.
    /// - Returns: The request; `nil` while its head is incomplete.
    /// - Throws: ``HTTPParseError`` when no further byte could make it valid.
    package mutating func parseHead(
        _ bytes: Span<UInt8>
    ) throws(HTTPParseError) -> HTTPParsedRequest? {
        let skipped = Self.emptyLines(bytes)
        if skipped < bytes.count, bytes[skipped] == 0x0D {
            guard skipped + 1 < bytes.count else { return nil }
            throw bytes[skipped + 1] == 0x0A ? .startLineInvalid : .lineEndInvalid
        }
        let rest = bytes.extracting(skipped..<bytes.count)
        // Most heads come whole and right, in one pass. What others miss, the scanner says.
        var length = 0
        if self.scanner.isFresh, let head = try? Self.parseHead(rest, &length, self.limits) {
            return try Self.interpret(head, length: skipped + length)
        }
        guard let end = try self.scanner.scan(rest, limits: self.limits) else { return nil }
        self.scanner = HTTPHeadScanner(startLine: .request)
        let head = try Self.parseHead(rest.extracting(0..<end), &length, self.limits)
        return try Self.interpret(head, length: skipped + end)
    }

    /// Reads a head, whose `length` is right afterwards; throws also when it is incomplete.
    private static func parseHead(
        _ bytes: Span<UInt8>,
        _ length: inout Int,
        _ limits: HTTPLimits
    ) throws(HTTPParseError) -> HTTPRequestHead {
        var cursor = 0
        let (method, target, minorVersion) = try self.startLine(bytes, &cursor)
        guard cursor <= limits.startLineBytesMax else { throw .startLineTooLong }
        let start = cursor
        let fields = try HTTPFieldParser.parse(bytes, &cursor, linesMax: limits.headerCountMax)
        guard cursor - start <= limits.headerBytesMax else { throw .headerTooLarge }
        length = cursor
        return HTTPRequestHead(
            method: method,
            target: self.text(bytes.extracting(target)),
            minorVersion: minorVersion,
            fields: fields
        )
    }

    /// Reads `method SP target SP HTTP/1.x CRLF`.
    @inline(__always)
    static func startLine(
        _ bytes: Span<UInt8>,
        _ cursor: inout Int
    ) throws(HTTPParseError) -> (method: HTTPMethod, target: Range<Int>, minorVersion: UInt8) {
        let method = try self.method(bytes, &cursor)
        let targetStart = cursor
        cursor = HTTPText.targetEnd(bytes, from: cursor)
        let target = targetStart..<cursor
        guard !target.isEmpty, cursor < bytes.count, bytes[cursor] == 0x20 else {
            throw .startLineInvalid
        }
        cursor += 1
        return (method, target, try self.version(bytes, &cursor))
    }

    private static func version(
        _ bytes: Span<UInt8>,
        _ cursor: inout Int
    ) throws(HTTPParseError) -> UInt8 {
        guard let word = EightBytes(bytes, at: cursor), cursor + 10 <= bytes.count,
            bytes[cursor + 8] == 0x0D, bytes[cursor + 9] == 0x0A
        else { throw .startLineInvalid }
        let (major, minor) = (bytes[cursor + 5], bytes[cursor + 7])
        cursor += 10
        if word == EightBytes("HTTP/1.1") { return 1 }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard word.starts(with: "HTTP/   ", count: 5), digits ~= major,
            bytes[cursor - 4] == UInt8(ascii: "."), digits ~= minor
        else { throw .startLineInvalid }
        guard major == UInt8(ascii: "1") else { throw .versionNotSupported }
        // A higher minor version is read as the highest that is known (RFC 9110 section 2.5).
        return minor == UInt8(ascii: "0") ? 0 : 1
    }

    /// Reads the method with the space behind it.
    ///
    /// Those of nearly all requests are literals, which cost nothing to make.
    private static func method(
        _ bytes: Span<UInt8>,
        _ cursor: inout Int
    ) throws(HTTPParseError) -> HTTPMethod {
        if let word = EightBytes(bytes, at: 0) {
            if word.starts(with: "POST    ", count: 5) {
                cursor = 5
                return HTTPMethod(rawValue: "POST")
            }
            if word.starts(with: "GET     ", count: 4) {
                cursor = 4
                return HTTPMethod(rawValue: "GET")
            }
        }
        let end = HTTPText.tokenEnd(bytes, from: 0)
        guard end > 0, end < bytes.count, bytes[end] == 0x20 else { throw .startLineInvalid }
        cursor = end + 1
        return HTTPMethod(rawValue: self.text(bytes.extracting(0..<end)))
    }

    private static func text(_ bytes: Span<UInt8>) -> String {
        if bytes.count == 1, bytes[0] == UInt8(ascii: "/") { return "/" }
        // Safety: the buffer is read within the call that lends it.
        return unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }

    private static func interpret(
        _ head: consuming HTTPRequestHead,
        length: Int
    ) throws(HTTPParseError) -> HTTPParsedRequest {
        try self.checkTarget(head)
        try self.checkHost(head)
        let framing = try HTTPFraming.ofRequest(head)
        let expectsContinue = try self.expectsContinue(head)
        let hasConnection = head.fields.contains(.connection)
        let hasClose = hasConnection && head.fields.listContains("connection", "close")
        let hasKeepAlive = hasConnection && head.fields.listContains("connection", "keep-alive")
        return HTTPParsedRequest(
            head: head,
            headLength: length,
            framing: framing,
            isKeepAlive: !hasClose && (head.minorVersion == 1 || hasKeepAlive),
            expectsContinue: expectsContinue && framing != .none
        )
    }

    /// Whether 100 is expected; in HTTP/1.0 nothing is (RFC 9110 section 10.1.1).
    ///
    /// - Throws: ``HTTPParseError/expectationUnknown`` for anything else.
    package static func expectsContinue(_ head: HTTPRequestHead) throws(HTTPParseError) -> Bool {
        guard head.minorVersion == 1, head.fields.contains(.expect) else { return false }
        var isExpected = false
        for line in head.fields.values("expect") {
            for part in line.utf8.split(separator: UInt8(ascii: ",")) {
                let expectation = HTTPText.trim(Array(part)[...])
                guard !expectation.isEmpty else { continue }
                guard HTTPText.equalsIgnoringCase(expectation, "100-continue") else {
                    throw .expectationUnknown
                }
                isExpected = true
            }
        }
        return isExpected
    }

    /// The four forms of a target (RFC 9112 section 3.2).
    private static func checkTarget(_ head: HTTPRequestHead) throws(HTTPParseError) {
        if head.target == "/", head.method == .post || head.method == .get { return }
        let target = head.target.utf8
        guard !target.contains(UInt8(ascii: "#")) else { throw .targetInvalid }
        if head.method == .connect {
            guard HTTPHost.isAuthorityForm(head.target) else { throw .targetInvalid }
            return
        }
        if target.first == UInt8(ascii: "/") { return }
        if head.target == "*" {
            guard head.method == .options else { throw .targetInvalid }
            return
        }
        guard head.hasWebScheme, let authority = head.authority, !authority.isEmpty,
            HTTPHost.isValid(authority)
        else { throw .targetInvalid }
    }

    private static func checkHost(_ head: HTTPRequestHead) throws(HTTPParseError) {
        guard let host = head.fields.valueRange(.host) else {
            guard head.minorVersion == 0 else { throw .hostInvalid }
            return
        }
        guard !head.fields.isRepeated(.host),
            host.isEmpty || HTTPHost.isValid(head.fields.block.span, host)
        else { throw .hostInvalid }
    }
}
