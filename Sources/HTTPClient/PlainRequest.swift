// SPDX-License-Identifier: Apache-2.0

import HTTP

/// Writes requests in HTTP/1.1.
enum PlainRequest {
    /// Whether a request can go over a ``PlainConnection``.
    static func isPossible(_ request: HTTPClientRequest) -> Bool {
        guard request.version != .http2, request.unixSocket == nil,
            request.method == .post || self.isOrdinary(request.method)
        else { return false }
        switch request.responseSink {
        case .buffer, .beginning, .stream: break
        case .file: return false
        }
        switch request.body {
        case .none: return true
        case .bytes(let bytes): return bytes.isEmpty || request.method != .head
        case .file: return false
        }
    }

    /// Whether a method is one, and asks for no tunnel.
    private static func isOrdinary(_ method: HTTPMethod) -> Bool {
        method != .connect && HTTPText.isToken(method.rawValue.utf8)
    }

    /// Appends the head of a request, after which its body follows; nothing when it throws.
    ///
    /// - Throws: ``HTTPClientError`` of kind `invalidRequest` when it cannot be sent safely.
    static func appendHead(
        of request: HTTPClientRequest,
        to target: PlainTarget,
        _ output: inout [UInt8]
    ) throws(HTTPClientError) {
        let start = output.count
        do {
            try self.append(request, target, &output)
        } catch {
            output.removeSubrange(start...)
            throw HTTPClientError(request, .invalidRequest, error.sentence)
        }
    }

    private static func append(
        _ request: HTTPClientRequest,
        _ target: PlainTarget,
        _ output: inout [UInt8]
    ) throws(CurlHeaderList.Problem) {
        guard !request.fields.contains("transfer-encoding") else { throw .transferEncoding }
        let start = output.count
        output.append(contentsOf: request.method.rawValue.utf8)
        output.append(0x20)
        output.append(contentsOf: target.path.utf8)
        output.append(contentsOf: " HTTP/1.1\r\n".utf8)
        if !request.fields.contains("host") { output.append(contentsOf: target.hostLine) }
        var fields = request.fields
        // It follows from the body.
        if fields.contains("content-length") { fields.remove("content-length") }
        do {
            try HTTPEncoder.append(fields, to: &output)
        } catch .fieldValueInvalid {
            throw .valueInvalid
        } catch {
            throw .nameInvalid
        }
        guard output.count - start <= CurlHeaderList.bytesMax else { throw .tooLarge }
        if let length = self.length(of: request) {
            output.append(contentsOf: "Content-Length: ".utf8)
            HTTPEncoder.append(decimal: length, to: &output)
            output.append(contentsOf: "\r\n".utf8)
        }
        output.append(contentsOf: "\r\n".utf8)
    }

    /// The length that is announced; an empty body of some methods as well (RFC 9110 section 8.6).
    private static func length(of request: HTTPClientRequest) -> Int? {
        switch request.body {
        case .bytes(let bytes): bytes.count
        case .none, .file: request.method.expectsBody ? 0 : nil
        }
    }
}
