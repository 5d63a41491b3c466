// SPDX-License-Identifier: Apache-2.0

import CloudEvents
import EventLoop
import FoundationEssentials
import HTTPClient
import Kafka
import ObjectStorage
import Swiftlet
import SwiftletTesting
import Testing

@testable import exam_generator

@Suite("The function with a bucket, a broker and pdftotext")
struct LiveTests {
    /// A bucket and a broker of this machine, and the function that uses them.
    final class Stage: Sendable {
        let loop: EventLoop
        let bucket: EmbeddedBucket
        let broker: EmbeddedBroker
        let http: HTTPClient
        let client: S3Client
        let function: Function
        private let folder: String

        init() async throws {
            self.folder = "/tmp/exam-generator-live-\(UInt64.random(in: 0 ... .max))"
            self.loop = try EventLoop(name: "live")
            self.loop.start()
            var configuration = EmbeddedBucketConfiguration(
                stateDirectory: self.folder,
                accessKey: "minio",
                secretKey: "minio123"
            )
            configuration.buckets = ["exams"]
            self.bucket = try EmbeddedBucket(
                loop: self.loop,
                configuration: configuration,
                publisher: nil,
                logger: Logger(label: "bucket")
            )
            let address = try await self.bucket.start(on: .ipv4Loopback(port: 0))
            self.broker = try EmbeddedBroker()
            try self.broker.createTopic("exam-generated", partitions: 1)
            let environment = [
                "AWS_ENDPOINT_URL": "http://\(address)", "AWS_ACCESS_KEY_ID": "minio",
                "AWS_SECRET_ACCESS_KEY": "minio123",
                "KAFKA_BOOTSTRAP_SERVER": self.broker.bootstrapServers,
            ]
            self.http = HTTPClient(loop: self.loop)
            self.client = S3Client(
                client: self.http,
                configuration: try S3Configuration.fromEnvironment(environment)
            )
            self.function = ExamGeneratorMain.function(try ExamService.live(environment))
        }

        func close() async {
            await self.http.close()
            await self.bucket.stop(deadline: .seconds(5))
            await self.broker.close()
            self.loop.stop()
            try? FileManager.default.removeItem(atPath: self.folder)
        }
    }

    private func notification(_ key: String) -> CloudEvent {
        let json =
            #"{"Records":[{"eventName":"s3:ObjectCreated:Put","s3":{"bucket":{"name":"exams"},"#
            + #""object":{"key":"\#(key)","eTag":"x"}}}]}"#
        return CloudEvent(
            type: "dev.knative.kafka.event",
            source: "/apis/v1/namespaces/exam/kafkasources/s#t",
            id: "partition:0/offset:1",
            data: .binary(Array(json.utf8))
        )
    }

    @Test("makes exams of real documents, and explains the others")
    func wholeStory() async throws {
        let stage = try await Stage()
        let tester = FunctionTester(stage.function)
        let sample = try Fixtures.sample("photosynthesis")
        _ = try await stage.client.putObject(
            bucket: "exams",
            key: "biology/photo synthesis.pdf",
            body: sample,
            contentType: "application/pdf"
        )
        let reply = try #require(
            try await tester.send(self.notification("biology%2Fphoto+synthesis.pdf"))
        )
        #expect(reply.type == CompletionEvent.generatedType)
        let key = "question_bank/biology/photo synthesis.json"
        let exam = try await stage.client.getObject(bucket: "exams", key: key, bytesMax: 1_000_000)
        #expect(exam.info.contentType == "application/json")
        #expect(exam.info.userMetadata["questions"] == "10")
        let questions = try JSONDecoder().decode([Question].self, from: Data(exam.body))
        #expect(questions.count == 10)

        let secret = try Fixtures.bytes("Tests/Fixtures/pdf/encrypted.pdf")
        _ = try await stage.client.putObject(
            bucket: "exams",
            key: "secret.pdf",
            body: secret,
            contentType: "application/pdf"
        )
        let refusal = try #require(try await tester.send(self.notification("secret.pdf")))
        #expect(refusal.type == CompletionEvent.failedType)
        let error = try await stage.client.getObject(
            bucket: "exams",
            key: "question_bank/secret.error.json",
            bytesMax: 10_000
        )
        #expect(String(decoding: error.body, as: UTF8.self).contains("password"))
        #expect(try await tester.send(self.notification("nothing.pdf")) == nil)
        await stage.close()
    }
}
