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
        // What follows is the tunnel's, whatever the fields say (RFC 9112 section 6.3).
        if method == .connect, head.status.isSuccess { return .untilClose }
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
        guard fields.contains(.transferEncoding) else { return false }
        guard minorVersion == 1 else { throw .framingAmbiguous }
        guard !fields.isRepeated(.transferEncoding),
            fields.valueEquals("transfer-encoding", "chunked")
        else { throw self.fault(ofCodings: fields.values("transfer-encoding")) }
        return true
    }

    /// What is wrong with codings other than `chunked` alone (RFC 9112 sections 6.1 and 6.3).
    ///
    /// Codings that end in one `chunked` are understood, and not implemented. With any others
    /// nobody can tell where the body ends.
    private static func fault(ofCodings lines: [String]) -> HTTPParseError {
        let codings = lines.flatMap { line in
            line.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
                .map { HTTPText.trim(Array($0)[...]) }
        }
        let isChunked = codings.map { HTTPText.equalsIgnoringCase($0, "chunked") }
        guard isChunked.last == true, !isChunked.dropLast().contains(true),
            codings.allSatisfy(self.isCoding)
        else { return .transferCodingInvalid }
        return .transferCodingUnsupported
    }

    /// Whether the bytes are a token, with or without parameters.
    private static func isCoding(_ bytes: ArraySlice<UInt8>) -> Bool {
        let name = bytes.prefix { $0 != UInt8(ascii: ";") }
        return HTTPText.isToken(HTTPText.trim(name))
    }

    /// One field, digits alone; a repeated one is refused even when the values agree.
    private static func contentLength(_ fields: HTTPFields) throws(HTTPParseError) -> Int? {
        guard let range = fields.valueRange(.contentLength) else { return nil }
        guard !fields.isRepeated(.contentLength),
            let length = HTTPText.decimal(fields.block.span.extracting(range))
        else { throw .contentLengthInvalid }
        return length
    }
}
