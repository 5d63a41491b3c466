// SPDX-License-Identifier: Apache-2.0

import Manifests
import Testing

@Suite("The chart exam, as helm prints it")
struct ChartTests {
    private static func load() throws -> ManifestSet {
        try ManifestLoader.load(files: [Load.repositoryPath("charts/exam/rendered.yaml")])
    }

    @Test("nothing in it is wrong, unknown or ignored")
    func isClean() throws {
        #expect(try Self.load().diagnostics == [])
    }

    @Test("the function is the only Service, and stays inside of a cluster")
    func service() throws {
        let set = try Self.load()
        #expect(set.services.map(\.metadata.name) == ["exam-generator"])
        let service = try #require(set.service("exam-generator", in: "exam"))
        #expect(service.executableName == "exam-generator")
        #expect(service.isClusterLocal)
        #expect(service.containerConcurrency == 4)
        #expect(service.scaling.minScale == 0)
        #expect(service.scaling.maxScale == 10)
        #expect(service.scaling.window == nil)
    }

    @Test("the source reads the topic that the bucket notifies, and feeds the function")
    func story() throws {
        let set = try Self.load()
        let source = try #require(set.sources.first)
        let notification = try #require(set.notifications.first)
        #expect(set.sources.count == 1)
        #expect(set.notifications.count == 1)
        #expect(source.topics == [notification.topic])
        #expect(source.sink.reference?.name == "exam-generator")
        #expect(source.sink.reference?.namespace == "exam")
        #expect(source.sink.reference?.isKnativeService == true)
        #expect(source.ordering == .unordered)
        #expect(source.delivery?.retryMax == 5)
        #expect(
            notification
                == BucketNotification(
                    bucket: "exams",
                    topic: "exam-generator-topic",
                    events: ["s3:ObjectCreated:*"],
                    prefix: "",
                    suffixes: [".pdf", ".PDF"]
                )
        )
        #expect(set.topics.map(\.topic) == ["exam-generator-topic", "exam-generated"])
        #expect(set.topics.map(\.partitions) == [3, 3])
    }

    @Test("the function's environment is complete")
    func environment() throws {
        let set = try Self.load()
        let container = try #require(set.services.first).container
        let environment = try set.environment(of: container, in: "exam")
        let values = Dictionary(uniqueKeysWithValues: environment.map { ($0.name, $0.value) })
        #expect(
            values == [
                "AWS_ACCESS_KEY_ID": "minio", "AWS_SECRET_ACCESS_KEY": "minio123",
                "AWS_ENDPOINT_URL": "http://minions-hl.minio-tenant.svc:9000",
                "AWS_REGION": "us-east-1", "EXAM_GENERATOR": "cloze",
                "KAFKA_BOOTSTRAP_SERVER": "kafka-cluster-kafka-bootstrap.strimzi.svc:9092",
                "RESULT_TOPIC": "exam-generated", "SWIFTLET_HALF_CLOSE": "cancel",
            ]
        )
    }
}
