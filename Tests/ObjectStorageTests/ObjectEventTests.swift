// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@testable import ObjectStorage

@Suite("Notifications: MinIO's form")
struct ObjectEventTests {
    static func event(
        _ name: ObjectEventName = .createdPut,
        key: String = "maths/term 1/été.pdf",
        lengthBytes: UInt64 = 12345,
        userAgent: String = "curl/7.88.1"
    ) -> ObjectEvent {
        ObjectEvent(
            name: name,
            time: Timestamp(
                year: 2026,
                month: 1,
                day: 2,
                hour: 15,
                minute: 4,
                second: 5,
                nanoseconds: 678_900_000
            ),
            bucket: "exams",
            key: key,
            sequencer: 0x17A5_B0C2_D3E4_F506,
            object: ObjectEvent.Object(
                lengthBytes: lengthBytes,
                eTag: "faff7f82aa55252fa00fee6fc7648f40",
                contentType: "application/pdf",
                userMetadata: ["content-type": "application/pdf", "X-Amz-Meta-Course": "cs"]
            ),
            request: ObjectEvent.Request(
                accessKey: "minio",
                sourceAddress: "127.0.0.1",
                userAgent: userAgent,
                requestID: "18E9B9776139C781"
            ),
            origin: ObjectEvent.Origin(
                region: "us-east-1",
                hostID: "abc",
                deploymentID: "b534da3b-0c18-4ef3-8f13-8084231cad23",
                endpoint: "http://127.0.0.1:9000"
            )
        )
    }

    private func text(_ event: ObjectEvent) -> String {
        String(decoding: event.recordValue, as: UTF8.self)
    }

    @Test("members, their order and their form")
    func put() {
        let expected =
            #"{"EventName":"s3:ObjectCreated:Put","Key":"exams/maths/term 1/été.pdf","#
            + #""Records":[{"eventVersion":"2.0","eventSource":"minio:s3","#
            + #""awsRegion":"us-east-1","eventTime":"2026-01-02T15:04:05.678Z","#
            + #""eventName":"s3:ObjectCreated:Put","userIdentity":{"principalId":"minio"},"#
            + #""requestParameters":{"principalId":"minio","region":"us-east-1","#
            + #""sourceIPAddress":"127.0.0.1"},"responseElements":{"x-amz-id-2":"abc","#
            + #""x-amz-request-id":"18E9B9776139C781","#
            + #""x-minio-deployment-id":"b534da3b-0c18-4ef3-8f13-8084231cad23","#
            + #""x-minio-origin-endpoint":"http://127.0.0.1:9000"},"#
            + #""s3":{"s3SchemaVersion":"1.0","configurationId":"Config","#
            + #""bucket":{"name":"exams","ownerIdentity":{"principalId":"minio"},"#
            + #""arn":"arn:aws:s3:::exams"},"#
            + #""object":{"key":"maths%2Fterm+1%2F%C3%A9t%C3%A9.pdf","size":12345,"#
            + #""eTag":"faff7f82aa55252fa00fee6fc7648f40","contentType":"application/pdf","#
            + #""userMetadata":{"X-Amz-Meta-Course":"cs","content-type":"application/pdf"},"#
            + #""sequencer":"17A5B0C2D3E4F506"}},"#
            + #""source":{"host":"127.0.0.1","port":"","userAgent":"curl/7.88.1"}}]}"#
        #expect(self.text(Self.event()) == expected)
    }

    @Test("an empty object has no size")
    func empty() {
        #expect(!self.text(Self.event(lengthBytes: 0)).contains("\"size\""))
    }

    @Test("a removed object tells nothing of its bytes")
    func removed() {
        let text = self.text(Self.event(.removedDelete))
        for member in ["size", "eTag", "contentType", "userMetadata"] {
            #expect(!text.contains("\"\(member)\""))
        }
        #expect(
            text.contains(
                #""object":{"key":"maths%2Fterm+1%2F%C3%A9t%C3%A9.pdf","sequencer":"#
            )
        )
    }

    @Test("the record's key is bucket and raw key")
    func recordKey() {
        #expect(Self.event(key: "a b/ü+%.pdf").recordKey == Array("exams/a b/ü+%.pdf".utf8))
    }

    @Test("texts are escaped as Go does")
    func goEscapes() {
        var json: [UInt8] = []
        GoJSONText.append("a\"\\/<>&\u{8}\u{C}\n\r\t\u{1}\u{7F}é😀\u{2028}\u{2029}", to: &json)
        #expect(
            String(decoding: json, as: UTF8.self)
                == #""a\"\\/\u003c\u003e\u0026\b\f\n\r\t\u0001"# + "\u{7F}é😀"
                + #"\u2028\u2029""#
        )
    }
}

@Suite("Notifications: keys")
struct EventKeyCodingTests {
    @Test(
        "Go's query escaping",
        arguments: [
            ("a b", "a+b"), ("a+b", "a%2Bb"), ("a%b", "a%25b"), ("a/b", "a%2Fb"),
            ("é", "%C3%A9"), ("😀", "%F0%9F%98%80"), ("-_.~", "-_.~"), ("*", "%2A"),
            ("%2F", "%252F"), ("e\u{301}", "e%CC%81"),
        ]
    )
    func encodes(key: String, encoded: String) {
        #expect(EventKeyCoding.encode(key) == encoded)
        #expect(EventKeyCoding.decode(encoded).map { Array($0.utf8) } == Array(key.utf8))
    }

    @Test("Amazon leaves slashes alone")
    func amazon() { #expect(EventKeyCoding.decode("a/b+c%C3%A9") == "a/b cé") }

    @Test("broken escapes and broken UTF-8", arguments: ["%", "%4", "%zz", "%FF"])
    func broken(key: String) { #expect(EventKeyCoding.decode(key) == nil) }
}

@Suite("Notifications: reading")
struct S3EventNotificationTests {
    @Test("what MinIO sent, as captured")
    func captured() throws {
        let json =
            #"{"EventName":"s3:ObjectCreated:Put","Key":"bkt2/syllabus/week 1.pdf","Records":["#
            + #"{"eventVersion":"2.0","eventSource":"minio:s3","awsRegion":"us-east-1","#
            + #""eventTime":"2026-11-20T10:17:28Z","eventName":"s3:ObjectCreated:Put","#
            + #""userIdentity":{"principalId":"minioadmin"},"requestParameters":"#
            + #"{"accessKey":"minioadmin","region":"us-east-1","sourceIPAddress":"127.0.0.1"},"#
            + #""responseElements":{"x-amz-request-id":"18E9B9776139C781","#
            + #""x-minio-deployment-id":"b534da3b-0c18-4ef3-8f13-8084231cad23","#
            + #""x-minio-origin-endpoint":"http://127.0.0.1:19000"},"s3":{"s3SchemaVersion":"1.0","#
            + #""configurationId":"Config","bucket":{"name":"bkt2","ownerIdentity":"#
            + #"{"principalId":"minioadmin"},"arn":"arn:aws:s3:::bkt2"},"object":"#
            + #"{"key":"syllabus%2Fweek+1.pdf","size":11,"#
            + #""eTag":"faff7f82aa55252fa00fee6fc7648f40","contentType":"application/pdf","#
            + #""userMetadata":{"X-Amz-Meta-Course":"cs","content-type":"application/pdf"},"#
            + #""versionId":"1","sequencer":"18E9B97761739CE1"}},"source":{"host":"127.0.0.1","#
            + #""port":"","userAgent":"Boto3/1.44.5"}}]}"#
        let notification = try S3EventNotification(json: Array(json.utf8))
        #expect(
            notification.records == [
                S3EventNotification.Record(
                    eventName: "ObjectCreated:Put",
                    eventSource: "minio:s3",
                    region: "us-east-1",
                    time: Timestamp(
                        year: 2026,
                        month: 11,
                        day: 20,
                        hour: 10,
                        minute: 17,
                        second: 28
                    ),
                    bucket: "bkt2",
                    key: "syllabus/week 1.pdf",
                    eTag: "faff7f82aa55252fa00fee6fc7648f40",
                    lengthBytes: 11,
                    contentType: "application/pdf",
                    userMetadata: [
                        "X-Amz-Meta-Course": "cs", "content-type": "application/pdf",
                    ],
                    versionID: "1",
                    sequencer: "18E9B97761739CE1",
                    requestID: "18E9B9776139C781",
                    hostID: nil
                )
            ]
        )
    }

    @Test("what we write, we read", arguments: ObjectEventName.allCases)
    func roundTrip(name: ObjectEventName) throws {
        let event = ObjectEventTests.event(name, key: "a b+%/é😀<&>.pdf")
        let record = try #require(try S3EventNotification(json: event.recordValue).records.first)
        #expect(record.key == event.key)
        #expect("s3:" + record.eventName == name.rawValue)
        #expect(record.eTag == (name.isRemoval ? nil : event.object?.eTag))
        #expect(record.lengthBytes == (name.isRemoval ? 0 : 12345))
        #expect(record.requestID == "18E9B9776139C781")
        #expect(record.hostID == "abc")
        #expect(record.time == Timestamp(rfc3339: "2026-01-02T15:04:05.678Z"))
    }

    @Test("Amazon's test event has no records")
    func testEvent() throws {
        let json = #"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#
        #expect(try S3EventNotification(json: Array(json.utf8)).records.isEmpty)
    }

    @Test(
        "what is no notification",
        arguments: [
            "", "[]", "{}", "null", #"{"Records":{}}"#, #"{"Records":[{}]}"#,
            #"{"Records":[{"eventName":"x","s3":{"bucket":{"name":"b"},"object":{}}}]}"#,
            #"{"Records":[{"eventName":"x","s3":{"bucket":{"name":"b"},"object":{"key":"%"}}}]}"#,
            #"{"Records":[{"eventName":"x","s3":{"bucket":{"name":"b"},"#
                + #""object":{"key":"k","size":-1}}}]}"#,
        ]
    )
    func refused(json: String) {
        #expect(throws: S3EventError.self) { try S3EventNotification(json: Array(json.utf8)) }
    }
}

@Suite("Notifications: rules")
struct NotificationRuleTests {
    @Test(
        "prefix and suffix make a pattern",
        arguments: [
            ("", "", "anything", true),
            ("", ".pdf", "a.pdf", true),
            ("", ".pdf", ".pdf", true),
            ("", ".pdf", "a.PDF", false),
            ("", ".pdf", "a.pdf.txt", false),
            ("p/", "", "p/a", true),
            ("p/", "", "q/p/a", false),
            ("p/", ".pdf", "p/a.pdf", true),
            ("p/", ".pdf", "p/.pdf", true),
            ("ab", "bc", "abc", false),
            ("ab", "bc", "abbc", true),
            ("a*c", "", "abcd", true),
            ("a*c", "", "abd", false),
            ("", "*.pdf", "x.pdf", true),
            ("", "ab", "aab", true),
            ("é", "", "é1", true),
        ]
    )
    func matchesKeys(prefix: String, suffix: String, key: String, isMatch: Bool) throws {
        let rule = try NotificationRule(bucket: "b", topic: "t", prefix: prefix, suffix: suffix)
        #expect(rule.matches(.createdPut, bucket: "b", key: key) == isMatch)
        #expect(!rule.matches(.createdPut, bucket: "c", key: key))
    }

    @Test("events match by name or by family")
    func matchesEvents() throws {
        let all = try NotificationRule(
            bucket: "b",
            topic: "t",
            events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"]
        )
        let put = try NotificationRule(bucket: "b", topic: "t", events: ["s3:ObjectCreated:Put"])
        for name in ObjectEventName.allCases {
            #expect(all.matches(name, bucket: "b", key: "k"))
            #expect(put.matches(name, bucket: "b", key: "k") == (name == .createdPut))
        }
    }

    @Test(
        "rules that cannot be",
        arguments: [
            (["s3:ObjectCreated:Post"], "", ""), (["ObjectCreated:*"], "", ""), ([], "", ""),
            (["s3:Object"], "", ""), (["s3:ObjectCreated:*"], "a\\b", ""),
            (["s3:ObjectCreated:*"], "a/../b", ""), (["s3:ObjectCreated:*"], "", "./"),
            (["s3:ObjectCreated:*"], String(repeating: "p", count: 1025), ""),
            (["s3:ObjectCreated:*"], "", String(repeating: "s", count: 1025)),
        ]
    )
    func refused(events: [String], prefix: String, suffix: String) {
        #expect(throws: NotificationRuleError.self) {
            try NotificationRule(
                bucket: "b",
                topic: "t",
                events: events,
                prefix: prefix,
                suffix: suffix
            )
        }
    }

    @Test("the longest prefix is accepted")
    func longestPrefix() throws {
        _ = try NotificationRule(
            bucket: "b",
            topic: "t",
            prefix: String(repeating: "p", count: 1024)
        )
    }

    @Test("a pattern full of stars ends soon")
    func manyStars() throws {
        let rule = try NotificationRule(
            bucket: "b",
            topic: "t",
            prefix: String(repeating: "a*", count: 500)
        )
        let key = String(repeating: "a", count: 1023) + "b"
        #expect(rule.matches(.createdPut, bucket: "b", key: key))
    }
}
