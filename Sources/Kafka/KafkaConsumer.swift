// SPDX-License-Identifier: Apache-2.0

internal import CKafka
package import EventLoop

/// A member of a consumer group, whose records are taken partition by partition.
///
/// Nothing here waits: librdkafka's threads talk to the brokers and wake the loop through an
/// eventfd, and the few calls that do wait run on a thread of their own. Offsets are committed only
/// by ``commit(_:)`` and ``release(committing:)``.
///
/// One consumer is enough for a source however fast it is: it fetches all partitions of all topics.
///
/// `@unchecked Sendable`: everything belongs to the loop; only `init` may be called elsewhere.
package final class KafkaConsumer: EventHandler, @unchecked Sendable {
    /// Most events that are served before the loop turns to others.
    private static let eventsPerTurnMax = 256
    /// How often the library hears from an idle consumer; `max.poll.interval.ms` is five minutes.
    private static let keepAliveInterval = Duration.seconds(60)
    /// The longest that the group waits for the last commit of partitions that move.
    private static let releaseCommitMax = Duration.seconds(5)
    /// The wait before offsets of a new group are looked up once more.
    private static let pinRetryDelay = Duration.seconds(1)

    private enum Phase {
        case made
        case running
        case closing
        case closed
    }

    private enum Rebalance {
        case assign([TopicPartition])
        case revoke([TopicPartition])
    }

    /// The loop to which the consumer belongs.
    package let loop: EventLoop
    let handle: ClientHandle
    let thread: BlockingThread
    let refillPace: RefillPace
    private let configuration: KafkaConsumerConfiguration
    private let queue: OpaquePointer
    private var delegate: (any KafkaConsumerDelegate)?
    private var phase = Phase.made
    private var keepAlive: TimerID?

    private var partitions: [TopicPartition: AssignedPartition] = [:]
    private var isCooperative = true
    /// What the group wants; answered one after the other.
    private var rebalances: [Rebalance] = []
    private var isRebalancing = false
    private var partitionCounts: [String: Int32] = [:]

    private var revoking: [TopicPartition] = []
    private var isRevocationLost = false
    private var isReleaseAwaited = false
    private var releaseToken: Int?
    private var releaseTimer: TimerID?

    private var lastToken = 0
    private var refillsWanted: Set<TopicPartition> = []
    private var isRefilling = false

    /// Makes a consumer that does not talk to anybody before ``start(delegate:)``.
    ///
    /// - Throws: ``KafkaError`` that names the property which was refused.
    package init(loop: EventLoop, configuration: KafkaConsumerConfiguration) throws {
        guard !configuration.topics.isEmpty else {
            throw KafkaError(
                code: .configurationInvalid,
                message: "A consumer needs at least one topic."
            )
        }
        let handle = try ClientHandle(
            .consumer,
            properties: configuration.allProperties,
            events: RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_ERROR
                | RD_KAFKA_EVENT_OFFSET_COMMIT,
            log: configuration.log
        )
        rd_kafka_poll_set_consumer(handle.client)
        guard let queue = rd_kafka_queue_get_consumer(handle.client) else {
            preconditionFailure("a client made as a consumer has a consumer queue")
        }
        handle.watch(queue)
        self.loop = loop
        self.configuration = configuration
        self.refillPace = RefillPace(configuration.allProperties)
        self.handle = handle
        self.queue = queue
        self.thread = BlockingThread(name: "kafka-blocking")
    }

    deinit {
        // A started consumer is held by the loop until it is closed.
        guard self.phase == .made else { return }
        let handle = self.handle
        handle.release(self.queue)
        self.thread.finish { handle.destroy() }
    }

    // MARK: Life

    /// Joins the group; loop only.
    package func start(delegate: any KafkaConsumerDelegate) throws {
        precondition(self.phase == .made, "a consumer is started once")
        try self.loop.register(self.handle.wakeFD, for: .readable, handler: self)
        self.phase = .running
        self.delegate = delegate
        let topics = PartitionList(
            self.configuration.topics.map { TopicPartition(topic: $0, partition: -1) }
        )
        let result = topics.withRaw { rd_kafka_subscribe(self.handle.client, $0) }
        guard result == RD_KAFKA_RESP_ERR_NO_ERROR else {
            self.finishClose()
            throw KafkaError(result, doing: "Subscribing to the topics")
        }
        self.scheduleKeepAlive()
        // What came before the queue was watched woke nobody.
        self.serve()
    }

    /// Begins to leave the group; loop only.
    ///
    /// Partitions are revoked as in any rebalance, so work in progress can be finished and
    /// committed. ``KafkaConsumerDelegate/consumerClosed()`` ends it.
    package func close() {
        switch self.phase {
        case .made: self.finishClose()
        case .closing, .closed: break
        case .running:
            self.phase = .closing
            if let error = rd_kafka_consumer_close_queue(self.handle.client, self.queue) {
                self.report(KafkaError(taking: error, doing: "Closing the consumer"))
                self.finishClose()
                return
            }
            self.serve()
        }
    }

    /// Serves what librdkafka has to tell.
    package func handleEvents(_ events: IOEvents) {
        self.handle.acknowledgeWake()
        self.serve()
        if self.phase != .closed { self.delegate?.consumerHasRecords() }
    }

    private func serve() {
        var left = Self.eventsPerTurnMax
        while self.phase == .running || self.phase == .closing {
            guard left > 0 else {
                // A wake-up tells of an empty queue that was filled, and this one is not empty.
                self.loop.execute { self.serve() }
                return
            }
            guard let event = rd_kafka_queue_poll(self.queue, 0) else { break }
            self.received(event, from: nil)
            rd_kafka_event_destroy(event)
            left -= 1
        }
        if self.phase == .closing, rd_kafka_consumer_closed(self.handle.client) != 0 {
            self.finishClose()
        }
    }

    private func scheduleKeepAlive() {
        self.keepAlive = self.loop.schedule(after: Self.keepAliveInterval) { [unowned self] in
            self.serve()
            if self.phase == .running || self.phase == .closing { self.scheduleKeepAlive() }
        }
    }

    private func finishClose() {
        guard self.phase != .closed else { return }
        self.phase = .closed
        if let timer = self.keepAlive { self.loop.cancel(timer) }
        if let timer = self.releaseTimer { self.loop.cancel(timer) }
        self.loop.deregister(self.handle.wakeFD)
        for partition in self.partitions.values { partition.release() }
        self.partitions = [:]
        self.handle.release(self.queue)
        self.thread.finish { [handle, loop] in
            handle.destroy()
            loop.execute {
                let delegate = self.delegate
                self.delegate = nil
                delegate?.consumerClosed()
            }
        }
    }

    // MARK: Offsets

    /// Stores where reading goes on, after the records before it were dealt with; loop only.
    ///
    /// ``KafkaConsumerDelegate/consumerCommitted(_:error:)`` tells the result.
    package func commit(_ offsets: [TopicPartition: KafkaCommit]) {
        guard self.phase == .running || self.phase == .closing, !offsets.isEmpty else { return }
        _ = self.requestCommit(offsets)
    }

    private func requestCommit(_ offsets: [TopicPartition: KafkaCommit]) -> Int? {
        var list = PartitionList()
        for (partition, commit) in offsets {
            list.append(partition, offset: commit.offset, metadata: commit.metadata)
        }
        self.lastToken += 1
        let token = UnsafeMutableRawPointer(bitPattern: self.lastToken)
        let result = list.withRaw {
            rd_kafka_commit_queue(self.handle.client, $0, self.queue, nil, token)
        }
        guard result != RD_KAFKA_RESP_ERR_NO_ERROR else { return self.lastToken }
        self.delegate?.consumerCommitted(
            offsets.mapValues(\.offset),
            error: KafkaError(result, doing: "Committing offsets")
        )
        return nil
    }

    private func commitAnswered(_ event: OpaquePointer) {
        let code = rd_kafka_event_error(event)
        var stored: [TopicPartition: Int64] = [:]
        var refused: [TopicPartition: Int64] = [:]
        var error = code
        if let list = rd_kafka_event_topic_partition_list(event) {
            for entry in PartitionList.entries(of: list) {
                let isStored = code == RD_KAFKA_RESP_ERR_NO_ERROR && entry.error == code
                if isStored {
                    stored[entry.partition] = entry.offset
                } else {
                    refused[entry.partition] = entry.offset
                    if code == RD_KAFKA_RESP_ERR_NO_ERROR { error = entry.error }
                }
            }
        }
        if !stored.isEmpty { self.delegate?.consumerCommitted(stored, error: nil) }
        if !refused.isEmpty {
            self.delegate?.consumerCommitted(
                refused,
                error: KafkaError(error, doing: "Committing offsets")
            )
        }
        let token = rd_kafka_event_opaque(event).map { Int(bitPattern: $0) }
        if let token, token == self.releaseToken { self.finishRevocation() }
    }

    // MARK: Rebalance

    private func rebalanced(_ event: OpaquePointer) {
        let code = rd_kafka_event_error(event)
        let list = rd_kafka_event_topic_partition_list(event)
        let partitions = list.map { PartitionList.entries(of: $0).map(\.partition) } ?? []
        // NULL while the client closes; what was true before still is then.
        if let name = rd_kafka_rebalance_protocol(self.handle.client) {
            self.isCooperative = String(cString: name) == "COOPERATIVE"
        }
        if code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.rebalances.append(.assign(partitions))
        } else {
            if code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS {
                self.report(KafkaError(code, doing: "Rebalancing the group"))
            }
            self.rebalances.append(.revoke(partitions))
        }
        self.answerNextRebalance()
    }

    private func answerNextRebalance() {
        guard !self.isRebalancing, !self.rebalances.isEmpty else { return }
        self.isRebalancing = true
        switch self.rebalances.removeFirst() {
        case .assign(let partitions):
            partitions.isEmpty ? self.assign(partitions, nil) : self.pin(partitions)
        case .revoke(let partitions): self.revoke(partitions)
        }
    }

    private func finishRebalance() {
        self.isRebalancing = false
        self.answerNextRebalance()
    }

    private func pin(_ partitions: [TopicPartition]) {
        let pinning = OffsetPinning(
            handle: self.handle,
            partitions: partitions,
            partitionCounts: self.partitionCounts,
            initialOffset: self.configuration.initialOffset
        )
        self.thread.run { [loop] in
            let result = Result { try pinning.run() }
            loop.execute { self.pinned(partitions, result) }
        }
    }

    private func pinned(
        _ partitions: [TopicPartition],
        _ result: Result<OffsetPinning.Outcome, any Error>
    ) {
        switch result {
        case .success(let outcome):
            self.partitionCounts = outcome.partitionCounts
            if let error = outcome.commitError { self.report(error) }
            self.assign(partitions, outcome)
        case .failure(let error):
            if let error = error as? KafkaError { self.report(error) }
            guard self.phase == .running else { return self.assign(partitions, nil) }
            // Reading from elsewhere would lose records or repeat a whole topic.
            self.loop.schedule(after: Self.pinRetryDelay) { self.pin(partitions) }
        }
    }

    private func assign(_ partitions: [TopicPartition], _ found: OffsetPinning.Outcome?) {
        guard self.phase != .closed else { return }
        if !self.isCooperative { self.dropAll() }
        var list = PartitionList()
        var assigned: [AssignedPartition] = []
        for id in partitions {
            list.append(id, offset: found?.starts[id] ?? KafkaOffset.unknown)
            self.partitions[id]?.release()
            let partition = AssignedPartition(
                id,
                uncommittedStart: found?.uncommitted[id],
                committed: found?.committed[id],
                handle: self.handle,
                consumer: self
            )
            self.partitions[id] = partition
            assigned.append(partition)
        }
        self.apply(list, doing: "Taking over partitions", rd_kafka_incremental_assign)
        self.delegate?.consumerAssigned(assigned)
        self.finishRebalance()
    }

    /// An eager assignment replaces everything; normally nothing is left by then.
    private func dropAll() {
        for partition in self.partitions.values { partition.release() }
        self.partitions = [:]
    }

    private func revoke(_ partitions: [TopicPartition]) {
        self.revoking = partitions
        self.isRevocationLost = rd_kafka_assignment_lost(self.handle.client) != 0
        self.isReleaseAwaited = true
        let owned = partitions.compactMap { self.partitions[$0] }
        for partition in owned { partition.revoke() }
        guard !owned.isEmpty, let delegate = self.delegate else {
            return self.release(committing: [:])
        }
        delegate.consumerRevoked(owned, isLost: self.isRevocationLost)
    }

    /// Lets the revoked partitions go, after a last commit; loop only.
    package func release(committing offsets: [TopicPartition: KafkaCommit]) {
        guard self.isReleaseAwaited, self.phase != .closed else { return }
        self.isReleaseAwaited = false
        guard !self.isRevocationLost, !offsets.isEmpty,
            let token = self.requestCommit(offsets)
        else { return self.finishRevocation() }
        self.releaseToken = token
        self.releaseTimer = self.loop.schedule(after: Self.releaseCommitMax) { [unowned self] in
            self.finishRevocation()
        }
    }

    private func finishRevocation() {
        self.releaseToken = nil
        if let timer = self.releaseTimer { self.loop.cancel(timer) }
        self.releaseTimer = nil
        for id in self.revoking { self.partitions.removeValue(forKey: id)?.release() }
        let list = PartitionList(self.revoking)
        self.revoking = []
        self.apply(list, doing: "Giving up partitions", rd_kafka_incremental_unassign)
        self.finishRebalance()
    }

    /// Answers the group, in the words of the protocol that its members agreed upon.
    private func apply(
        _ list: borrowing PartitionList,
        doing what: String,
        _ incremental: (
            OpaquePointer?, UnsafePointer<rd_kafka_topic_partition_list_t>?
        ) -> OpaquePointer?
    ) {
        if self.isCooperative {
            let error = list.withRaw { incremental(self.handle.client, $0) }
            if let error { self.report(KafkaError(taking: error, doing: what)) }
            return
        }
        let isAssignment = !self.partitions.isEmpty
        let result = list.withRaw {
            rd_kafka_assign(self.handle.client, isAssignment ? $0 : nil)
        }
        if result != RD_KAFKA_RESP_ERR_NO_ERROR { self.report(KafkaError(result, doing: what)) }
    }

    // MARK: Events

    /// Handles an event of the consumer's queue, or of a partition's that is no record.
    func received(_ event: OpaquePointer, from partition: TopicPartition?) {
        switch rd_kafka_event_type(event) {
        case RD_KAFKA_EVENT_REBALANCE: self.rebalanced(event)
        case RD_KAFKA_EVENT_OFFSET_COMMIT: self.commitAnswered(event)
        case RD_KAFKA_EVENT_ERROR: self.report(self.error(of: event, from: partition))
        default:
            // A record here would be one of a partition that is not separated; it is not committed
            // and comes again.
            let name = rd_kafka_event_name(event).map { String(cString: $0) } ?? "unknown"
            self.configuration.log(
                KafkaLogLine(level: 4, facility: "EVENT", message: "\(name) was not expected")
            )
        }
    }

    private func error(of event: OpaquePointer, from partition: TopicPartition?) -> KafkaError {
        let code = rd_kafka_event_error(event)
        let what = partition.map { "Reading \($0)" } ?? "Consuming"
        guard code == RD_KAFKA_RESP_ERR__FATAL else {
            var error = KafkaError(code, doing: what)
            if let words = rd_kafka_event_error_string(event) {
                error.message = "\(what) failed: \(String(cString: words))"
            }
            return error
        }
        var reason = [CChar](repeating: 0, count: 512)
        let cause = rd_kafka_fatal_error(self.handle.client, &reason, reason.count)
        var error = KafkaError(cause, doing: what)
        error.isFatal = true
        error.isRetriable = false
        return error
    }

    func report(_ error: KafkaError) { self.delegate?.consumerFailed(error) }

    // MARK: Fetching ahead

    /// Makes the fetcher look at the partition's queue now.
    ///
    /// Once a queue is full, librdkafka's broker thread looks at it again only when something wakes
    /// the thread, at the latest after a second. Asking the partition's leader for its end is the
    /// one question that wakes this thread and changes nothing.
    func refill(_ partition: TopicPartition) {
        self.refillsWanted.insert(partition)
        guard !self.isRefilling, self.phase == .running else { return }
        self.isRefilling = true
        let partitions = self.refillsWanted
        self.refillsWanted.removeAll(keepingCapacity: true)
        self.thread.run { [handle, loop] in
            var list = PartitionList()
            for partition in partitions { list.append(partition, offset: KafkaOffset.end) }
            _ = list.withRaw { rd_kafka_offsets_for_times(handle.client, $0, 1000) }
            loop.execute {
                self.isRefilling = false
                if let next = self.refillsWanted.first { self.refill(next) }
            }
        }
    }
}
