// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CNghttp2
internal import HTTP

/// The field lines of a response, as nghttp2 takes them: names in lower case, in one block.
struct HTTP2FieldBlock {
    private var bytes: [UInt8] = []
    private var lines: [(nameLength: Int, valueLength: Int)] = []

    /// Makes a block that begins with a status.
    init(status: HTTPStatus) throws(HTTPEncodeError) {
        guard 100...999 ~= status.rawValue else { throw .statusInvalid }
        self.bytes.reserveCapacity(1024)
        self.lines.reserveCapacity(16)
        var digits: [UInt8] = []
        HTTPEncoder.append(decimal: status.rawValue, to: &digits)
        self.append(":status", digits.span)
    }

    /// Makes a block of trailers.
    init(trailers: HTTPFields) throws(HTTPEncodeError) { try self.append(trailers) }

    var isEmpty: Bool { self.lines.isEmpty }

    /// Adds a line that is known to be valid.
    mutating func append(_ name: String, _ value: Span<UInt8>) {
        self.bytes.append(name)
        self.bytes.append(value)
        self.lines.append((name.utf8.count, value.count))
    }

    /// Adds what a handler gave, but for what is the server's to say, or belongs to a connection
    /// (RFC 9113 section 8.2.2).
    mutating func append(_ fields: HTTPFields) throws(HTTPEncodeError) {
        var failure: HTTPEncodeError?
        fields.forEachSpan { name, value in
            guard failure == nil, !Self.isServers(name) else { return }
            failure = self.add(name, value)
        }
        if let failure { throw failure }
    }

    /// Adds a line, and answers what is wrong with it.
    private mutating func add(_ name: Span<UInt8>, _ value: Span<UInt8>) -> HTTPEncodeError? {
        guard !name.isEmpty, name.indices.allSatisfy({ HTTPText.isToken(name[$0]) }) else {
            return .fieldNameInvalid(Self.text(name))
        }
        guard value.indices.allSatisfy({ HTTPText.isFieldValue(value[$0]) }) else {
            return .fieldValueInvalid(name: Self.text(name))
        }
        // White space at the ends would be malformed here (RFC 9113 section 8.2.1).
        var (start, end) = (0, value.count)
        while start < end, Self.isBlank(value[start]) { start += 1 }
        while start < end, Self.isBlank(value[end - 1]) { end -= 1 }
        self.bytes.append(addingCapacity: name.count + end - start) { line in
            for index in name.indices { line.append(HTTPText.lowercased(name[index])) }
            line.append(value.extracting(start..<end))
        }
        self.lines.append((name.count, end - start))
        return nil
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    private static func text(_ bytes: Span<UInt8>) -> String {
        String(decoding: [UInt8](copying: bytes), as: UTF8.self)
    }

    private static func isServers(_ name: Span<UInt8>) -> Bool {
        switch name.count {
        case 2: self.equals(name, "te")
        case 7: self.equals(name, "upgrade")
        case 10: self.equals(name, "connection") || self.equals(name, "keep-alive")
        case 14: self.equals(name, "content-length")
        case 16: self.equals(name, "proxy-connection")
        case 17: self.equals(name, "transfer-encoding")
        default: false
        }
    }

    /// Whether a name is this one, which is in lower case and as long.
    private static func equals(_ name: Span<UInt8>, _ text: String) -> Bool {
        let text = text.utf8.span
        for index in name.indices where HTTPText.lowercased(name[index]) != text[index] {
            return false
        }
        return true
    }

    /// Lends the lines to a C call, which copies them.
    func withNameValues<Result>(
        _ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result
    ) -> Result {
        var bytes = self.bytes
        return bytes.withUnsafeMutableBufferPointer { buffer in
            // A block of no lines has no address, and nothing that would need one.
            guard var cursor = buffer.baseAddress else { return body(nil, 0) }
            let lines = self.lines.map { line in
                let value = cursor + line.nameLength
                let pair = nghttp2_nv(
                    name: cursor,
                    value: value,
                    namelen: line.nameLength,
                    valuelen: line.valueLength,
                    flags: 0
                )
                cursor = value + line.valueLength
                return pair
            }
            return lines.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
        }
    }
}
