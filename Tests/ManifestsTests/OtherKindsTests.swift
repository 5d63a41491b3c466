// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Manifests

@Suite("Topics, Secrets, ConfigMaps and bucket notifications")
struct OtherKindsTests {
    static let topic = """
        apiVersion: kafka.strimzi.io/v1beta2
        kind: KafkaTopic
        metadata:
          name: exam-generator-topic
          namespace: strimzi
          labels: {strimzi.io/cluster: kafka-cluster}
        spec:
          topicName: Exam_Generator
          partitions: 3
          replicas: 1
          config:
            retention.ms: 604800000
            cleanup.policy: compact
            preallocate: true
        status: {topicName: x}

        """

    @Test("a topic is read, of any version of Strimzi's API")
    func readsTopic() throws {
        let set = try Load.set(Self.topic)
        #expect(set.diagnostics == [])
        let topic = try #require(set.topics.first)
        #expect(topic.topic == "Exam_Generator")
        #expect(topic.metadata.name == "exam-generator-topic")
        #expect(topic.partitions == 3)
        #expect(topic.replicas == 1)
        #expect(
            topic.settings == [
                "retention.ms": "604800000", "cleanup.policy": "compact", "preallocate": "true",
            ]
        )
        for version in ["v1alpha1", "v1beta1", "v1"] {
            let text =
                "apiVersion: kafka.strimzi.io/\(version)\nkind: KafkaTopic\nmetadata: {name: t}"
            let topic = try #require(try Load.set(text).topics.first)
            #expect(topic.topic == "t")
            #expect(topic.partitions == nil)
        }
    }

    static let topicMistakes: [Mistake] = [
        Mistake(
            "partitions: 3",
            "partitions: 0",
            "9:15: spec.partitions: expected 1 to 10000, got 0"
        ),
        Mistake(
            "partitions: 3",
            "partitions: 10001",
            "9:15: spec.partitions: expected 1 to 10000, got 10001"
        ),
        Mistake("replicas: 1", "replicas: 0", "10:13: spec.replicas: expected 1 to 32767, got 0"),
        Mistake(
            "topicName: Exam_Generator",
            "topicName: a b",
            "8:14: spec.topicName: expected a topic's name (letters, digits, '.', '_' and '-', at"
                + " most 249), got \"a b\""
        ),
        Mistake(
            "preallocate: true",
            "preallocate: [true]",
            "14:18: spec.config.preallocate: expected a single value, got a list"
        ),
        Mistake(
            "  partitions: 3",
            "  partition: 3",
            "9:3: warning: spec.partition: unknown field; did you mean partitions?"
        ),
    ]

    @Test("mistakes in a topic are told", arguments: topicMistakes)
    func topicMistake(_ mistake: Mistake) {
        mistake.check(in: Self.topic)
    }

    static let secret = """
        apiVersion: v1
        kind: Secret
        metadata: {name: keys, namespace: exam}
        type: Opaque
        immutable: true
        data:
          access: bWluaW8=
          both: b2xk
          binary: //4=
        stringData:
          both: new
          secret: minio123

        """

    @Test("a Secret is read, stringData winning, and never shown")
    func readsSecret() throws {
        let set = try Load.set(Self.secret)
        #expect(set.diagnostics == [])
        let secret = try #require(set.secret("keys", in: "exam"))
        #expect(
            secret.data == [
                "access": Array("minio".utf8), "both": Array("new".utf8), "binary": [0xFF, 0xFE],
                "secret": Array("minio123".utf8),
            ]
        )
        var dumped = ""
        dump(set, to: &dumped)
        for shown in ["\(secret)", "\(set)", String(reflecting: secret), dumped] {
            #expect(!shown.contains("minio123"))
            #expect(!shown.contains("109, 105, 110"))
        }
        #expect("\(secret)" == "Secret exam/keys (access, binary, both, secret)")
    }

    static let secretMistakes: [Mistake] = [
        Mistake(
            "bWluaW8=",
            "not-base64",
            "7:11: data.access: expected base64; plain text belongs in stringData"
        ),
        Mistake(
            "secret: minio123",
            "secret: 12345678",
            "12:11: stringData.secret: expected a string, got an integer; put it in quotes"
        ),
        Mistake(
            "access: ",
            "a/b: ",
            "7:8: data[\"a/b\"]: expected a key (letters, digits, '.', '_' and '-', at most 253)"
        ),
        Mistake(
            "stringData:",
            "stringdata:",
            "10:1: warning: stringdata: unknown field; did you mean stringData?"
        ),
        Mistake(
            "immutable: true",
            "immutable: maybe",
            "5:12: immutable: expected true or false, got a string"
        ),
    ]

    @Test("mistakes in a Secret are told without its values", arguments: secretMistakes)
    func secretMistake(_ mistake: Mistake) {
        mistake.check(in: Self.secret)
    }

    @Test("a ConfigMap is read")
    func readsConfigMap() throws {
        let text = """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: settings}
            data: {mode: fast, empty: }
            binaryData: {raw: //4=}
            """
        let map = try #require(try Load.set(text).configMap("settings", in: "default"))
        #expect(map.data == ["mode": "fast", "empty": ""])
        #expect(map.binaryData == ["raw": [0xFF, 0xFE]])
        Mistake("raw:", "mode:", "5:20: binaryData.mode: the same key is in data; give it once")
            .check(in: text)
        Mistake("//4=", "x", "5:19: binaryData.raw: expected base64; plain text belongs in data")
            .check(in: text)
        Mistake("fast", "{a: b}", "4:14: data.mode: expected a string, got a mapping")
            .check(in: text)
    }

    @Test("a Secret or ConfigMap holds a mebibyte at most, as in Kubernetes")
    func dataSize() {
        let half = String(repeating: "x", count: 512 * 1024)
        for kind in ["Secret", "ConfigMap"] {
            func told(_ more: String) -> [String] {
                let data = kind == "Secret" ? "stringData" : "data"
                return Load.diagnostics(
                    "apiVersion: v1\nkind: \(kind)\nmetadata: {name: a}\n\(data):\n"
                        + "  a: \(half)\n  b: \(half)\n  c: '\(more)'\n"
                )
            }
            #expect(told("") == [])
            #expect(told("x").count == 1)
            #expect(told("x").first?.hasSuffix("at most 1048576 bytes, got 1048577") == true)
        }
    }

    @Test("annotations hold 256 KiB at most, as in Kubernetes")
    func annotationSize() {
        func told(_ count: Int) -> [String] {
            let text = String(repeating: "x", count: count)
            return Load.diagnostics(
                Self.job.replacing("swiftlet.dev/prefix: \"maths/\"", with: "a: \(text)")
            )
        }
        // The other annotations of the Job.
        let others = [
            "swiftlet.dev/bucketexams", "swiftlet.dev/topicexam-generator-topic",
            "swiftlet.dev/eventsput", "swiftlet.dev/suffix.pdf, .PDF", "a",
        ].joined().utf8.count
        #expect(told(256 * 1024 - others) == [])
        #expect(
            told(256 * 1024 - others + 1).last
                == "m:6:5: metadata.annotations: expected at most 262144 bytes, got 262145"
        )
    }

    // MARK: - Notifications

    static let job = """
        apiVersion: batch/v1
        kind: Job
        metadata:
          name: configure
          annotations:
            swiftlet.dev/bucket: exams
            swiftlet.dev/topic: exam-generator-topic
            swiftlet.dev/events: put
            swiftlet.dev/prefix: "maths/"
            swiftlet.dev/suffix: ".pdf, .PDF"
        spec: {template: {spec: {containers: [{image: minio/mc}], restartPolicy: OnFailure}}}

        """

    @Test("a Job's annotations declare a notification")
    func readsJob() throws {
        let set = try Load.set(Self.job)
        #expect(set.diagnostics == [])
        #expect(
            set.notifications == [
                BucketNotification(
                    bucket: "exams",
                    topic: "exam-generator-topic",
                    events: ["s3:ObjectCreated:*"],
                    prefix: "maths/",
                    suffixes: [".pdf", ".PDF"]
                )
            ]
        )
    }

    static let events: [(String, [String])] = [
        ("put", ["s3:ObjectCreated:*"]),
        ("put,delete", ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]),
        ("get, put , put", ["s3:ObjectAccessed:*", "s3:ObjectCreated:*"]),
        ("s3:ObjectCreated:Put", ["s3:ObjectCreated:Put"]),
        (
            "s3:ObjectRemoved:*,ilm",
            [
                "s3:ObjectRemoved:*", "s3:ObjectRestore:*", "s3:ObjectTransition:*",
            ]
        ),
    ]

    @Test("events go by the names of mc and of S3", arguments: events)
    func eventNames(_ text: String, _ names: [String]) throws {
        let job = Self.job.replacing("events: put", with: "events: \"\(text)\"")
        #expect(try Load.set(job).notifications.first?.events == names)
    }

    @Test("events, prefix and suffix may be left out")
    func optional() throws {
        let job = Self.job
            .replacing("    swiftlet.dev/events: put\n", with: "")
            .replacing("    swiftlet.dev/prefix: \"maths/\"\n", with: "")
            .replacing("\".pdf, .PDF\"", with: "''")
        let notification = try #require(try Load.set(job).notifications.first)
        #expect(notification.events == ["s3:ObjectCreated:*"])
        #expect(notification.prefix == "")
        #expect(notification.suffixes == [])
    }

    private static let annotations = "metadata.annotations"

    static let jobMistakes: [Mistake] = [
        Mistake(
            "    swiftlet.dev/bucket: exams\n",
            "",
            "1:1: \(annotations)[\"swiftlet.dev/bucket\"]: missing, but required to set up"
                + " notifications"
        ),
        Mistake(
            "bucket: exams",
            "bucket: Exams",
            "6:26: \(annotations)[\"swiftlet.dev/bucket\"]: expected a bucket's name (a-z, 0-9,"
                + " '-' and '.', 3 to 63, a letter or digit at both ends), got \"Exams\""
        ),
        Mistake(
            "events: put",
            "events: upload",
            "8:26: \(annotations)[\"swiftlet.dev/events\"]: expected delete, get, ilm, put, replica,"
                + " scanner, or events such as s3:ObjectCreated:Put, got \"upload\""
        ),
        Mistake(
            "events: put",
            "events: ''",
            "8:26: \(annotations)[\"swiftlet.dev/events\"]: expected at least one event"
        ),
        Mistake(
            "maths/",
            "maths/../",
            "9:26: \(annotations)[\"swiftlet.dev/prefix\"]: expected no \\ and no part that is . or"
                + " .."
        ),
        Mistake(
            "\"maths/\"",
            String(repeating: "m", count: 1025),
            "9:26: \(annotations)[\"swiftlet.dev/prefix\"]: expected at most 1024 bytes"
        ),
        Mistake(
            ".pdf, .PDF",
            ".pdf,exam.pdf",
            "10:26: \(annotations)[\"swiftlet.dev/suffix\"]: expected suffixes of which none ends"
                + " with another, or an event is told twice"
        ),
        Mistake(
            ".pdf, .PDF",
            ".pdf,",
            "10:26: \(annotations)[\"swiftlet.dev/suffix\"]: expected suffixes of which none ends"
                + " with another, or an event is told twice"
        ),
        Mistake(
            "swiftlet.dev/suffix",
            "swiftlet.dev/sufix",
            "10:25: warning: \(annotations)[\"swiftlet.dev/sufix\"]: unknown annotation; did you"
                + " mean swiftlet.dev/suffix?"
        ),
    ]

    @Test("a notification has a hundred suffixes at most")
    func suffixCount() throws {
        func job(_ count: Int) -> String {
            let suffixes = (0..<count).map { ".\($0)x" }.joined(separator: ",")
            return Self.job.replacing(".pdf, .PDF", with: suffixes)
        }
        #expect(try Load.set(job(100)).notifications.first?.suffixes.count == 100)
        let path = "\(Self.annotations)[\"swiftlet.dev/suffix\"]"
        #expect(
            Load.diagnostics(job(101))
                == ["m:10:26: \(path): expected at most 100 suffixes, got 101"]
        )
    }

    @Test("mistakes in a Job's annotations are told", arguments: jobMistakes)
    func jobMistake(_ mistake: Mistake) {
        mistake.check(in: Self.job)
    }
}
