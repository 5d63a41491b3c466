// SPDX-License-Identifier: Apache-2.0

/// Decides where a body ends (RFC 9112 section 6.3).
enum HTTPFraming {
    static func ofRequest(_ head: HTTPRequestHead) throws(HTTPParseError) -> HTTPBodyFraming {
        let isChunked = try self.isChunked(head.fields, minorVersion: head.minorVersion)
        let length = try self.contentLength(head.fields)
        if isChunked {
            guard length == nil else { throw .framingAmbiguous }
            return .chunked
        }
        guard let length, length > 0 else { return .none }
        return .length(length)
    }

    static func ofResponse(
        _ head: HTTPResponseHead,
        minorVersion: UInt8,
        to method: HTTPMethod
    ) throws(HTTPParseError) -> HTTPBodyFraming {
        let isChunked = try self.isChunked(head.fields, minorVersion: minorVersion)
        let length = try self.contentLength(head.fields)
        if method == .head || head.status.forbidsBody { return .none }
        if isChunked {
            guard length == nil else { throw .framingAmbiguous }
            return .chunked
        }
        guard let length else { return .untilClose }
        return length == 0 ? .none : .length(length)
    }

    private static func isChunked(
        _ fields: HTTPFields,
        minorVersion: UInt8
    ) throws(HTTPParseError) -> Bool {
        guard fields.contains("transfer-encoding") else { return false }
        guard minorVersion == 1 else { throw .framingAmbiguous }
        guard fields.lineCount("transfer-encoding") == 1,
            fields.valueEquals("transfer-encoding", "chunked")
        else { throw .transferCodingUnsupported }
        return true
    }

    /// One field, digits alone; a repeated one is refused even when the values agree.
    private static func contentLength(_ fields: HTTPFields) throws(HTTPParseError) -> Int? {
        guard let value = fields.valueBytes("content-length") else { return nil }
        guard fields.lineCount("content-length") == 1, let length = HTTPText.decimal(value)
        else { throw .contentLengthInvalid }
        return length
    }
}
