// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP
import Testing

@testable import ObjectStorage

@Suite("AWS chunked coding")
struct AWSChunkedDecoderTests {
    /// What a body decodes to.
    struct Decoded: Equatable {
        var data: [UInt8]
        var trailers: [String: String]
    }

    private func decode(
        _ pieces: [[UInt8]],
        length: UInt64,
        signing: AWSChunkedDecoder.Signing? = nil,
        hasTrailer: Bool
    ) throws(AWSChunkedError) -> Decoded {
        var decoder = AWSChunkedDecoder(
            decodedLength: length,
            signing: signing,
            hasTrailer: hasTrailer
        )
        var data: [UInt8] = []
        for piece in pieces {
            for range in try decoder.decode(piece) { data.append(contentsOf: piece[range]) }
        }
        try decoder.finish()
        let trailers = decoder.trailers.map { ($0.name, $0.value) }
        return Decoded(data: data, trailers: Dictionary(uniqueKeysWithValues: trailers))
    }

    /// Amazon's example of an upload in three signed pieces: 65 536, 1024 and no bytes `a`.
    private static func example(
        _ signatures: [String],
        trailer: String = ""
    ) -> [UInt8] {
        var body: [UInt8] = []
        for (count, signature) in zip([65_536, 1024, 0], signatures) {
            let size = String(count, radix: 16)
            body.append(contentsOf: "\(size);chunk-signature=\(signature)\r\n".utf8)
            body.append(contentsOf: repeatElement(UInt8(ascii: "a"), count: count))
            if count > 0 { body.append(contentsOf: "\r\n".utf8) }
        }
        body.append(contentsOf: "\(trailer)\r\n".utf8)
        return body
    }

    private static let plainSignatures = [
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    ]
    private static let trailerSignatures = [
        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    ]

    /// The request in front of the example's body, which signs the seed.
    private func exampleSigning(trailer: Bool) throws -> AWSChunkedDecoder.Signing {
        var fields: HTTPFields = ["Host": "s3.amazonaws.com", "Content-Encoding": "aws-chunked"]
        fields.append("x-amz-storage-class", "REDUCED_REDUNDANCY")
        fields.append("x-amz-decoded-content-length", "66560")
        fields.append("Content-Length", trailer ? "66946" : "66824")
        if trailer { fields["Content-Length"] = nil }
        if trailer { fields.append("x-amz-trailer", "x-amz-checksum-crc32c") }
        let request = Example.signed(
            "PUT",
            "/examplebucket/chunkObject.txt",
            fields: fields,
            payloadHash: .signedChunks(hasTrailer: trailer)
        )
        let outcome = try Example.verifier.verify(request, at: Example.time)
        return AWSChunkedDecoder.Signing(context: outcome.context, seed: outcome.signature)
    }

    @Test("Amazon's example with signed pieces")
    func signedExample() throws {
        let signing = try self.exampleSigning(trailer: false)
        #expect(
            signing.seed == "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
        )
        let body = Self.example(Self.plainSignatures)
        let decoded = try self.decode([body], length: 66_560, signing: signing, hasTrailer: false)
        #expect(decoded.data == [UInt8](repeating: UInt8(ascii: "a"), count: 66_560))
    }

    @Test("Amazon's example with signed pieces and a signed trailer")
    func signedTrailerExample() throws {
        let context = SigningContext(
            time: Example.time,
            region: "us-east-1",
            secretKey: Example.credentials.secretKey
        )
        let seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
        let signing = AWSChunkedDecoder.Signing(context: context, seed: seed)
        for lineEnd in ["\r\n", "\n\r\n"] {
            let trailer =
                "x-amz-checksum-crc32c:sOO8/Q==\(lineEnd)x-amz-trailer-signature:"
                + "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n"
            let body = Self.example(Self.trailerSignatures, trailer: trailer)
            let decoded = try self.decode(
                [body],
                length: 66_560,
                signing: signing,
                hasTrailer: true
            )
            #expect(decoded.data.count == 66_560)
            #expect(decoded.trailers == ["x-amz-checksum-crc32c": "sOO8/Q=="])
        }
    }

    @Test("a forged piece, order or trailer is seen")
    func forged() throws {
        let signing = try self.exampleSigning(trailer: false)
        var body = Self.example(Self.plainSignatures)
        body[1000] = UInt8(ascii: "b")
        #expect(throws: AWSChunkedError.signatureMismatch) {
            try self.decode([body], length: 66_560, signing: signing, hasTrailer: false)
        }
        let swapped = Self.example([
            Self.plainSignatures[1], Self.plainSignatures[0], Self.plainSignatures[2],
        ])
        #expect(throws: AWSChunkedError.signatureMismatch) {
            try self.decode([swapped], length: 66_560, signing: signing, hasTrailer: false)
        }
        let unsigned = Array("1\r\na\r\n0\r\n\r\n".utf8)
        #expect(throws: AWSChunkedError.malformed) {
            try self.decode([unsigned], length: 1, signing: signing, hasTrailer: false)
        }
    }

    @Test("a signed trailer may not be left out")
    func trailerWithoutSignature() throws {
        let context = SigningContext(
            time: Example.time,
            region: "us-east-1",
            secretKey: Example.credentials.secretKey
        )
        let seed = "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
        let body = Self.example(
            Self.trailerSignatures,
            trailer: "x-amz-checksum-crc32c:AAAAAA==\r\n"
        )
        #expect(throws: AWSChunkedError.truncated) {
            try self.decode(
                [body],
                length: 66_560,
                signing: .init(context: context, seed: seed),
                hasTrailer: true
            )
        }
    }

    private static let unsigned = Array(
        "5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nX-Amz-Checksum-CRC32: DUoRhQ==\r\n\r\n".utf8
    )

    @Test("unsigned pieces with a checksum, cut at every place")
    func unsignedSplits() throws {
        let expected = Decoded(
            data: Array("hello world".utf8),
            trailers: ["x-amz-checksum-crc32": "DUoRhQ=="]
        )
        for split in 0...Self.unsigned.count {
            let pieces = [Array(Self.unsigned[..<split]), Array(Self.unsigned[split...])]
            #expect(try self.decode(pieces, length: 11, hasTrailer: true) == expected)
        }
        let single = Self.unsigned.map { [$0] }
        #expect(try self.decode(single, length: 11, hasTrailer: true) == expected)
    }

    @Test("every proper prefix is an upload cut short")
    func prefixes() {
        for count in 0..<Self.unsigned.count {
            #expect(throws: AWSChunkedError.truncated, "\(count)") {
                try self.decode([Array(Self.unsigned[..<count])], length: 11, hasTrailer: true)
            }
        }
    }

    @Test("more or fewer bytes than promised", arguments: [10, 12])
    func wrongLength(length: UInt64) {
        #expect(throws: AWSChunkedError.wrongLength) {
            try self.decode([Self.unsigned], length: length, hasTrailer: true)
        }
    }

    @Test(
        "lines that the coding does not have",
        arguments: [
            "\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", "g\r\n", "11111111111111111\r\n", " 1\r\na\r\n",
            "1\r\nab\r\n", "0\r\nnocolon\r\n\r\n", "0\r\n\r\nx",
            "0\r\nx-amz-trailer-signature:00\r\n\r\n",
        ]
    )
    func malformed(body: String) {
        #expect(throws: AWSChunkedError.malformed) {
            try self.decode([Array(body.utf8)], length: 1000, hasTrailer: true)
        }
    }

    @Test("a trailer where none was announced is refused")
    func unannouncedTrailer() {
        #expect(throws: AWSChunkedError.malformed) {
            try self.decode([Self.unsigned], length: 11, hasTrailer: false)
        }
    }

    @Test("lines and trailers are bounded: at the limit and one past it")
    func limits() throws {
        let max = AWSChunkedDecoder.lineBytesMax
        let line = "0;" + String(repeating: "x", count: max - 3) + "\r\n\r\n"
        _ = try self.decode([Array(line.utf8)], length: 0, hasTrailer: true)
        #expect(throws: AWSChunkedError.malformed) {
            try self.decode([Array(("1" + line).utf8)], length: 0, hasTrailer: true)
        }
        func body(_ count: Int) -> [UInt8] {
            Array(("0\r\n" + (0..<count).map { "n\($0):v\r\n" }.joined() + "\r\n").utf8)
        }
        let countMax = AWSChunkedDecoder.trailersMax
        #expect(
            try self.decode([body(countMax)], length: 0, hasTrailer: true).trailers.count
                == countMax
        )
        #expect(throws: AWSChunkedError.malformed) {
            try self.decode([body(countMax + 1)], length: 0, hasTrailer: true)
        }
    }

    @Test("a length near the largest number does not overflow")
    func hugeLength() {
        let body = Array("ffffffffffffffff\r\nabc".utf8)
        #expect(throws: AWSChunkedError.truncated) {
            try self.decode([body], length: .max, hasTrailer: false)
        }
    }
}
