// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
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
    private(set) var encoded: EncodedEvent?
    /// Further events of the same record.
    private var further: ArraySlice<EncodedEvent>
    /// Which event of the record is being sent, from 0.
    private(set) var part = 0

    var target = LaneSet.Target.sink
    var attempts = 0
    var sentAt = MonotonicTime(nanoseconds: 0)
    var transfer: HTTPClientTransfer?
    var failure: DeliveryFailure?
    /// What the sink replied and somebody waits for.
    var reply: CloudEvent?

    init(
        job: LaneSet.JobID,
        lane: LaneSet.LaneID,
        partition: TopicPartition,
        record: KafkaRecord,
        events: EncodedEvents = .none,
        failure: DeliveryFailure? = nil
    ) {
        self.job = job
        self.lane = lane
        self.partition = partition
        self.record = record
        self.encoded = events.first
        self.further = events.further[...]
        self.failure = failure
    }

    /// For people: the identifier of the event.
    var id: String { self.encoded?.id ?? "\(self.partition)@\(self.record.offset)" }

    /// Whether the record holds another event after this one.
    var hasMore: Bool { !self.further.isEmpty }

    /// Turns to the next event of the record.
    func advance() {
        self.encoded = self.further.popFirst()
        self.part += 1
        self.attempts = 0
        self.failure = nil
        self.reply = nil
    }

    /// Begins another attempt.
    func begin(_ target: LaneSet.Target, at now: MonotonicTime) {
        self.target = target
        self.attempts += 1
        self.sentAt = now
    }
}
