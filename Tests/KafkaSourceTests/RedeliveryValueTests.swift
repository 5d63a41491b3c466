// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP
import Kafka
import TestSupport
import Testing

@testable import KafkaSource

@Suite("Offset bounds")
struct OffsetBoundTests {
    @Test(
        "reads what a person says",
        arguments: [
            ("beginning", OffsetBound.beginning), ("end", .end), ("0", .offset(0)),
            ("9223372036854775807", .offset(.max)), ("90s", .ago(.seconds(90))),
            ("2h", .ago(.seconds(7200))), ("7d", .ago(.seconds(7 * 86_400))),
            ("1.5m", .ago(.seconds(90))), ("250ms", .ago(.milliseconds(250))),
            ("1970-01-01T00:00:01.5Z", .time(1500)),
            ("1970-01-01T01:00:00+01:00", .time(0)),
        ]
    )
    func reads(text: String, bound: OffsetBound) {
        #expect(OffsetBound(text) == bound)
    }

    @Test(
        "refuses the rest",
        arguments: [
            "", "-1", "+1", "9223372036854775808", "yesterday", "1w", "m", ".m", "-1h", "1e9h",
            "infs", "nand", "0x1s", "99999999d", "2026-11-21", "2026-13-21T00:00:00Z",
        ]
    )
    func refuses(text: String) {
        #expect(OffsetBound(text) == nil)
    }

    @Test("a time ago is counted from now, and not from before 1970")
    func ago() {
        let now = Timestamp(secondsSinceEpoch: 1000, nanoseconds: 500_000_000)
        #expect(OffsetBound.ago(.seconds(1)).milliseconds(now: now) == 999_500)
        #expect(OffsetBound.ago(.seconds(2000)).milliseconds(now: now) == 0)
        #expect(OffsetBound.time(7).milliseconds(now: now) == 7)
        #expect(OffsetBound.end.milliseconds(now: now) == nil)
    }
}

@Suite("Offset ranges")
struct OffsetRangesTests {
    @Test("taking away splits, shortens and empties")
    func removal() {
        var ranges = OffsetRanges(0..<10)
        ranges.remove(3..<5)
        #expect(ranges.ranges == [0..<3, 5..<10])
        ranges.remove(2..<6)
        #expect(ranges.ranges == [0..<2, 6..<10])
        ranges.remove(6..<6)
        #expect(ranges.count == 6)
        ranges.remove(-5..<100)
        #expect(ranges.isEmpty)
        ranges.remove(0..<1)
        #expect(ranges == OffsetRanges())
        #expect(OffsetRanges(4..<4).isEmpty)
    }

    @Test(
        "agrees with a set of numbers, whatever is taken away",
        arguments: 0..<50 as Range<UInt64>
    )
    func random(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var ranges = OffsetRanges(10..<200)
        var model = Set<Int64>(10..<200)
        for _ in 0..<40 {
            let start = Int64.random(in: 0..<220, using: &generator)
            let removed = start..<(start + Int64.random(in: 0..<12, using: &generator))
            ranges.remove(removed)
            model.subtract(removed)
            #expect(Set(ranges.ranges.flatMap { Array($0) }) == model, "seed \(seed)")
            #expect(ranges.count == Int64(model.count))
            #expect(OffsetRanges(checking: ranges.ranges) == ranges, "in order, apart, not empty")
        }
    }

    @Test("a cursor tells gaps, and stops at records behind it and beyond its end")
    func cursor() {
        var cursor = RangeCursor(5..<10)
        var step = cursor.advance(to: 7)
        #expect(step?.isWanted == true && step?.gap == 5..<7)
        step = cursor.advance(to: 7)
        #expect(step == nil)
        step = cursor.advance(to: 8)
        #expect(step?.isWanted == true && step?.gap.isEmpty == true && !cursor.isDone)
        step = cursor.advance(to: 12)
        #expect(step?.isWanted == false && step?.gap == 9..<10)
        #expect(cursor.isDone)
    }
}

@Suite("Redelivery state")
struct RedeliveryStateTests {
    private let state = RedeliveryState(
        job: ["topic": "é\"", "to": "end"],
        remaining: [
            TopicPartition(topic: "b", partition: 0): OffsetRanges(),
            TopicPartition(topic: "a", partition: 2): OffsetRanges(0..<Int64.max),
            TopicPartition(topic: "a", partition: 10): OffsetRanges(3..<4),
        ]
    )

    @Test("comes back as it was written, and is written the same each time")
    func roundTrip() throws {
        let json = try self.state.json()
        #expect(try RedeliveryState(json: json) == self.state)
        #expect(try RedeliveryState(json: json).json() == json)
    }

    @Test("no prefix of a state is taken for one")
    func prefixes() throws {
        let json = try self.state.json()
        for length in 0..<(json.count - 1) {
            #expect(throws: KafkaSourceError.self) {
                try RedeliveryState(json: Array(json[..<length]))
            }
        }
    }

    @Test(
        "refuses offsets that make no sense, and says of which partition",
        arguments: ["[[5,5]]", "[[5,4]]", "[[-1,4]]", "[[1]]", "[[1,2],[2,3]]", "[[4,5],[1,2]]"]
    )
    func nonsense(remaining: String) {
        let partition = "{\"topic\":\"t\",\"partition\":3,\"remaining\":\(remaining)}"
        let json = "{\"version\":1,\"job\":{},\"partitions\":[\(partition)]}"
        let error = #expect(throws: KafkaSourceError.self) {
            try RedeliveryState(json: Array(json.utf8))
        }
        #expect(error?.message.contains("t[3]") == true)
    }

    @Test("a state of another version, or of one partition twice, is refused")
    func otherwise() {
        let twice = "{\"topic\":\"t\",\"partition\":3,\"remaining\":[]}"
        for json in [
            "{\"version\":2,\"job\":{},\"partitions\":[]}",
            "{\"version\":1,\"job\":{},\"partitions\":[\(twice),\(twice)]}",
        ] {
            #expect(throws: KafkaSourceError.self) {
                try RedeliveryState(json: Array(json.utf8))
            }
        }
    }

    @Test("names the flag in which two jobs differ")
    func difference() {
        #expect(self.state.difference(from: self.state.job) == nil)
        #expect(
            self.state.difference(from: ["topic": "é\"", "to": "5"])
                == "to was \"end\" and is \"5\""
        )
        #expect(
            self.state.difference(from: ["topic": "é\"", "to": "end", "from": "2"])
                == "from was not given and is \"2\""
        )
    }
}

@Suite("Dead letter records")
struct DeadLetterRecordTests {
    private static let record = KafkaRecord(
        topic: "orders",
        partition: 3,
        offset: 41,
        timestampMilliseconds: 5,
        key: [1],
        value: nil,
        headers: [
            KafkaHeader(name: "a", value: [2]), KafkaHeader(name: "a", value: nil),
            KafkaHeader(name: "b", value: []),
        ]
    )

    private static func letter(of record: KafkaRecord) -> KafkaRecord {
        let failure = DeliveryFailure(status: 503, answer: [0x78], reason: "503")
        var letter = record
        letter.topic = "dead"
        letter.partition = 0
        letter.offset = 7
        letter.headers = DeadLetter.headers(
            of: record,
            destination: SinkAddress(url: "http://sink/"),
            failure: failure
        )
        return letter
    }

    @Test("a record comes out of its dead letter as it was")
    func restored() throws {
        let letter = try DeadLetterRecord(Self.letter(of: Self.record))
        #expect(letter.original == Self.record)
        #expect(
            letter.failure == [
                "knativeerrordest": "http://sink/", "knativeerrorcode": "503",
                "knativeerrordata": "eA==",
            ]
        )
    }

    @Test("also one that is an event: its error extensions go")
    func event() throws {
        var record = Self.record
        record.headers = [KafkaHeader(name: "ce_specversion", value: Array("1.0".utf8))]
        let letter = try DeadLetterRecord(Self.letter(of: record))
        #expect(letter.original == record)
        #expect(letter.failure["knativeerrorcode"] == "503")
    }

    @Test("a record that does not say where it came from is refused")
    func noOrigin() {
        let error = #expect(throws: KafkaSourceError.self) { try DeadLetterRecord(Self.record) }
        #expect(error?.message == "it has no header swiftlet-dead-letter-topic")
        for (header, value) in [
            (DeadLetterHeader.partition, "-1"), (.partition, "x"), (.offset, "-1"),
            (.offset, "9223372036854775808"), (.topic, ""),
        ] {
            var letter = Self.letter(of: Self.record)
            letter.headers.append(KafkaHeader(name: header.rawValue, value: Array(value.utf8)))
            #expect(throws: KafkaSourceError.self) { try DeadLetterRecord(letter) }
        }
    }
}
