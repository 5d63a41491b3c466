// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

/// What a connection makes of one request: its head, its body, and where the next one begins.
private struct Conversation {
    var request: HTTPParsedRequest?
    var body: [UInt8] = []
    var trailers = HTTPFields()
    /// How many bytes the message took; `nil` while it is incomplete.
    var length: Int?
    var error: HTTPParseError?

    /// Reads a message that arrives in steps: so many bytes are there at each of them.
    init(_ bytes: [UInt8], arrivals: [Int]) {
        var parser = HTTPRequestParser()
        var decoder = HTTPBodyDecoder(framing: .none)
        var start = 0
        do throws(HTTPParseError) {
            for count in arrivals where self.length == nil {
                let part = Array(bytes[..<count])
                if self.request == nil {
                    guard let (request, consumed) = try parser.parse(part.span) else { continue }
                    self.request = request
                    start = consumed
                    decoder = HTTPBodyDecoder(
                        framing: request.framing,
                        bodyBytesMax: 16 * 1024 * 1024
                    )
                }
                try self.readBody(part, &start, &decoder)
            }
        } catch {
            self.error = error
        }
    }

    private mutating func readBody(
        _ bytes: [UInt8],
        _ start: inout Int,
        _ decoder: inout HTTPBodyDecoder
    ) throws(HTTPParseError) {
        while true {
            switch try decoder.decode(bytes.span, from: start) {
            case .needMore(let consumed):
                start = consumed
                return
            case .data(let range):
                self.body += bytes[range]
                start = range.upperBound
            case .end(let consumed, let trailers):
                self.length = consumed
                self.trailers = trailers
                return
            }
        }
    }
}

@Suite("Vectors of HTTP/1.1, at every split point (RFC 9110, RFC 9112)")
struct HTTPVectorTests {
    private static let next = Array("GET /next HTTP/1.1\r\nHost: a\r\n\r\n".utf8)

    @Test("the vectors are found")
    func found() {
        #expect(RequestVector.accepted.count > 100)
        #expect(RequestVector.refused.count > 300)
        #expect(ResponseVector.all.count > 50)
    }

    @Test("accepted, and the next request behind it", arguments: RequestVector.accepted)
    func accepted(_ vector: RequestVector) throws {
        let message = VectorFile.bytes(vector.input)
        let stream = message + Self.next
        for split in VectorFile.splits(message.count) {
            let found = Conversation(stream, arrivals: [split, stream.count])
            #expect(found.error == nil, "split at \(split)")
            #expect(found.length == message.count, "split at \(split)")
            let request = try #require(found.request, "split at \(split)")
            #expect(request.head.method.rawValue == vector.method)
            #expect(request.head.target == vector.target)
            #expect(request.head.minorVersion == vector.minorVersion)
            #expect(VectorFile.lines(request.head.fields) == vector.headers)
            #expect(request.isKeepAlive == vector.keepAlive)
            #expect(VectorFile.text(found.body) == vector.body)
            #expect(VectorFile.lines(found.trailers) == vector.trailers)
        }
        for length in VectorFile.splits(message.count) where length < message.count {
            let found = Conversation(Array(message[..<length]), arrivals: [length])
            #expect(found.error == nil && found.length == nil, "\(length) bytes are not all")
        }
    }

    @Test("refused, with its status", arguments: RequestVector.refused)
    func refused(_ vector: RequestVector) {
        let message = VectorFile.bytes(vector.input)
        let stream = message + Self.next
        for split in VectorFile.splits(message.count) {
            let found = Conversation(stream, arrivals: [split, stream.count])
            // The announced length of a body is judged by the server, with the head.
            let isTooLong = vector.status == 413 && found.error == nil
            #expect(isTooLong || found.error?.status.rawValue == vector.status, "at \(split)")
            #expect(found.length == nil, "split at \(split)")
        }
    }

    @Test("response heads", arguments: ResponseVector.all)
    func responses(_ vector: ResponseVector) throws {
        let head = VectorFile.bytes(vector.input)
        let stream = head + Self.next
        for split in VectorFile.splits(head.count) {
            let found = Self.response(stream, to: vector.to, arrivals: [split, stream.count])
            guard let status = vector.status else {
                #expect(found == nil, "split at \(split)")
                continue
            }
            let (response, length) = try #require(found, "split at \(split)")
            #expect(length == head.count)
            #expect(response.head.status.rawValue == status)
            #expect(VectorFile.lines(response.head.fields) == vector.headers)
            #expect(Self.name(response.framing) == vector.framing)
            #expect(response.isKeepAlive == vector.keepAlive)
        }
    }

    private static func response(
        _ bytes: [UInt8],
        to method: String,
        arrivals: [Int]
    ) -> (HTTPParsedResponse, Int)? {
        var parser = HTTPResponseParser()
        for count in arrivals {
            let part = Array(bytes[..<count])
            do {
                let found = try parser.parse(part.span, to: HTTPMethod(rawValue: method))
                if let found { return found }
            } catch {
                return nil
            }
        }
        return nil
    }

    private static func name(_ framing: HTTPBodyFraming) -> String {
        switch framing {
        case .none: "none"
        case .length(let length): "length \(length)"
        case .chunked: "chunked"
        case .untilClose: "close"
        }
    }
}
