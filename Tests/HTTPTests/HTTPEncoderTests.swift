// SPDX-License-Identifier: Apache-2.0

import HTTP
import TestSupport
import Testing

@Suite("Encoding (RFC 9112 sections 3, 4, 5 and 7)")
struct HTTPEncoderTests {
    @Test("writes a request head")
    func request() throws {
        var bytes: [UInt8] = []
        let head = HTTPRequestHead(
            method: .put,
            target: "/a?b",
            fields: ["Host": "h", "X-Empty": "", "x": "a\tb é"]
        )
        try HTTPEncoder.append(head, to: &bytes)
        let text = "PUT /a?b HTTP/1.1\r\nHost: h\r\nX-Empty: \r\nx: a\tb é\r\n\r\n"
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }

    @Test(
        "writes a status line",
        arguments: [
            (200, "HTTP/1.1 200 OK\r\n"), (404, "HTTP/1.1 404 Not Found\r\n"),
            (100, "HTTP/1.1 100 Continue\r\n"), (599, "HTTP/1.1 599 \r\n"),
            (999, "HTTP/1.1 999 \r\n"),
        ]
    )
    func status(_ code: Int, _ line: String) throws {
        var bytes: [UInt8] = []
        try HTTPEncoder.append(HTTPStatus(rawValue: code), to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == line)
    }

    @Test(
        "refuses statuses of other than three digits",
        arguments: [99, 1000, 0, -200, .min, .max]
    )
    func statusInvalid(_ code: Int) {
        var bytes: [UInt8] = []
        #expect(throws: HTTPEncodeError.statusInvalid) {
            try HTTPEncoder.append(HTTPStatus(rawValue: code), to: &bytes)
        }
        #expect(bytes.isEmpty)
    }

    @Test(
        "refuses start lines that would say something else",
        arguments: [
            ("", "/"), ("GE T", "/"), ("GET\r\n", "/"), ("GÉT", "/"), ("GET", ""), ("GET", "/ "),
            ("GET", "/a b"), ("GET", "/ HTTP/1.1\r\nX: y\r\n\r\n"), ("GET", "/\n"),
            ("GET", "/\u{0}"),
            ("GET", "/é"), ("GET", "/\u{7F}"), ("GET", "/\t"),
        ]
    )
    func startLineInvalid(_ method: String, _ target: String) {
        var bytes: [UInt8] = []
        let head = HTTPRequestHead(method: HTTPMethod(rawValue: method), target: target)
        #expect(throws: HTTPEncodeError.startLineInvalid) {
            try HTTPEncoder.append(head, to: &bytes)
        }
        #expect(bytes.isEmpty)
    }

    @Test("all 256 bytes in a name and a value: what is written can be read")
    func everyByte() {
        for byte in UInt8.min...UInt8.max {
            var value = HTTPFields()
            value.append("X", bytes: [0x61, byte, 0x62])
            var bytes: [UInt8] = []
            let isWritten = (try? HTTPEncoder.append(value, to: &bytes)) != nil
            #expect(isWritten == HTTPText.isFieldValue(byte), "byte \(byte) in a value")
            guard byte < 128 else { continue }
            let name = "X" + String(UnicodeScalar(byte))
            bytes = []
            let isNameWritten = (try? HTTPEncoder.append([name: "v"], to: &bytes)) != nil
            #expect(isNameWritten == HTTPText.isToken(byte), "byte \(byte) in a name")
        }
    }

    @Test("says which field it is")
    func namesField() {
        var bytes: [UInt8] = []
        #expect(throws: HTTPEncodeError.fieldNameInvalid("")) {
            try HTTPEncoder.append(["": "v"], to: &bytes)
        }
        #expect(throws: HTTPEncodeError.fieldNameInvalid("X\r\nY")) {
            try HTTPEncoder.append(["X\r\nY": "v"], to: &bytes)
        }
        #expect(throws: HTTPEncodeError.fieldValueInvalid(name: "X")) {
            try HTTPEncoder.append(["X": "a\r\nSet-Cookie: b"], to: &bytes)
        }
    }

    @Test(
        "decimal numbers",
        arguments: [(0, "0"), (7, "7"), (10, "10"), (1_234_567, "1234567"), (.max, "\(Int.max)")]
    )
    func decimal(_ number: Int, _ text: String) {
        var bytes = Array("x".utf8)
        HTTPEncoder.append(decimal: number, to: &bytes)
        #expect(bytes == Array("x\(text)".utf8))
    }

    @Test("chunks of any length come back, with their trailers")
    func chunks() throws {
        var random = SeededGenerator()
        for _ in 0..<300 {
            let chunks = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                random.bytes(countMax: 40)
            }
            var stream: [UInt8] = []
            for chunk in chunks { HTTPEncoder.append(chunk: chunk, to: &stream) }
            try HTTPEncoder.append(lastChunkWith: ["X": "y"], to: &stream)
            let run = BodyRun.run(stream, .chunked, cuts: [stream.count])
            #expect(run.data == chunks.flatMap { $0 })
            #expect(run.consumed == stream.count)
            #expect(run.trailers == ["X": "y"])
        }
        var stream: [UInt8] = []
        HTTPEncoder.append(chunk: Array(repeating: 0x61, count: 4096), to: &stream)
        #expect(stream.starts(with: Array("1000\r\na".utf8)))
    }

    @Test("trailers are as strict as headers")
    func trailers() {
        var bytes: [UInt8] = []
        #expect(throws: HTTPEncodeError.fieldValueInvalid(name: "X")) {
            try HTTPEncoder.append(lastChunkWith: ["X": "\r\n\r\nHTTP/1.1 200 OK"], to: &bytes)
        }
    }

    @Test("any head that is written is read back as it was")
    func roundTrip() throws {
        var random = SeededGenerator()
        let tokens = Array("!#$%&'*+-.^_`|~09AZaz".utf8)
        func token(_ random: inout SeededGenerator) -> String {
            let count = Int.random(in: 1...8, using: &random)
            let bytes = (0..<count).map { _ in tokens.randomElement(using: &random) ?? 0x61 }
            return String(decoding: bytes, as: UTF8.self)
        }
        for _ in 0..<500 {
            var fields: HTTPFields = ["Host": "a"]
            for _ in 0..<Int.random(in: 0...5, using: &random) {
                let value = random.bytes(countMax: 12).filter { HTTPText.isFieldValue($0) }
                let trimmed = HTTPText.trim(value[...])
                fields.append("x-" + token(&random), bytes: trimmed)
            }
            let target =
                "/"
                + random.bytes(countMax: 9).filter { 0x24...0x7E ~= $0 }
                .map { String(UnicodeScalar($0)) }.joined()
            let method = HTTPMethod(rawValue: token(&random) + "x")
            let head = HTTPRequestHead(method: method, target: target, fields: fields)
            var bytes: [UInt8] = []
            try HTTPEncoder.append(head, to: &bytes)
            let (request, consumed) = try #require(try parseRequest(bytes))
            #expect(request.head == head, "seed \(SeededGenerator.seed)")
            #expect(consumed == bytes.count)

            let status = HTTPStatus(rawValue: .random(in: 100...999, using: &random))
            bytes = []
            try HTTPEncoder.append(status, to: &bytes)
            try HTTPEncoder.append(fields, to: &bytes)
            bytes += [13, 10]
            var parser = HTTPResponseParser()
            let response = try parser.parse(bytes.span, to: .get)
            #expect(response?.response.head == HTTPResponseHead(status: status, fields: fields))
        }
    }
}
