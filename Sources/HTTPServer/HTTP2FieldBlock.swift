// SPDX-License-Identifier: Apache-2.0

internal import CNghttp2
internal import HTTP

/// The field lines of a response, as nghttp2 takes them: names in lower case, in one block.
struct HTTP2FieldBlock {
    private var bytes: [UInt8] = []
    private var lines: [(nameLength: Int, valueLength: Int)] = []

    /// Makes a block that begins with a status.
    init(status: HTTPStatus) throws(HTTPEncodeError) {
        guard 100...999 ~= status.rawValue else { throw .statusInvalid }
        self.bytes.reserveCapacity(256)
        self.append(":status", "\(status.rawValue)".utf8)
    }

    /// Makes a block of trailers.
    init(trailers: HTTPFields) throws(HTTPEncodeError) { try self.append(trailers) }

    var isEmpty: Bool { self.lines.isEmpty }

    /// Adds a line that is known to be valid.
    mutating func append(_ name: String, _ value: some Collection<UInt8>) {
        self.bytes.append(contentsOf: name.utf8)
        self.bytes.append(contentsOf: value)
        self.lines.append((name.utf8.count, value.count))
    }

    /// Adds what a handler gave, but for what is the server's to say, or belongs to a connection
    /// (RFC 9113 section 8.2.2).
    mutating func append(_ fields: HTTPFields) throws(HTTPEncodeError) {
        var failure: HTTPEncodeError?
        fields.forEachBytes { name, value in
            guard failure == nil, !Self.isServers(name) else { return }
            guard HTTPText.isToken(name) else {
                failure = .fieldNameInvalid(String(decoding: name, as: UTF8.self))
                return
            }
            guard value.allSatisfy({ HTTPText.isFieldValue($0) }) else {
                failure = .fieldValueInvalid(name: String(decoding: name, as: UTF8.self))
                return
            }
            for byte in name { self.bytes.append(HTTPText.lowercased(byte)) }
            // White space at the ends would be malformed here (RFC 9113 section 8.2.1).
            let value = HTTPText.trim(value)
            self.bytes.append(contentsOf: value)
            self.lines.append((name.count, value.count))
        }
        if let failure { throw failure }
    }

    private static func isServers(_ name: ArraySlice<UInt8>) -> Bool {
        switch name.count {
        case 2: HTTPText.equalsIgnoringCase(name, "te")
        case 4: HTTPText.equalsIgnoringCase(name, "date")
        case 7: HTTPText.equalsIgnoringCase(name, "upgrade")
        case 10:
            HTTPText.equalsIgnoringCase(name, "connection")
                || HTTPText.equalsIgnoringCase(name, "keep-alive")
        case 14: HTTPText.equalsIgnoringCase(name, "content-length")
        case 16: HTTPText.equalsIgnoringCase(name, "proxy-connection")
        case 17: HTTPText.equalsIgnoringCase(name, "transfer-encoding")
        default: false
        }
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
