// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

/// Runs a decoder over a stream that arrives in pieces, as a connection would.
struct BodyRun {
    var data: [UInt8] = []
    /// How many bytes of the stream the body took; `nil` when it did not end.
    var consumed: Int?
    var trailers = HTTPFields()
    var error: HTTPParseError?
    var mayEndByClose = false

    static func run(
        _ bytes: [UInt8],
        _ framing: HTTPBodyFraming,
        limits: HTTPLimits = HTTPLimits(),
        bodyBytesMax: Int = .max,
        cuts: [Int]
    ) -> BodyRun {
        var run = BodyRun()
        var decoder = HTTPBodyDecoder(framing: framing, limits: limits, bodyBytesMax: bodyBytesMax)
        var start = 0
        do throws(HTTPParseError) {
            for cut in cuts where run.consumed == nil {
                let buffer = Array(bytes[..<cut])
                try run.step(&decoder, buffer, &start)
            }
        } catch {
            run.error = error
        }
        run.mayEndByClose = decoder.mayEndByClose
        return run
    }

    /// Decodes until more bytes are needed.
    private mutating func step(
        _ decoder: inout HTTPBodyDecoder,
        _ buffer: [UInt8],
        _ start: inout Int
    ) throws(HTTPParseError) {
        while true {
            switch try decoder.decode(buffer.span, from: start) {
            case .needMore(let consumed):
                precondition(start...buffer.count ~= consumed, "consumes what is there")
                start = consumed
                return
            case .data(let range):
                precondition(range.lowerBound >= start && !range.isEmpty, "data lies ahead")
                self.data += buffer[range]
                start = range.upperBound
            case .end(let consumed, let trailers):
                precondition(start...buffer.count ~= consumed, "consumes what is there")
                self.consumed = consumed
                self.trailers = trailers
                return
            }
        }
    }
}

@Suite("Bodies (RFC 9112 sections 6 and 7)")
struct HTTPBodyDecoderTests {
    struct Valid: Sendable, CustomTestStringConvertible {
        var framing: HTTPBodyFraming
        var text: String
        var data: String
        var trailers: HTTPFields = [:]
        var testDescription: String { "\(self.framing) \(self.text)" }
    }

    static let valid: [Valid] = [
        Valid(framing: .none, text: "", data: ""),
        Valid(framing: .length(1), text: "a", data: "a"),
        Valid(framing: .length(10), text: "0123456789", data: "0123456789"),
        Valid(framing: .chunked, text: "0\r\n\r\n", data: ""),
        Valid(framing: .chunked, text: "000000000000000\r\n\r\n", data: ""),
        Valid(framing: .chunked, text: "5\r\nhello\r\n0\r\n\r\n", data: "hello"),
        Valid(framing: .chunked, text: "2\r\n\r\n\r\n0\r\n\r\n", data: "\r\n"),
        Valid(framing: .chunked, text: "A\r\n0123456789\r\n0\r\n\r\n", data: "0123456789"),
        Valid(framing: .chunked, text: "00a\r\n0123456789\r\n0\r\n\r\n", data: "0123456789"),
        Valid(framing: .chunked, text: "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", data: "abc"),
        Valid(framing: .chunked, text: "1;x\r\na\r\n0;y=z\r\n\r\n", data: "a"),
        Valid(framing: .chunked, text: "1 \t;\tx = \"a;b\" ;y\r\na\r\n0 ;z\r\n\r\n", data: "a"),
        Valid(
            framing: .chunked,
            text: "1;x=\"\\\"\u{E9}\\\\\";y=\"\"\r\na\r\n0\r\n\r\n",
            data: "a"
        ),
        Valid(
            framing: .chunked,
            text: "1\r\na\r\n0\r\nX: y\r\nx:z \r\nEmpty:\r\n\r\n",
            data: "a",
            trailers: ["X": "y", "x": "z", "Empty": ""]
        ),
    ]

    @Test("decodes, and stops at its end, at every split point", arguments: valid)
    func decodes(_ valid: Valid) {
        let body = Array(valid.text.utf8)
        let stream = body + Array("GET / HTTP/1.1".utf8)
        for first in 0...body.count {
            for cuts in [[first, stream.count], [first, min(first + 1, body.count), body.count]] {
                let run = BodyRun.run(stream, valid.framing, cuts: cuts)
                #expect(run.error == nil)
                #expect(run.data == Array(valid.data.utf8), "cuts \(cuts)")
                #expect(run.consumed == body.count, "cuts \(cuts)")
                #expect(run.trailers == valid.trailers)
            }
        }
        let slowly = BodyRun.run(body, valid.framing, cuts: Array(0...body.count))
        #expect(slowly.data == Array(valid.data.utf8))
        #expect(slowly.consumed == body.count)
        #expect(slowly.mayEndByClose)
    }

    @Test("bytes of a known length may be read without it")
    func skips() throws {
        var decoder = HTTPBodyDecoder(framing: .length(10))
        #expect(decoder.bytesLeft == 10)
        decoder.skip(4)
        #expect(decoder.bytesLeft == 6)
        let bytes: [UInt8] = [1, 2]
        let data = try decoder.decode(bytes.span, from: 0)
        #expect(data == .data(0..<2))
        decoder.skip(4)
        #expect(decoder.bytesLeft == 0)
        let end = try decoder.decode(bytes.span, from: 2)
        #expect(end == .end(consumed: 2, trailers: HTTPFields()))
        #expect(decoder.bytesLeft == nil)
        for framing in [HTTPBodyFraming.chunked, .untilClose] {
            #expect(HTTPBodyDecoder(framing: framing).bytesLeft == nil)
        }
    }

    @Test("every proper prefix asks for more, and its end would be too early", arguments: valid)
    func prefixes(_ valid: Valid) {
        let body = Array(valid.text.utf8)
        for length in body.indices {
            let run = BodyRun.run(body, valid.framing, cuts: [length])
            #expect(run.consumed == nil && run.error == nil)
            #expect(!run.mayEndByClose)
            #expect(valid.data.utf8.starts(with: run.data))
        }
    }

    static let refused: [(text: String, error: HTTPParseError)] = [
        ("\r\n", .chunkSizeInvalid), ("g\r\n", .chunkSizeInvalid), (" 5\r\n", .chunkSizeInvalid),
        ("-1\r\n", .chunkSizeInvalid), ("+1\r\n", .chunkSizeInvalid),
        ("0x5\r\n", .chunkSizeInvalid),
        ("5h\r\n", .chunkSizeInvalid), ("5,\r\n", .chunkSizeInvalid), (";x\r\n", .chunkSizeInvalid),
        ("5 \r\nhello", .chunkExtensionInvalid), ("5\t\r\nhello", .chunkExtensionInvalid),
        ("5 x\r\nhello", .chunkExtensionInvalid), ("5;\r\n", .chunkExtensionInvalid),
        ("5;x \r\n", .chunkExtensionInvalid), ("5;x=\r\n", .chunkExtensionInvalid),
        ("5;;x\r\n", .chunkExtensionInvalid), ("5;x=\"a\r\n", .chunkExtensionInvalid),
        ("5;x=\"a\n", .chunkExtensionInvalid), ("5;x=\"\\\r", .chunkExtensionInvalid),
        ("5;x=\"a\"b", .chunkExtensionInvalid), ("5;x y", .chunkExtensionInvalid),
        ("5;x=y z", .chunkExtensionInvalid), ("5;\u{E9}", .chunkExtensionInvalid),
        ("5;x=\"\u{7F}", .chunkExtensionInvalid), ("5;=y", .chunkExtensionInvalid),
        ("\n", .chunkSizeInvalid),
        ("5\u{0}", .chunkSizeInvalid),
        ("1000000000000000\r\n", .chunkSizeInvalid), ("FFFFFFFFFFFFFFFF\r\n", .chunkSizeInvalid),
        ("\(String(repeating: "0", count: 32))5\r\n", .chunkSizeInvalid),
        ("5\n", .chunkSizeInvalid),
        ("5\rh", .lineEndInvalid), ("5\r\r\n", .lineEndInvalid), ("5;x\n", .lineEndInvalid),
        ("5;x\ry", .lineEndInvalid), ("5;\u{0}\r\n", .chunkExtensionInvalid),
        ("5;x\u{7F}", .chunkExtensionInvalid),
        ("5\r\nhello\n", .chunkEndInvalid), ("5\r\nhello\rx", .chunkEndInvalid),
        ("5\r\nhellox", .chunkEndInvalid), ("5\r\nhello0\r\n", .chunkEndInvalid),
        ("5\r\nhello\u{0}", .chunkEndInvalid), ("0\r\n\n", .lineEndInvalid),
        ("0\r\n\rx", .lineEndInvalid), ("0\r\nX: y\n", .lineEndInvalid),
        // A line of the trailers is refused with its own end.
        ("0\r\n X: y\r\n", .lineFolded), ("0\r\nX: y\r\n z\r\n", .lineFolded),
        ("0\r\nX : y\r\n", .fieldNameInvalid), ("0\r\n: y\r\n", .fieldNameInvalid),
        ("0\r\nX: \u{0}\r\n", .fieldValueInvalid), ("0\r\nX\r\n", .fieldNameInvalid),
    ]

    @Test("refuses broken chunks, at every split point", arguments: refused)
    func refuses(_ text: String, _ error: HTTPParseError) {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            let run = BodyRun.run(bytes, .chunked, cuts: [cut, bytes.count])
            #expect(run.error == error, "cut at \(cut)")
            #expect(run.consumed == nil)
        }
    }

    @Test("all 256 bytes as a digit and as a chunk's end")
    func everyByte() {
        let digits = Set("0123456789abcdefABCDEF".utf8)
        for byte in UInt8.min...UInt8.max {
            let size = BodyRun.run([byte, 13, 10], .chunked, cuts: [3])
            #expect((size.error == nil) == digits.contains(byte), "byte \(byte)")
            let end = BodyRun.run(Array("1\r\na".utf8) + [byte], .chunked, cuts: [5])
            #expect((end.error == nil) == (byte == 13), "byte \(byte)")
        }
    }

    @Test("zeros before a chunk's size, as many as may be")
    func leadingZeros() {
        let zeros = String(repeating: "0", count: 31)
        let bytes = Array("\(zeros)5;x\r\nhello\r\n\(zeros)0\r\n\r\n".utf8)
        for cut in 0...bytes.count {
            let run = BodyRun.run(bytes, .chunked, cuts: [cut, bytes.count])
            #expect(run.data == Array("hello".utf8) && run.consumed == bytes.count, "cut at \(cut)")
        }
    }

    @Test("the largest chunk sizes do not overflow, one or many")
    func overflow() {
        let largest = "fffffffffffffff"
        let bytes = Array("\(largest)\r\nx".utf8)
        #expect(BodyRun.run(bytes, .chunked, cuts: [bytes.count]).data == [0x78])
        #expect(
            BodyRun.run(bytes, .chunked, bodyBytesMax: 0xfff_ffff_ffff_fffe, cuts: [bytes.count])
                .error == .bodyTooLarge
        )
        let many = Array("1\r\na\r\n\(largest)\r\n".utf8)
        let run = BodyRun.run(
            many,
            .chunked,
            bodyBytesMax: 0xfff_ffff_ffff_ffff,
            cuts: [many.count]
        )
        #expect(run.error == .bodyTooLarge)
        #expect(run.data == [0x61])
    }

    @Test("bodies at the limit pass, one past is refused before its bytes are taken")
    func bodyLimit() {
        func error(_ text: String, _ framing: HTTPBodyFraming, _ limit: Int) -> HTTPParseError? {
            let bytes = Array(text.utf8)
            return BodyRun.run(bytes, framing, bodyBytesMax: limit, cuts: [bytes.count]).error
        }
        #expect(error("hello", .length(5), 5) == nil)
        #expect(error("", .length(6), 5) == .bodyTooLarge)
        #expect(error("", .length(.max), 5) == .bodyTooLarge)
        #expect(error("5\r\nhello\r\n0\r\n\r\n", .chunked, 5) == nil)
        #expect(error("6\r\n", .chunked, 5) == .bodyTooLarge)
        #expect(error("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", .chunked, 5) == nil)
        #expect(error("3\r\nabc\r\n3\r\n", .chunked, 5) == .bodyTooLarge)
        #expect(error("0\r\n\r\n", .chunked, 0) == nil)
        #expect(error("1\r\n", .chunked, 0) == .bodyTooLarge)
        #expect(error("hello", .untilClose, 5) == nil)
        #expect(error("hello!", .untilClose, 5) == .bodyTooLarge)
        #expect(error("", .none, 0) == nil)
    }

    @Test("chunk extensions at the limit pass, one past is refused")
    func extensionLimit() {
        var limits = HTTPLimits()
        limits.chunkExtensionBytesMax = 10
        // The limit is one on the length from the size to the line's end.
        for (count, error) in [(10, nil), (11, .chunkExtensionTooLong)] as [(Int, HTTPParseError?)]
        {
            let text = "1;" + String(repeating: "x", count: count - 1) + "\r\na\r\n0\r\n\r\n"
            let bytes = Array(text.utf8)
            for cut in bytes.indices {
                let run = BodyRun.run(bytes, .chunked, limits: limits, cuts: [cut, bytes.count])
                #expect(run.error == error, "\(count) bytes, cut at \(cut)")
            }
        }
    }

    @Test("so it is for the extensions of all chunks together")
    func extensionTotalLimit() {
        var limits = HTTPLimits()
        limits.chunkExtensionBytesTotalMax = 10
        for (last, error) in [("1234", nil), ("12345", .chunkExtensionTooLong)]
            as [(String, HTTPParseError?)]
        {
            let text = "1;x\r\na\r\n1;yz\r\nb\r\n0;\(last)\r\n\r\n"
            let bytes = Array(text.utf8)
            for cut in bytes.indices {
                let run = BodyRun.run(bytes, .chunked, limits: limits, cuts: [cut, bytes.count])
                #expect(run.error == error, "\(last), cut at \(cut)")
            }
        }
    }

    @Test("fields that frame or route are no trailers (RFC 9110 section 6.5.1)")
    func forbiddenTrailers() {
        let lines = [
            "Content-Length: 5", "transfer-encoding: chunked", "HOST: b", "Connection: close",
            "Grpc-Status: 0", "Authorization: x", "Set-Cookie: a=b", "Content-Type: x/y",
            "Expect: 100-continue", "Trailer: x", "Content-Length: 6",
        ]
        let text = "0\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
        let bytes = Array(text.utf8)
        let run = BodyRun.run(bytes, .chunked, cuts: [bytes.count])
        #expect(run.consumed == bytes.count)
        #expect(run.trailers == ["Grpc-Status": "0"])
    }

    @Test("trailers at their limits pass, one past is refused")
    func trailerLimits() {
        func error(_ lines: String, _ change: (inout HTTPLimits) -> Void) -> HTTPParseError? {
            var limits = HTTPLimits()
            change(&limits)
            let bytes = Array("0\r\n\(lines)\r\n".utf8)
            return BodyRun.run(bytes, .chunked, limits: limits, cuts: [bytes.count]).error
        }
        #expect(error("A:\r\nB:\r\n") { $0.headerCountMax = 2 } == nil)
        #expect(error("A:\r\nB:\r\nC:\r\n") { $0.headerCountMax = 2 } == .headerCountExceeded)
        #expect(error("A: 123\r\n") { $0.trailerBytesMax = 10 } == nil)
        #expect(error("A: 1234\r\n") { $0.trailerBytesMax = 10 } == .headerTooLarge)
        let line = "A: " + String(repeating: "x", count: HTTPLimits().trailerBytesMax - 7)
        #expect(error(line + "\r\n") { _ in } == nil)
        #expect(error(line + "x\r\n") { _ in } == .headerTooLarge)
        // A first line that never ends is refused as well.
        let endless = Array(("0\r\n" + line + "12345678").utf8)
        #expect(BodyRun.run(endless, .chunked, cuts: [endless.count]).error == .headerTooLarge)
    }

    @Test("until the peer closes, everything is body")
    func untilClose() {
        let bytes = Array("0\r\n\r\n\u{0}".utf8)
        for cut in 0...bytes.count {
            let run = BodyRun.run(bytes, .untilClose, cuts: [cut, bytes.count])
            #expect(run.data == bytes)
            #expect(run.consumed == nil)
            #expect(run.mayEndByClose)
        }
    }
}
