// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP
import Testing

@testable import ObjectStorage

@Suite("Uploads: what the body must show")
struct ObjectUploadTests {
    private static let body = Array("hello world".utf8)

    private func signature(_ payloadHash: PayloadHash) throws -> SignatureVerifier.Outcome {
        let request = Example.signed("PUT", "/b/k", payloadHash: payloadHash)
        return try Example.verifier.verify(request, at: Example.time)
    }

    private func upload(
        _ fields: HTTPFields,
        _ payloadHash: PayloadHash = .unsigned,
        bytesMax: UInt64 = 100,
        _ bytes: [UInt8] = body
    ) throws -> (ObjectUpload.Outcome, [UInt8]) {
        var collected: [UInt8] = []
        let upload = try ObjectUpload(
            fields,
            signature: self.signature(payloadHash),
            bytesMax: bytesMax
        ) { collected.append(contentsOf: $0) }
        for byte in bytes { try upload.receive([byte]) }
        return (try upload.finish(), collected)
    }

    @Test("a plain body with every check there is")
    func plain() throws {
        let hash = PayloadHash.hash(Digest.hash(Self.body, with: .sha256))
        let (outcome, bytes) = try self.upload(
            [
                "content-length": "11", "content-md5": "XrY7u+Ae7tCTyyK7j1rNww==",
                "x-amz-checksum-crc32": "DUoRhQ==",
            ],
            hash
        )
        #expect(bytes == Self.body)
        #expect(outcome.md5 == "5eb63bbbe01eeed093cb22bb8f5acdc3")
        #expect(outcome.lengthBytes == 11)
        #expect(outcome.checksums == ["x-amz-checksum-crc32": "DUoRhQ=="])
    }

    @Test("an empty body")
    func empty() throws {
        let (outcome, _) = try self.upload(["content-length": "0"], .unsigned, [])
        #expect(outcome.md5 == "d41d8cd98f00b204e9800998ecf8427e")
    }

    @Test("each check fails with its own code")
    func failures() {
        expectBucketError(.contentSHA256Mismatch) {
            let hash = PayloadHash.hash(Digest.hash([1], with: .sha256))
            _ = try self.upload(["content-length": "11"], hash)
        }
        expectBucketError(.badDigest) {
            _ = try self.upload([
                "content-length": "11", "content-md5": "AAAAAAAAAAAAAAAAAAAAAA==",
            ])
        }
        expectBucketError(.invalidDigest) {
            _ = try self.upload(["content-length": "11", "content-md5": "AAAA"])
        }
        expectBucketError(.badDigest) {
            _ = try self.upload(["content-length": "11", "x-amz-checksum-crc32": "AAAAAA=="])
        }
        expectBucketError(.invalidRequest) {
            _ = try self.upload(["content-length": "11", "x-amz-checksum-crc32": "%"])
        }
        expectBucketError(.missingContentLength) { _ = try self.upload([:]) }
        expectBucketError(.missingContentLength) { _ = try self.upload(["content-length": "-1"]) }
        expectBucketError(.incompleteBody) { _ = try self.upload(["content-length": "12"]) }
        expectBucketError(.incompleteBody) { _ = try self.upload(["content-length": "10"]) }
    }

    @Test("the length is bounded: at the limit and one past it")
    func bounded() throws {
        _ = try self.upload(["content-length": "11"], bytesMax: 11)
        expectBucketError(.entityTooLarge) {
            _ = try self.upload(["content-length": "11"], bytesMax: 10)
        }
    }

    private static let chunked = Array(
        "b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n".utf8
    )

    @Test("a chunked body with a checksum behind it")
    func unsignedChunks() throws {
        let fields: HTTPFields = [
            "x-amz-decoded-content-length": "11", "x-amz-trailer": "x-amz-checksum-crc32",
        ]
        let (outcome, bytes) = try self.upload(fields, .unsignedChunks, Self.chunked)
        #expect(bytes == Self.body)
        #expect(outcome.checksums == ["x-amz-checksum-crc32": "DUoRhQ=="])
    }

    @Test("a checksum that was announced must come, and be right")
    func trailerChecks() {
        func send(_ algorithm: String, _ trailer: String) throws {
            let body = Array("b\r\nhello world\r\n0\r\n\(trailer)\r\n".utf8)
            let fields: HTTPFields = [
                "x-amz-decoded-content-length": "11", "x-amz-trailer": algorithm,
            ]
            _ = try self.upload(fields, .unsignedChunks, body)
        }
        expectBucketError(.badDigest) { try send("x-amz-checksum-crc32", "") }
        expectBucketError(.badDigest) {
            try send("x-amz-checksum-crc32", "x-amz-checksum-crc32:AAAAAA==\r\n")
        }
        expectBucketError(.badDigest) {
            try send("x-amz-checksum-sha1", "x-amz-checksum-crc32:DUoRhQ==\r\n")
        }
        expectBucketError(.missingContentLength) {
            _ = try self.upload(["content-length": "54"], .unsignedChunks, Self.chunked)
        }
    }

    @Test("a chunked body that breaks the coding or its promise")
    func brokenChunks() {
        func send(_ body: String, _ length: String = "11") throws {
            _ = try self.upload(
                ["x-amz-decoded-content-length": length],
                .unsignedChunks,
                Array(body.utf8)
            )
        }
        expectBucketError(.invalidRequest) { try send("hello world\r\n") }
        expectBucketError(.invalidRequest) { try send("b\r\nhello worldX\r\n0\r\n\r\n") }
        expectBucketError(.incompleteBody) { try send("b\r\nhello world\r\n") }
        expectBucketError(.incompleteBody) { try send("b\r\nhello world\r\n0\r\n\r\n", "12") }
        expectBucketError(.incompleteBody) { try send("b\r\nhello world\r\n0\r\n\r\n", "10") }
    }

    @Test("a piece with a forged signature")
    func forgedChunk() {
        let signature = String(repeating: "0", count: 64)
        let body = "b;chunk-signature=\(signature)\r\nhello world\r\n"
        expectBucketError(.signatureDoesNotMatch) {
            _ = try self.upload(
                ["x-amz-decoded-content-length": "11"],
                .signedChunks(hasTrailer: false),
                Array(body.utf8)
            )
        }
    }

    @Test("a sink that fails ends the upload with its error")
    func failingSink() throws {
        let upload = try ObjectUpload(
            ["content-length": "11"],
            signature: self.signature(.unsigned),
            bytesMax: 100
        ) { _ throws(BucketError) in throw BucketError(.storageFull, "full") }
        expectBucketError(.storageFull) { try upload.receive(Self.body) }
    }
}
