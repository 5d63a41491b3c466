// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP
import Testing

@testable import ObjectStorage

@Suite("Requests: what they are about")
struct S3AddressTests {
    @Test(
        "addresses",
        arguments: [
            (nil, "/", nil, nil),
            (nil, "/bucket", "bucket", nil),
            (nil, "/bucket/", "bucket", nil),
            (nil, "/bucket/key", "bucket", "key"),
            (nil, "/bucket/a%20b%2Fc+d", "bucket", "a b/c+d"),
            (nil, "/bucket//a", "bucket", "/a"),
            (nil, "/bucket/a//", "bucket", "a//"),
            (nil, "/bucket/..", "bucket", ".."),
            (nil, "/%62ucket/%C3%A9", "bucket", "é"),
            ("127.0.0.1:9000", "/bucket/key", "bucket", "key"),
            ("localhost:9000", "/bucket/key", "bucket", "key"),
            ("exams.localhost:9000", "/", "exams", nil),
            ("exams.localhost", "/a/b", "exams", "a/b"),
            ("EXAMS.localhost", "//a", "exams", "/a"),
            ("x.localhost", "/bucket/key", "bucket", "key"),
        ] as [(String?, String, String?, String?)]
    )
    func addresses(authority: String?, path: String, bucket: String?, key: String?) throws {
        let address = try S3Address(authority: authority, path: path)
        #expect(address.bucket == bucket)
        #expect(address.key?.text == key)
    }

    @Test(
        "addresses that cannot be",
        arguments: [
            ("/b/%zz", S3ErrorCode.invalidURI), ("/%FF/k", .invalidURI), ("*", .invalidURI),
            ("", .invalidURI), ("/b/%FF", .invalidArgument), ("/b/a%00", .invalidArgument),
            ("/b/" + String(repeating: "a", count: 1025), .keyTooLong),
        ]
    )
    func refused(path: String, code: S3ErrorCode) {
        #expect {
            try S3Address(authority: nil, path: path)
        } throws: { error in
            (error as? BucketError)?.code == code
        }
    }

    @Test(
        "sources of copies",
        arguments: [
            ("/b/k", "k"), ("b/k", "k"), ("b/a%20b%3Fc", "a b?c"), ("b/k?versionId=null", "k"),
            ("b//k", "/k"),
        ]
    )
    func copySources(field: String, key: String) throws {
        let source = try CopySource(field: field)
        #expect(source.bucket == "b")
        #expect(source.key.text == key)
    }

    @Test("sources that name nothing", arguments: ["", "/", "b", "b/", "b/k?versionId=1", "b/%"])
    func copySourcesRefused(field: String) {
        #expect(throws: BucketError.self) { try CopySource(field: field) }
    }
}

@Suite("Requests: what they ask for")
struct S3OperationTests {
    private func route(
        _ method: HTTPMethod,
        _ path: String,
        isCopy: Bool = false
    ) throws -> S3Operation {
        let head = HTTPRequestHead(method: method, target: path)
        return try S3Operation.route(
            method,
            S3Address(authority: nil, path: head.path),
            try #require(QueryItems(head.query)),
            isCopy: isCopy
        )
    }

    @Test(
        "operations",
        arguments: [
            ("GET", "/", S3Operation.listBuckets),
            ("GET", "/?x-id=ListBuckets", .listBuckets),
            ("PUT", "/b", .createBucket),
            ("HEAD", "/b", .headBucket),
            ("DELETE", "/b", .deleteBucket),
            ("GET", "/b?location", .getBucketLocation),
            ("GET", "/b?versioning=", .getBucketVersioning),
            ("GET", "/b?notification", .getBucketNotification),
            ("GET", "/b", .listObjects(version: 1)),
            ("GET", "/b?prefix=a&delimiter=/", .listObjects(version: 1)),
            ("GET", "/b/?list-type=2", .listObjects(version: 2)),
            ("POST", "/b?delete", .deleteObjects),
            ("GET", "/b?uploads", .listMultipartUploads),
            ("PUT", "/b/k?x-id=PutObject", .putObject),
            ("GET", "/b/k?versionId=null", .getObject),
            ("HEAD", "/b/k", .headObject),
            ("DELETE", "/b/k", .deleteObject),
            ("POST", "/b/k?uploads", .createMultipartUpload),
            ("PUT", "/b/k?partNumber=1&uploadId=u", .uploadPart(number: 1, uploadID: "u")),
            ("PUT", "/b/k?partNumber=10000&uploadId=u", .uploadPart(number: 10000, uploadID: "u")),
            ("POST", "/b/k?uploadId=u", .completeMultipartUpload(uploadID: "u")),
            ("DELETE", "/b/k?uploadId=u", .abortMultipartUpload(uploadID: "u")),
            ("GET", "/b/k?uploadId=u", .listParts(uploadID: "u")),
        ] as [(HTTPMethod, String, S3Operation)]
    )
    func operations(method: HTTPMethod, path: String, expected: S3Operation) throws {
        #expect(try self.route(method, path) == expected)
    }

    @Test("copies")
    func copies() throws {
        #expect(try self.route("PUT", "/b/k", isCopy: true) == .copyObject)
        #expect(
            try self.route("PUT", "/b/k?uploadId=u&partNumber=2", isCopy: true)
                == .uploadPartCopy(number: 2, uploadID: "u")
        )
    }

    @Test(
        "what is not here says so",
        arguments: [
            ("GET", "/b?acl", S3ErrorCode.notImplemented), ("GET", "/b?policy", .notImplemented),
            ("PUT", "/b?notification", .notImplemented), ("PUT", "/b?versioning", .notImplemented),
            ("GET", "/b/k?tagging", .notImplemented), ("GET", "/b?versions", .notImplemented),
            ("POST", "/b", .notImplemented), ("POST", "/b/k?select&select-type=2", .notImplemented),
            ("POST", "/b/k", .methodNotAllowed), ("PATCH", "/b/k", .methodNotAllowed),
            ("PUT", "/", .methodNotAllowed), ("POST", "/", .methodNotAllowed),
            ("OPTIONS", "/b", .methodNotAllowed), ("HEAD", "/b/k?uploadId=u", .methodNotAllowed),
            ("GET", "/b/k?versionId=abc", .invalidArgument),
            ("PUT", "/b/k?uploadId=u", .invalidArgument),
            ("PUT", "/b/k?uploadId=u&partNumber=0", .invalidArgument),
            ("PUT", "/b/k?uploadId=u&partNumber=10001", .invalidArgument),
            ("PUT", "/b/k?uploadId=u&partNumber=x", .invalidArgument),
        ] as [(HTTPMethod, String, S3ErrorCode)]
    )
    func refused(method: HTTPMethod, path: String, code: S3ErrorCode) {
        #expect {
            try self.route(method, path)
        } throws: { error in
            (error as? BucketError)?.code == code
        }
    }
}

@Suite("Requests: ranges and conditions")
struct ConditionTests {
    @Test(
        "ranges of ten bytes (RFC 9110 section 14.1.2)",
        arguments: [
            (nil, ByteRange.whole), ("bytes=0-9", .part(offset: 0, length: 10)),
            ("bytes=0-0", .part(offset: 0, length: 1)), ("bytes=9-", .part(offset: 9, length: 1)),
            ("bytes=3-100", .part(offset: 3, length: 7)),
            ("bytes=-3", .part(offset: 7, length: 3)),
            ("bytes=-30", .part(offset: 0, length: 10)), ("bytes=10-", .unsatisfiable),
            ("bytes=10-20", .unsatisfiable), ("bytes=-0", .unsatisfiable), ("bytes=5-3", .whole),
            ("bytes=a-3", .whole), ("bytes=0-1,3-4", .whole), ("bytes=-", .whole),
            ("items=0-1", .whole), ("bytes=0", .whole), ("", .whole), ("bytes=1-2-3", .whole),
            ("bytes=0-99999999999999999999999", .whole), ("bytes= 0-1", .whole),
            ("bytes=0-9223372036854775807", .part(offset: 0, length: 10)),
        ] as [(String?, ByteRange)]
    )
    func ranges(field: String?, expected: ByteRange) {
        #expect(ByteRange(field: field, objectLength: 10) == expected)
    }

    @Test("an empty object has no range")
    func emptyObject() {
        #expect(ByteRange(field: "bytes=0-", objectLength: 0) == .unsatisfiable)
        #expect(ByteRange(field: "bytes=-1", objectLength: 0) == .unsatisfiable)
        #expect(ByteRange(field: nil, objectLength: 0) == .whole)
    }

    private static let modified = Timestamp(year: 2026, month: 1, day: 2, nanoseconds: 999)
    private static let before = "Thu, 01 Jan 2026 23:59:59 GMT"
    private static let same = "Fri, 02 Jan 2026 00:00:00 GMT"
    private static let after = "Fri, 02 Jan 2026 00:00:01 GMT"

    @Test(
        "conditions of a GET (RFC 9110 section 13.2.2)",
        arguments: [
            ([:], .proceed),
            (["if-match": "\"tag\""], .proceed), (["if-match": "tag"], .proceed),
            (["if-match": "*"], .proceed), (["if-match": "\"a\", \"tag\""], .proceed),
            (["if-match": "\"other\""], .failed),
            (["if-none-match": "\"tag\""], .notModified),
            (["if-none-match": "W/\"tag\""], .notModified),
            (["if-none-match": "\"other\""], .proceed),
            (["if-modified-since": before], .proceed),
            (["if-modified-since": same], .notModified),
            (["if-modified-since": "yesterday"], .proceed),
            (["if-unmodified-since": before], .failed), (["if-unmodified-since": same], .proceed),
            (["if-match": "\"tag\"", "if-unmodified-since": before], .proceed),
            (["if-none-match": "\"other\"", "if-modified-since": after], .proceed),
        ] as [(HTTPFields, Preconditions.Outcome)]
    )
    func conditions(fields: HTTPFields, expected: Preconditions.Outcome) {
        let outcome = Preconditions.evaluate(fields, eTag: "tag", modified: Self.modified)
        #expect(outcome == expected)
    }

    @Test("conditions on the source of a copy")
    func copyConditions() {
        let fields: HTTPFields = ["x-amz-copy-source-if-match": "\"other\"", "if-match": "\"tag\""]
        #expect(
            Preconditions.evaluate(
                fields,
                prefix: "x-amz-copy-source-",
                eTag: "tag",
                modified: Self.modified
            ) == .failed
        )
    }

    @Test("conditions of a PUT")
    func writing() {
        #expect(Preconditions.mayWrite([:], over: "tag"))
        #expect(Preconditions.mayWrite(["if-none-match": "*"], over: nil))
        #expect(!Preconditions.mayWrite(["if-none-match": "*"], over: "tag"))
        #expect(Preconditions.mayWrite(["if-match": "\"tag\""], over: "tag"))
        #expect(!Preconditions.mayWrite(["if-match": "\"tag\""], over: "other"))
        #expect(!Preconditions.mayWrite(["if-match": "\"tag\""], over: nil))
    }

    @Test(
        "If-Range",
        arguments: [("\"tag\"", true), ("\"other\"", false), (same, true), (after, false)]
    )
    func ifRange(value: String, counts: Bool) {
        #expect(
            Preconditions.rangeCounts(["if-range": value], eTag: "tag", modified: Self.modified)
                == counts
        )
    }

    @Test("dates of HTTP are read as they are written")
    func httpDates() {
        for seconds in stride(from: Int64(0), to: 4_000_000_000, by: 86_400 * 17 + 12_345) {
            let time = Timestamp(secondsSinceEpoch: seconds)
            #expect(Timestamp(httpDate: time.httpDate) == time)
        }
        for text in ["", "now", "Fri, 02 Jan 2026 15:04:05", "Fri, 02 Foo 2026 15:04:05 GMT"] {
            #expect(Timestamp(httpDate: text) == nil)
        }
    }
}

@Suite("Requests: metadata")
struct RequestMetadataTests {
    private func make(_ fields: HTTPFields) throws -> ObjectMetadata {
        try RequestMetadata.make(for: ObjectKey(validating: [0x6B]), fields)
    }

    @Test("what is kept")
    func kept() throws {
        let metadata = try self.make([
            "Content-Type": "text/plain", "X-Amz-Meta-Course": "maths", "x-amz-meta-list": "a",
            "X-AMZ-META-LIST": "b", "Content-Encoding": "aws-chunked, gzip",
            "Cache-Control": "no-store", "X-Other": "dropped", "x-amz-acl": "private",
        ])
        #expect(metadata.contentType == "text/plain")
        #expect(metadata.userMetadata == ["course": "maths", "list": "a,b"])
        #expect(
            metadata.representation == ["content-encoding": "gzip", "cache-control": "no-store"]
        )
        #expect(
            RequestMetadata.eventMetadata(of: metadata) == [
                "content-type": "text/plain", "X-Amz-Meta-Course": "maths",
                "X-Amz-Meta-List": "a,b", "content-encoding": "gzip", "cache-control": "no-store",
            ]
        )
    }

    @Test("the coding of the transfer is not kept")
    func chunkedAlone() throws {
        let metadata = try self.make(["Content-Encoding": "aws-chunked"])
        #expect(metadata.representation.isEmpty)
        #expect(metadata.contentType == "binary/octet-stream")
    }

    @Test("user metadata is bounded: at the limit and one past it")
    func limits() throws {
        let max = RequestMetadata.userMetadataBytesMax
        _ = try self.make(["x-amz-meta-a": String(repeating: "v", count: max - 1)])
        #expect(throws: BucketError.self) {
            try self.make(["x-amz-meta-a": String(repeating: "v", count: max)])
        }
        #expect(throws: BucketError.self) {
            try self.make(["content-type": String(repeating: "v", count: 10_000)])
        }
    }

    @Test("the largest metadata fits into its file")
    func largestFits() throws {
        var metadata = ObjectMetadata(key: String(repeating: "\u{1}", count: 1024))
        metadata.userMetadata = ["a": String(repeating: "\"", count: 2047)]
        metadata.contentType = String(repeating: "\\", count: 8192)
        for algorithm in ChecksumAlgorithm.allCases {
            metadata.checksums[algorithm.fieldName] = String(repeating: "A", count: 44)
        }
        #expect(try ObjectFile.trailer(for: metadata).count < ObjectFile.metadataBytesMax)
    }

    @Test(
        "promises that the bucket does not keep are refused",
        arguments: [
            ["x-amz-server-side-encryption": "AES256"], ["x-amz-acl": "public-read"],
            ["x-amz-tagging": "a=b"], ["x-amz-object-lock-mode": "GOVERNANCE"],
            ["x-amz-storage-class": "GLACIER"], ["x-amz-grant-read": "id=1"],
        ] as [HTTPFields]
    )
    func unsupported(fields: HTTPFields) {
        #expect {
            try self.make(fields)
        } throws: { error in
            (error as? BucketError)?.code == .notImplemented
        }
    }
}
