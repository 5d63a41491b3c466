// SPDX-License-Identifier: Apache-2.0

import Bytes
import Kafka
import Testing

@testable import KafkaSource

@Suite("The age of a record")
struct RecordAgeTests {
    @Test(
        "whatever 64 bits its timestamp is",
        arguments: [
            (nil, nil), (1000, .seconds(4)), (5000, .zero), (5001, nil), (0, .seconds(5)),
            (-1, .milliseconds(5001)), (Int64.max, nil), (Int64.min, nil),
            (Int64.min + 5001, .milliseconds(Int64.max)),
        ] as [(Int64?, Duration?)]
    )
    func age(_ milliseconds: Int64?, _ age: Duration?) {
        let record = KafkaRecord(
            topic: "t",
            partition: 0,
            offset: 0,
            timestampMilliseconds: milliseconds
        )
        #expect(record.age(at: Timestamp(secondsSinceEpoch: 5)) == age)
    }
}
