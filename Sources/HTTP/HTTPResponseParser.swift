// SPDX-License-Identifier: Apache-2.0

/// A response head that was read, and what follows from it for the connection.
package struct HTTPParsedResponse: Sendable, Equatable {
    /// The head.
    package var head: HTTPResponseHead
    /// How the body that follows is delimited.
    package var framing: HTTPBodyFraming
    /// Whether the connection can carry another request (RFC 9112 section 9.3).
    package var isKeepAlive: Bool
}

/// Reads response heads (RFC 9112 sections 2, 4 to 6); as strict as ``HTTPRequestParser``.
package struct HTTPResponseParser: Sendable {
    private let limits: HTTPLimits
    private var scanner = HTTPHeadScanner(startLine: .status)

    /// Makes a parser for one connection.
    package init(limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

    /// Reads the head at the start of `bytes`.
    ///
    /// - Parameters:
    ///   - bytes: All that was received and not consumed.
    ///   - method: The method of the request that this answers.
    /// - Returns: The response and how many bytes its head took; `nil` while it is incomplete.
    /// - Throws: ``HTTPParseError`` when no further byte could make it valid.
    package mutating func parse(
        _ bytes: Span<UInt8>,
        to method: HTTPMethod
    ) throws(HTTPParseError) -> (response: HTTPParsedResponse, consumed: Int)? {
        guard let length = try self.scanner.scan(bytes, limits: self.limits) else { return nil }
        self.scanner = HTTPHeadScanner(startLine: .status)
        var cursor = 0
        let (status, minorVersion) = try Self.statusLine(bytes, &cursor)
        let fields = try HTTPFieldParser.parse(
            bytes,
            &cursor,
            linesMax: self.limits.headerCountMax
        )
        let head = HTTPResponseHead(status: status, fields: fields)
        let framing = try HTTPFraming.ofResponse(head, minorVersion: minorVersion, to: method)
        let hasConnection = fields.contains(.connection)
        let hasClose = hasConnection && fields.listContains("connection", "close")
        let hasKeepAlive = hasConnection && fields.listContains("connection", "keep-alive")
        let isKeepAlive =
            framing != .untilClose && !hasClose && (minorVersion == 1 || hasKeepAlive)
        let response = HTTPParsedResponse(head: head, framing: framing, isKeepAlive: isKeepAlive)
        return (response, length)
    }

    /// `HTTP/1.x`, a space, three digits, and a reason that may be missing with its space.
    static func statusLine(
        _ bytes: Span<UInt8>,
        _ cursor: inout Int
    ) throws(HTTPParseError) -> (HTTPStatus, UInt8) {
        let form: InlineArray<7, UInt8> = [0x48, 0x54, 0x54, 0x50, 0x2F, 0x31, 0x2E]  // HTTP/1.
        guard bytes.count >= 14 else { throw .startLineInvalid }
        for index in form.indices {
            guard bytes[index] == form[index] else { throw .startLineInvalid }
        }
        guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[7], bytes[8] == 0x20 else {
            throw .startLineInvalid
        }
        var status = 0
        for index in 9..<12 {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= bytes[index] else {
                throw .startLineInvalid
            }
            status = status * 10 + Int(bytes[index] - UInt8(ascii: "0"))
        }
        guard status >= 100, bytes[12] == 0x20 || bytes[12] == 0x0D else { throw .startLineInvalid }
        cursor = 12
        while cursor < bytes.count, HTTPText.isFieldValue(bytes[cursor]) { cursor += 1 }
        guard cursor + 1 < bytes.count, bytes[cursor] == 0x0D else { throw .startLineInvalid }
        cursor += 2
        // A higher minor version is read as the highest that is known (RFC 9110 section 2.5).
        let minorVersion: UInt8 = bytes[7] == UInt8(ascii: "0") ? 0 : 1
        return (HTTPStatus(rawValue: status), minorVersion)
    }
}
