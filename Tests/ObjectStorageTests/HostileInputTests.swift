// SPDX-License-Identifier: Apache-2.0

import Bytes
import Glibc
import HTTP
import Testing

@testable import ObjectStorage

/// Valid input with a few bytes changed, dropped or doubled: whatever comes, nothing may trap.
///
/// `SWIFTLET_SEED` repeats a run; the seed stands in the name of the test case.
@Suite("Hostile input never stops the process")
struct HostileInputTests {
    static let rounds = 400
    static let seed: UInt64 = {
        let text = getenv("SWIFTLET_SEED").map { String(cString: $0) }
        return text.flatMap { UInt64($0) } ?? UInt64.random(in: 0 ... .max)
    }()

    private func mutate(
        _ valid: some Sequence<UInt8>,
        _ seed: UInt64,
        _ body: ([UInt8]) throws -> Void
    ) {
        var generator = SortedIndexTests.Generator(state: seed)
        for _ in 0..<Self.rounds {
            var bytes = Array(valid)
            for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0 ... .max, using: &generator)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(bytes[index], at: index)
                default: bytes.removeSubrange(index...)
                }
            }
            do { try body(bytes) } catch { continue }
        }
    }

    @Test("XML", arguments: [Self.seed])
    func xml(seed: UInt64) {
        let valid = "<?xml version='1.0'?><a x='1'><b>&amp;&#65;</b><![CDATA[x]]><!--c--></a>"
        self.mutate(valid.utf8, seed) { _ = try XMLReader.parse($0) }
    }

    @Test("chunked coding", arguments: [Self.seed])
    func chunked(seed: UInt64) {
        let valid = "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"
        self.mutate(valid.utf8, seed) { bytes in
            var decoder = AWSChunkedDecoder(decodedLength: 11, signing: nil, hasTrailer: true)
            for range in try decoder.decode(bytes) { #expect(range.upperBound <= bytes.count) }
            try decoder.finish()
        }
    }

    @Test("signatures", arguments: [Self.seed])
    func signatures(seed: UInt64) {
        let signed = Example.signed(query: "a=1&b=%20")
        self.mutate((signed.fields["authorization"] ?? "").utf8, seed) { bytes in
            var request = signed
            request.fields["authorization"] = String(decoding: bytes, as: UTF8.self)
            _ = try Example.verifier.verify(request, at: Example.time)
        }
        let query = Example.signer.presign(
            SignableRequest(method: "GET", path: "/b/k", query: nil, fields: ["host": "h"]),
            time: Example.time,
            expiresAfter: .seconds(60)
        )
        self.mutate(query.utf8, seed) { bytes in
            let text = String(decoding: bytes, as: UTF8.self)
            let request = SignableRequest(
                method: "GET",
                path: "/b/k",
                query: text,
                fields: ["host": "h"]
            )
            _ = try Example.verifier.verify(request, at: Example.time)
            // Whoever is believed sent the same items, however written.
            #expect(QueryItems(text)?.canonical() == QueryItems(query)?.canonical())
        }
    }

    @Test("notifications", arguments: [Self.seed])
    func notifications(seed: UInt64) {
        let valid = String(decoding: ObjectEventTests.event().recordValue, as: UTF8.self)
        self.mutate(valid.utf8, seed) { _ = try S3EventNotification(json: $0) }
    }

    @Test("listings", arguments: [Self.seed])
    func listings(seed: UInt64) {
        let valid =
            "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
            + "<NextContinuationToken>t</NextContinuationToken><Contents><Key>a%20b</Key>"
            + "<Size>7</Size></Contents></ListBucketResult>"
        self.mutate(valid.utf8, seed) { _ = try S3ListPage(parsing: $0) }
    }

    @Test("paths, queries and ranges", arguments: [Self.seed])
    func targets(seed: UInt64) {
        self.mutate("/bucket/a%20b//c?uploadId=x&partNumber=1&max-keys=3".utf8, seed) { bytes in
            let head = HTTPRequestHead(
                method: .put,
                target: String(decoding: bytes, as: UTF8.self)
            )
            let query = QueryItems(head.query)
            let address = try S3Address(authority: "a.localhost", path: head.path)
            _ = try S3Operation.route(.put, address, query ?? QueryItems(), isCopy: false)
        }
        self.mutate("bytes=18446744073709551615-9223372036854775807".utf8, seed) { bytes in
            let field = String(decoding: bytes, as: UTF8.self)
            guard case .part(let offset, let length) = ByteRange(field: field, objectLength: 10)
            else { return }
            #expect(length > 0 && offset + length <= 10)
        }
        self.mutate("Fri, 02 Jan 2026 15:04:05 GMT".utf8, seed) { bytes in
            _ = Timestamp(httpDate: String(decoding: bytes, as: UTF8.self))
        }
    }

    @Test("files of objects", arguments: [Self.seed])
    func objectFiles(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        var metadata = ObjectMetadata(key: "k")
        metadata.lengthBytes = 3
        let trailer = try ObjectFile.trailer(for: metadata)
        self.mutate(Array("abc".utf8) + trailer, seed) { bytes in
            try folder.write(bytes, to: "file")
            let file = try FileIO.open("\(folder.path)/file", O_RDONLY)
            let read = try ObjectFile.metadata(of: file)
            #expect(read.lengthBytes < UInt64(bytes.count))
        }
    }
}
