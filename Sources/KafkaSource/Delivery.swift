// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTPClient
internal import Kafka

/// One record on its way to the sink; belongs to the loop of its dispatcher.
///
/// `@unchecked Sendable`: only that loop touches it.
final class Delivery: @unchecked Sendable {
    let job: LaneSet.JobID
    let lane: LaneSet.LaneID
    let partition: TopicPartition
    let record: KafkaRecord
    /// What is sent to the sink, made once for all attempts; `nil` when the record is no event.
    let encoded: EncodedEvent?

    var target = LaneSet.Target.sink
    var attempts = 0
    var sentAt = MonotonicTime(nanoseconds: 0)
    var transfer: HTTPClientTransfer?
    var failure: DeliveryFailure?
    /// The first bytes of the answer that is coming in.
    private(set) var answer: [UInt8] = []

    init(
        job: LaneSet.JobID,
        lane: LaneSet.LaneID,
        partition: TopicPartition,
        record: KafkaRecord,
        encoded: EncodedEvent?,
        failure: DeliveryFailure? = nil
    ) {
        self.job = job
        self.lane = lane
        self.partition = partition
        self.record = record
        self.encoded = encoded
        self.failure = failure
    }

    /// For people: the identifier of the event.
    var id: String { self.encoded?.id ?? "\(self.partition)@\(self.record.offset)" }

    /// Begins another attempt.
    func begin(_ target: LaneSet.Target, at now: MonotonicTime) {
        self.target = target
        self.attempts += 1
        self.sentAt = now
        self.answer = []
    }

    /// Keeps the beginning of an answer; an answer may be of any length, and is not needed else.
    func received(_ part: HTTPClientRequest.StreamEvent) {
        guard case .chunk(let bytes) = part else { return }
        let room = DeliveryFailure.answerBytesMax - self.answer.count
        if room > 0 { self.answer.append(contentsOf: bytes.prefix(room)) }
    }
}
