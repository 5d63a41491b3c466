// SPDX-License-Identifier: Apache-2.0

import Bytes
import Glibc
import HTTP
import HTTPClient
import Telemetry
import Testing

@testable import ObjectStorage

@Suite("Embedded bucket, over sockets", .serialized)
struct EmbeddedBucketTests {
    private func expectCode(
        _ code: String,
        _ status: HTTPStatus,
        _ response: HTTPClientResponse,
        location: SourceLocation = #_sourceLocation
    ) {
        #expect(BucketHarness.code(response) == code, sourceLocation: location)
        #expect(response.status == status, sourceLocation: location)
        #expect(
            response.fields["x-amz-request-id"]?.utf8.count == 16,
            sourceLocation: location
        )
    }

    @Test("keys of all kinds are stored, read, listed and deleted with our own client")
    func keys() async throws {
        try await BucketHarness.run { bucket in
            let keys = BucketStoreTests.keys
            for key in keys {
                let body = Array("body of \(key)".utf8)
                let eTag = try await bucket.s3.putObject(
                    bucket: "exams",
                    key: key,
                    body: body,
                    contentType: "text/plain",
                    userMetadata: ["Course": "cs"]
                )
                #expect(eTag == Hex.encode(Digest.hash(body, with: .md5)))
                let object = try await bucket.s3.getObject(
                    bucket: "exams",
                    key: key,
                    bytesMax: body.count
                )
                #expect(object.body == body)
                #expect(object.info.contentType == "text/plain")
                #expect(object.info.userMetadata == ["course": "cs"])
                let info = try await bucket.s3.headObject(bucket: "exams", key: key)
                #expect(info == object.info)
                #expect(info?.lastModified != nil)
            }
            let listed = try await bucket.s3.listObjects(bucket: "exams")
            let sorted = keys.map { Array($0.utf8) }
                .sorted { $0.lexicographicallyPrecedes($1) }
            #expect(listed.map { Array($0.key.utf8) } == sorted)
            for key in keys { try await bucket.s3.deleteObject(bucket: "exams", key: key) }
            #expect(try await bucket.s3.listObjects(bucket: "exams").isEmpty)
            #expect(try await bucket.s3.headObject(bucket: "exams", key: "a") == nil)
        }
    }

    @Test("objects are there after a restart")
    func restart() async throws {
        let folder = try TemporaryFolder()
        try await BucketHarness.run(in: folder) { bucket in
            try await bucket.s3.putObject(
                bucket: "exams",
                key: "k",
                body: [1, 2],
                contentType: "a/b"
            )
        }
        try await BucketHarness.run(in: folder) { bucket in
            let object = try await bucket.s3.getObject(bucket: "exams", key: "k", bytesMax: 2)
            #expect(object.body == [1, 2])
        }
    }

    @Test("an upload tells its topic before it is answered, in MinIO's words")
    func notification() async throws {
        try await BucketHarness.run {
            $0.rules = [
                try NotificationRule(
                    bucket: "exams",
                    topic: "exam-generator-topic",
                    events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
                    suffix: ".pdf"
                ),
                try NotificationRule(bucket: "other-bucket", topic: "other"),
            ]
        } _: { bucket in
            for key in ["maths/term 1.pdf", "notes.txt"] {
                try await bucket.s3.putObject(
                    bucket: "exams",
                    key: key,
                    body: [1, 2, 3],
                    contentType: "application/pdf",
                    userMetadata: ["course": "cs"]
                )
            }
            let records = bucket.publisher.records
            #expect(records.map(\.key) == ["exams/maths/term 1.pdf"])
            let record = try #require(records.first?.notification.records.first)
            #expect(records.first?.topic == "exam-generator-topic")
            #expect(record.eventName == "ObjectCreated:Put")
            #expect(record.key == "maths/term 1.pdf")
            #expect(record.lengthBytes == 3)
            #expect(record.region == "us-east-1")
            #expect(
                record.userMetadata
                    == ["content-type": "application/pdf", "X-Amz-Meta-Course": "cs"]
            )
            try await bucket.s3.deleteObject(bucket: "exams", key: "maths/term 1.pdf")
            try await bucket.s3.deleteObject(bucket: "exams", key: "maths/term 1.pdf")
            let names = bucket.publisher.records.map { $0.notification.records[0].eventName }
            #expect(names == ["ObjectCreated:Put", "ObjectRemoved:Delete"])
            let sequencers = bucket.publisher.records.compactMap {
                $0.notification.records[0].sequencer
            }
            #expect(sequencers == sequencers.sorted())
            let stages = bucket.milestones.all.filter { $0.subject == "exams/maths/term 1.pdf" }
            #expect(stages.map(\.stage) == [.stored, .notified, .notified])
            #expect(stages[1].attributes["offset"] == "0")
            #expect(stages[1].attributes["topic"] == "exam-generator-topic")
            #expect(stages[0].attributes["etag"] == record.eTag)
        }
    }

    @Test("a bucket that only a rule names exists")
    func bucketsOfRules() async throws {
        try await BucketHarness.run {
            $0.rules = [try NotificationRule(bucket: "from-a-rule", topic: "t")]
        } _: { bucket in
            #expect(try await bucket.s3.listObjects(bucket: "from-a-rule").isEmpty)
            let answer = try await bucket.send(.get, "/from-a-rule", query: "notification=")
            let root = try XMLReader.parse(answer.body)
            #expect(root["QueueConfiguration"]?["Event"]?.text == "s3:ObjectCreated:*")
        }
    }

    @Test("a notification that fails is 503: the object stays, the client's next try succeeds")
    func failingNotification() async throws {
        try await BucketHarness.run {
            $0.rules = [
                try NotificationRule(
                    bucket: "exams",
                    topic: "t",
                    events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
                )
            ]
        } _: { bucket in
            bucket.publisher.fail(1)
            let body = Array("x".utf8)
            let refused = try await bucket.send(.put, "/exams/k", body: body)
            self.expectCode("SlowDown", .serviceUnavailable, refused)
            #expect(refused.fields["retry-after"] == "1")
            #expect(try await bucket.s3.headObject(bucket: "exams", key: "k")?.size == 1)
            #expect(bucket.publisher.records.isEmpty)
            bucket.publisher.fail(2)
            try await bucket.s3.putObject(bucket: "exams", key: "k", body: body, contentType: "")
            #expect(bucket.publisher.records.count == 1)
            bucket.publisher.fail(1)
            self.expectCode(
                "SlowDown",
                .serviceUnavailable,
                try await bucket.send(.delete, "/exams/k")
            )
            #expect(try await bucket.s3.headObject(bucket: "exams", key: "k") != nil)
            try await bucket.s3.deleteObject(bucket: "exams", key: "k")
            #expect(bucket.publisher.records.count == 2)
        }
    }

    @Test("copies keep or replace metadata, and tell so")
    func copies() async throws {
        try await BucketHarness.run {
            $0.rules = [try NotificationRule(bucket: "exams", topic: "t")]
        } _: { bucket in
            try await bucket.s3.putObject(
                bucket: "exams",
                key: "a ü",
                body: [1, 2, 3],
                contentType: "image/png",
                userMetadata: ["x": "y"]
            )
            let source: HTTPFields = ["x-amz-copy-source": "/exams/a%20%C3%BC"]
            #expect(try await bucket.send(.put, "/exams/b", fields: source).status == .ok)
            let copy = try await bucket.s3.getObject(bucket: "exams", key: "b", bytesMax: 3)
            #expect(copy.body == [1, 2, 3])
            #expect(copy.info.contentType == "image/png")
            #expect(copy.info.userMetadata == ["x": "y"])
            #expect(
                bucket.publisher.records.last?.notification.records.first?.eventName
                    == "ObjectCreated:Copy"
            )
            let selfCopy: HTTPFields = ["x-amz-copy-source": "exams/b"]
            self.expectCode(
                "InvalidRequest",
                .badRequest,
                try await bucket.send(.put, "/exams/b", fields: selfCopy)
            )
            let missing: HTTPFields = ["x-amz-copy-source": "exams/missing"]
            self.expectCode(
                "NoSuchKey",
                .notFound,
                try await bucket.send(.put, "/exams/c", fields: missing)
            )
        }
    }

    @Test("requests that are not believed")
    func authentication() async throws {
        try await BucketHarness.run { bucket in
            let anonymous = HTTPClientRequest(url: bucket.url + "/exams/k")
            self.expectCode("AccessDenied", .forbidden, try await bucket.http.send(anonymous))
            let wrong = S3Credentials(accessKey: "minio", secretKey: "minio124")
            self.expectCode(
                "SignatureDoesNotMatch",
                .forbidden,
                try await bucket.send(.get, "/exams", credentials: wrong)
            )
            let unknown = S3Credentials(accessKey: "nobody", secretKey: "minio123")
            self.expectCode(
                "InvalidAccessKeyId",
                .forbidden,
                try await bucket.send(.get, "/exams", credentials: unknown)
            )
            let health = HTTPClientRequest(url: bucket.url + "/minio/health/live")
            #expect(try await bucket.http.send(health).status == .ok)
            let forged = [UInt8](repeating: 7, count: 3_000_000)
            self.expectCode(
                "SignatureDoesNotMatch",
                .forbidden,
                try await bucket.send(.put, "/exams/k", body: forged, credentials: wrong)
            )
            #expect(try await bucket.s3.headObject(bucket: "exams", key: "k") == nil)
        }
    }

    @Test("a body other than the signed one is refused and leaves nothing behind")
    func changedBody() async throws {
        let folder = try TemporaryFolder()
        try await BucketHarness.run(in: folder) { bucket in
            let other = PayloadHash.hash(Digest.hash([9], with: .sha256))
            self.expectCode(
                "XAmzContentSHA256Mismatch",
                .badRequest,
                try await bucket.send(.put, "/exams/k", body: [1], payloadHash: other)
            )
            #expect(try await bucket.s3.headObject(bucket: "exams", key: "k") == nil)
            #expect(try folder.files(in: "tmp").isEmpty)
        }
    }

    @Test("objects beyond the limit are refused: at the limit and one past it")
    func objectBytesMax() async throws {
        try await BucketHarness.run {
            $0.objectBytesMax = 1000
        } _: { bucket in
            let body = [UInt8](repeating: 1, count: 1000)
            #expect(try await bucket.send(.put, "/exams/k", body: body).status == .ok)
            self.expectCode(
                "EntityTooLarge",
                .badRequest,
                try await bucket.send(.put, "/exams/k", body: body + [1])
            )
        }
    }

    @Test("ranges, conditions and replaced fields of a GET")
    func reading() async throws {
        try await BucketHarness.run { bucket in
            let body = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
            let eTag = try await bucket.s3.putObject(
                bucket: "exams",
                key: "k",
                body: body,
                contentType: "text/plain"
            )
            let part = try await bucket.send(.get, "/exams/k", fields: ["range": "bytes=10-19"])
            #expect(part.status == .partialContent)
            #expect(part.body == Array(body[10..<20]))
            #expect(part.fields["content-range"] == "bytes 10-19/1000")
            let outside = try await bucket.send(.get, "/exams/k", fields: ["range": "bytes=1000-"])
            self.expectCode("InvalidRange", .rangeNotSatisfiable, outside)
            #expect(outside.fields["content-range"] == "bytes */1000")
            let known = try await bucket.send(
                .get,
                "/exams/k",
                fields: ["if-none-match": "\"\(eTag)\""]
            )
            #expect(known.status == 304)
            #expect(known.body.isEmpty)
            let replaced = try await bucket.send(
                .get,
                "/exams/k",
                query: "response-content-type=a%2Fb"
            )
            #expect(replaced.fields["content-type"] == "a/b")
            self.expectCode(
                "InvalidArgument",
                .badRequest,
                try await bucket.send(.get, "/exams/k", query: "response-expires=a%0D%0Ax%3A%20y")
            )
            let head = try await bucket.send(.head, "/exams/k")
            #expect(head.status == .ok)
            #expect(head.fields["content-length"] == "1000")
            let missing = try await bucket.send(.head, "/exams/missing")
            #expect(missing.status == .notFound)
        }
    }

    @Test("an object replaced while it is read is sent as it was")
    func replacedWhileRead() async throws {
        try await BucketHarness.run { bucket in
            let count = 64 * BucketServer.sendBytes
            let old = [UInt8](repeating: 1, count: count)
            try await bucket.s3.putObject(bucket: "exams", key: "k", body: old, contentType: "")
            let events = AsyncStream<HTTPClientRequest.StreamEvent>.makeStream()
            var request = bucket.signed(.get, "/exams/k")
            request.responseSink = .stream { event, transfer in
                if case .head = event { transfer.pause() }
                events.continuation.yield(event)
            }
            let transfer = bucket.http.start(request) { _ in events.continuation.finish() }
            var received: [UInt8] = []
            for await event in events.stream {
                switch event {
                case .head:
                    try await bucket.s3.putObject(
                        bucket: "exams",
                        key: "k",
                        body: [2],
                        contentType: ""
                    )
                    transfer.resume()
                case .chunk(let bytes): received.append(contentsOf: bytes)
                }
            }
            #expect(received == old)
            let now = try await bucket.s3.getObject(bucket: "exams", key: "k", bytesMax: 1)
            #expect(now.body == [2])
        }
    }

    @Test("deleting many objects answers for each")
    func deleteMany() async throws {
        try await BucketHarness.run { bucket in
            for key in ["a&b", "c d"] {
                try await bucket.s3.putObject(bucket: "exams", key: key, body: [], contentType: "")
            }
            let body = Array(
                """
                <Delete><Object><Key>a&amp;b</Key></Object><Object><Key>c d</Key></Object>\
                <Object><Key>missing</Key></Object><Object><Key></Key></Object></Delete>
                """.utf8
            )
            let answer = try await bucket.send(.post, "/exams", query: "delete=", body: body)
            let root = try XMLReader.parse(answer.body)
            #expect(root.all("Deleted").map { $0["Key"]?.text } == ["a&b", "c d", "missing"])
            #expect(root.all("Error").map { $0["Code"]?.text } == ["InvalidArgument"])
            #expect(try await bucket.s3.listObjects(bucket: "exams").isEmpty)
            for bad in ["<Delete/>", "<Other/>", "<Delete>", "<!DOCTYPE a><Delete/>"] {
                self.expectCode(
                    "MalformedXML",
                    .badRequest,
                    try await bucket.send(
                        .post,
                        "/exams",
                        query: "delete=",
                        body: Array(bad.utf8)
                    )
                )
            }
        }
    }

    @Test("listings of a thousand and more come in pages")
    func pages() async throws {
        try await BucketHarness.run {
            $0.synchronisesWrites = false
        } _: { bucket in
            let keys = (0..<1005).map { "p/\(1000 + $0)+ü" }
            for key in keys {
                try await bucket.s3.putObject(bucket: "exams", key: key, body: [], contentType: "")
            }
            let listed = try await bucket.s3.listObjects(bucket: "exams", prefix: "p/")
            #expect(listed.map(\.key) == keys)
            #expect(try await bucket.s3.listObjects(bucket: "exams", prefix: "q").isEmpty)
        }
    }

    @Test("a file goes up in one piece or in parts, and comes back")
    func files() async throws {
        let folder = try TemporaryFolder()
        try await BucketHarness.run {
            $0.rules = [try NotificationRule(bucket: "exams", topic: "t")]
        } _: { bucket in
            let length = S3Client.singleBytesMax + 5
            let file = try FileIO.open("\(folder.path)/source", O_RDWR | O_CREAT)
            let block = (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
            var written: Int64 = 0
            while written < length {
                try FileIO.write(block, to: file)
                written += Int64(block.count)
            }
            for (key, length) in [("small", Int64(5_000_000)), ("big", length)] {
                let eTag = try await bucket.s3.putObject(
                    bucket: "exams",
                    key: key,
                    file: file.descriptor,
                    length: length,
                    contentType: "application/pdf"
                )
                #expect(eTag.contains("-") == (key == "big"))
                let back = try FileIO.open("\(folder.path)/\(key)", O_RDWR | O_CREAT)
                let info = try await bucket.s3.getObject(
                    bucket: "exams",
                    key: key,
                    toFile: back.descriptor,
                    bytesMax: Int(length)
                )
                #expect(info.size == Int(length))
                #expect(info.eTag == eTag)
                #expect(info.contentType == "application/pdf")
                let sent = try FileIO.read(Int(length), at: 0, of: file)
                #expect(try FileIO.read(Int(length) + 1, at: 0, of: back) == sent)
            }
            let names = bucket.publisher.records.map { $0.notification.records[0].eventName }
            #expect(names == ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload"])
        }
    }

    @Test("an upload cut off by the client leaves nothing behind")
    func cutOff() async throws {
        let folder = try TemporaryFolder()
        let source = try TemporaryFolder()
        try await BucketHarness.run(in: folder) { bucket in
            let file = try FileIO.open("\(source.path)/sparse", O_RDWR | O_CREAT)
            #expect(ftruncate(file.descriptor, 1 << 32) == 0)
            var request = bucket.signed(.put, "/exams/k", payloadHash: .unsigned)
            request.body = .file(descriptor: file.descriptor, offset: 0, length: 1 << 32)
            let ended = AsyncStream<Void>.makeStream()
            let transfer = bucket.http.start(request) { _ in ended.continuation.finish() }
            try await bucket.eventually { try folder.files(in: "tmp").count == 1 }
            transfer.cancel()
            for await _ in ended.stream {}
            try await bucket.eventually { try folder.files(in: "tmp").isEmpty }
            #expect(try await bucket.s3.headObject(bucket: "exams", key: "k") == nil)
        }
    }
}
