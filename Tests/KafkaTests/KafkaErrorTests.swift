// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Kafka

@Suite("Kafka errors")
struct KafkaErrorTests {
    @Test(
        "a transient code is worth a retry",
        arguments: [
            (KafkaError.Code.queueFull, true), (.messageTimedOut, true), (.allBrokersDown, true),
            (.unknownTopicOrPartition, true), (.rebalanceInProgress, true),
            (.configurationInvalid, false), (.closed, false), (.messageTooLarge, false),
            (.illegalGeneration, false),
        ]
    )
    func retriable(_ code: KafkaError.Code, _ isRetriable: Bool) {
        #expect(KafkaError(code: code, message: "").isRetriable == isRetriable)
        #expect(!KafkaError(code: code, message: "", isFatal: true).isRetriable)
    }
}
