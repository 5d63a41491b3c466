// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP
internal import HTTPClient
internal import Kafka
internal import Telemetry

/// Moves records from a consumer to a sink, as its lanes decide.
///
/// `@unchecked Sendable`: everything belongs to the loop.
final class DispatchEngine: @unchecked Sendable {
    /// The longest that a rebalance waits for records that are with the sink.
    static let revocationDrainMax = Duration.seconds(30)
    /// The wait before a consumer that failed for good is replaced.
    static let restartDelay = Duration.seconds(5)
    /// How long leaving the group may take after the work in progress is done.
    static let closeGrace = Duration.seconds(5)
    /// How often the slow numbers are brought up to date.
    static let observationInterval = Duration.seconds(15)
    /// Work on one record that takes longer is reported.
    static let stuckAfter = Duration.seconds(60)

    let spec: KafkaSourceSpec
    let policy: DeliveryPolicy
    let conversion: RecordConversion
    let loop: EventLoop
    let client: HTTPClient
    let logger: Logger
    let milestones: MilestoneRecorder
    let instruments: DispatchInstruments

    var lanes: LaneSet
    var statistics = KafkaSourceStatistics()
    var deliveries: [LaneSet.JobID: Delivery] = [:]
    var failureLimiter = LogLimiter<String>(interval: .seconds(10))
    private var partitions: [LaneSet.LaneID: AssignedPartition] = [:]
    private var laneOfPartition: [TopicPartition: LaneSet.LaneID] = [:]

    private var consumer: KafkaConsumer?
    private var isStarted = false
    private var commitTimer: TimerID?
    private var lastCommit = MonotonicTime(nanoseconds: 0)
    private var wake: (timer: TimerID, deadline: MonotonicTime)?
    private var observation: TimerID?

    private var revoking: [LaneSet.LaneID] = []
    private var revocationTimer: TimerID?

    private var stopDeadline: MonotonicTime?
    private var graceTimer: TimerID?
    private var isStopped = false
    private var stopWaiters: [@Sendable () -> Void] = []
    private var assignmentWaiters: [Int: @Sendable (Bool) -> Void] = [:]
    private var lastWaiter = 0

    /// Makes an engine that stands still; any thread.
    init(
        spec: KafkaSourceSpec,
        loop: EventLoop,
        client: HTTPClient,
        logger: Logger,
        milestones: MilestoneRecorder,
        metrics: Metrics
    ) throws {
        precondition(client.loop === loop, "a dispatcher and its client share a loop")
        self.spec = spec
        self.policy = DeliveryPolicy(spec.delivery, defaults: spec.deliveryDefaults)
        self.conversion = try RecordConversion(spec)
        self.loop = loop
        self.client = client
        self.logger = logger.with(["namespace": spec.namespace, "source": spec.name])
        self.milestones = milestones
        self.instruments = DispatchInstruments(
            metrics,
            namespace: spec.namespace,
            name: spec.name
        )
        self.lanes = LaneSet(
            ordering: spec.ordering,
            schedule: self.policy.schedule,
            hasDeadLetterSink: self.policy.deadLetterSink != nil,
            limits: LaneSet.Limits(jobsMax: spec.inFlightMax)
        )
        self.consumer = try self.makeConsumer()
    }

    private func makeConsumer() throws -> KafkaConsumer {
        let logger = self.logger
        return try KafkaConsumer(
            loop: self.loop,
            configuration: KafkaConsumerConfiguration(
                bootstrapServers: self.spec.bootstrapServers.joined(separator: ","),
                group: self.spec.consumerGroup,
                topics: self.spec.topics,
                initialOffset: self.spec.initialOffset,
                properties: self.spec.properties,
                log: { logger.log($0) }
            )
        )
    }

    // MARK: Life

    func start() {
        guard !self.isStarted, self.stopDeadline == nil else { return }
        self.isStarted = true
        guard self.spec.consumers > 0 else {
            self.logger.info("The source is paused: it has no consumers.")
            return self.assignmentIsKnown()
        }
        self.startConsumer()
        self.scheduleObservation()
    }

    private func startConsumer() {
        guard self.stopDeadline == nil else { return }
        do {
            let consumer = try self.consumer ?? self.makeConsumer()
            self.consumer = consumer
            try consumer.start(delegate: self)
        } catch {
            self.consumer = nil
            self.logger.error("The consumer could not be started.", ["error": "\(error)"])
            self.loop.schedule(after: Self.restartDelay) { self.startConsumer() }
        }
    }

    func waitUntilAssigned(_ deadline: Duration, _ body: @escaping @Sendable (Bool) -> Void) {
        guard !self.statistics.isAssigned, !self.isStopped else {
            return body(self.statistics.isAssigned && !self.isStopped)
        }
        self.lastWaiter += 1
        let id = self.lastWaiter
        self.assignmentWaiters[id] = body
        self.loop.schedule(after: deadline) {
            self.assignmentWaiters.removeValue(forKey: id)?(false)
        }
    }

    private func assignmentIsKnown() {
        self.statistics.isAssigned = true
        self.answerAssignmentWaiters(true)
    }

    private func answerAssignmentWaiters(_ isAssigned: Bool) {
        let waiters = self.assignmentWaiters.values
        self.assignmentWaiters = [:]
        for waiter in waiters { waiter(isAssigned) }
    }

    /// Takes no more records, waits for those that are with the sink, commits and leaves the group.
    func stop(_ deadline: Duration, _ completion: @escaping @Sendable () -> Void) {
        guard !self.isStopped else { return completion() }
        self.stopWaiters.append(completion)
        guard self.stopDeadline == nil else { return }
        let end = MonotonicTime.now().advanced(by: deadline)
        self.stopDeadline = end
        guard let consumer = self.consumer, self.isStarted, self.spec.consumers > 0 else {
            return self.finishStop()
        }
        for lane in self.lanes.laneIDs { self.giveUpWaiting(lane) }
        // A rebalance may be draining already, with more time than there is now.
        if !self.revoking.isEmpty { self.limitRevocation(to: end) }
        consumer.close()
        self.graceTimer = self.loop.schedule(at: end.advanced(by: Self.closeGrace)) {
            self.logger.error("Leaving the group takes too long; the broker will find out itself.")
            self.finishStop()
        }
    }

    private func finishStop() {
        guard !self.isStopped else { return }
        self.isStopped = true
        for lane in self.lanes.laneIDs { _ = self.forget(lane) }
        for delivery in self.deliveries.values { delivery.transfer?.cancel() }
        self.deliveries = [:]
        let timers = [
            self.commitTimer, self.wake?.timer, self.observation, self.revocationTimer,
            self.graceTimer,
        ]
        for case let timer? in timers { self.loop.cancel(timer) }
        self.updateGauges()
        let waiters = self.stopWaiters
        self.stopWaiters = []
        for waiter in waiters { waiter() }
        self.answerAssignmentWaiters(false)
    }

    // MARK: Taking records

    /// Takes as many records as the lanes have room for; each is on its way when this returns.
    func pump(at now: MonotonicTime = .now()) {
        while self.stopDeadline == nil, let lane = self.lanes.nextLane() {
            guard let partition = self.partitions[lane], let record = partition.next() else {
                self.lanes.ranDry(lane)
                continue
            }
            guard let taken = self.lanes.take(lane, offset: record.offset, at: now) else {
                continue
            }
            if taken.isRewound {
                self.logger.warning(
                    "The offsets of a partition went back; reading goes on from there.",
                    ["partition": "\(partition.id)", "offset": "\(record.offset)"]
                )
            }
            self.begin(taken.job, lane, record, of: partition.id, at: now)
        }
        self.instruments.inFlight.set(self.lanes.jobsCount)
    }

    // MARK: Waiting

    /// Makes sure that the loop comes back when the next job is due.
    func scheduleWake() {
        guard let deadline = self.lanes.nextDeadline, !self.isStopped else { return }
        if let wake = self.wake {
            guard deadline < wake.deadline else { return }
            self.loop.cancel(wake.timer)
        }
        let timer = self.loop.schedule(at: deadline) {
            self.wake = nil
            self.sendDue()
            self.scheduleWake()
        }
        self.wake = (timer, deadline)
    }

    // MARK: Committing

    /// Commits what is finished: at once after a quiet time, else when the interval is over.
    func scheduleCommit() {
        guard self.commitTimer == nil, !self.isStopped else { return }
        let next = self.lastCommit.advanced(by: self.spec.commitInterval)
        self.commitTimer = self.loop.schedule(at: next) {
            self.commitTimer = nil
            self.lastCommit = .now()
            self.commit()
        }
    }

    private func commit() {
        var offsets: [TopicPartition: Int64] = [:]
        for (lane, offset) in self.lanes.uncommitted {
            if let partition = self.partitions[lane] { offsets[partition.id] = offset }
        }
        self.consumer?.commit(offsets)
    }

    // MARK: Lanes

    /// Removes a lane, and tells what remains to be committed.
    private func forget(_ lane: LaneSet.LaneID) -> (partition: TopicPartition, offset: Int64)? {
        let offset = self.lanes.remove(lane)
        for (job, delivery) in self.deliveries where delivery.lane == lane {
            // What is with the sink is not called back: it may be half done. Its answer is ignored.
            if self.stopDeadline == nil { self.deliveries[job] = nil }
        }
        guard let partition = self.partitions.removeValue(forKey: lane) else { return nil }
        if self.laneOfPartition[partition.id] == lane {
            self.laneOfPartition[partition.id] = nil
        }
        return offset.map { (partition.id, $0) }
    }

    private func giveUpWaiting(_ lane: LaneSet.LaneID) {
        for job in self.lanes.revoke(lane) { self.deliveries[job] = nil }
    }

    /// Lets the group go on when no revoked record is with the sink any more.
    func checkRevocation() {
        guard !self.revoking.isEmpty,
            !self.revoking.contains(where: { self.lanes.hasJobsSent($0) })
        else { return }
        self.finishRevocation()
    }

    private func finishRevocation() {
        if let timer = self.revocationTimer { self.loop.cancel(timer) }
        self.revocationTimer = nil
        var offsets: [TopicPartition: Int64] = [:]
        for lane in self.revoking {
            if let (partition, offset) = self.forget(lane) { offsets[partition] = offset }
        }
        self.revoking = []
        self.consumer?.release(committing: offsets)
    }

    private func limitRevocation(to deadline: MonotonicTime) {
        if let timer = self.revocationTimer { self.loop.cancel(timer) }
        self.revocationTimer = self.loop.schedule(at: deadline) {
            self.revocationTimer = nil
            self.logger.warning("Partitions move while the sink works on their records.")
            self.finishRevocation()
        }
    }

    // MARK: What an operator sees

    /// How the source is doing.
    func currentStatistics() -> KafkaSourceStatistics {
        let now = MonotonicTime.now()
        var statistics = self.statistics
        statistics.inFlight = self.lanes.jobsCount
        statistics.held = self.lanes.heldCount
        for (lane, partition) in self.partitions {
            guard let status = self.lanes.status(of: lane) else { continue }
            let position = status.committable ?? status.committed
            let lag = partition.endOffset.flatMap { end in position.map { max(0, end - $0) } }
            statistics.partitions.append(
                KafkaSourceStatistics.Partition(
                    topic: partition.id.topic,
                    partition: partition.id.partition,
                    committed: status.committed,
                    lag: lag,
                    oldestUnfinished: status.oldestUnfinished,
                    oldestAge: status.oldestSince?.duration(to: now),
                    inFlight: status.jobsCount,
                    held: status.heldCount
                )
            )
        }
        statistics.partitions.sort { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
        return statistics
    }

    private func scheduleObservation() {
        self.observation = self.loop.schedule(after: Self.observationInterval) {
            self.observe()
            self.scheduleObservation()
        }
    }

    private func observe() {
        self.updateGauges()
        for partition in self.currentStatistics().partitions {
            guard let age = partition.oldestAge, age > Self.stuckAfter,
                let offset = partition.oldestUnfinished
            else { continue }
            self.warn(
                "stuck \(partition.topic) \(partition.partition)",
                "Work on a record takes long, and those behind it wait for their commit.",
                [
                    "topic": partition.topic, "partition": "\(partition.partition)",
                    "offset": "\(offset)", "age": "\(age)",
                ]
            )
        }
    }

    func updateGauges() {
        let statistics = self.currentStatistics()
        self.instruments.inFlight.set(statistics.inFlight)
        self.instruments.held.set(statistics.held)
        self.instruments.lag.set(statistics.partitions.reduce(0) { $0 + ($1.lag ?? 0) })
    }

    /// Logs a warning, at most one of a kind in ten seconds.
    func warn(
        _ kind: String,
        _ message: String,
        _ metadata: KeyValuePairs<String, String>
    ) {
        guard let suppressed = self.failureLimiter.admit(kind, at: .now()) else { return }
        let logger =
            suppressed > 0 ? self.logger.with(["suppressed": "\(suppressed)"]) : self.logger
        logger.warning(message, metadata)
    }
}

// MARK: - What the consumer tells

extension DispatchEngine: KafkaConsumerDelegate {
    func consumerAssigned(_ partitions: [AssignedPartition]) {
        for partition in partitions {
            if let old = self.laneOfPartition[partition.id] { _ = self.forget(old) }
            let lane = self.lanes.assign(start: partition.uncommittedStart)
            self.partitions[lane] = partition
            self.laneOfPartition[partition.id] = lane
            if partition.uncommittedStart != nil { self.scheduleCommit() }
        }
        self.logger.info(
            "Partitions were assigned.",
            ["partitions": partitions.map(\.id.description).sorted().joined(separator: " ")]
        )
        self.assignmentIsKnown()
        self.pump()
    }

    func consumerRevoked(_ partitions: [AssignedPartition], isLost: Bool) {
        self.logger.info(
            isLost ? "Partitions were lost." : "Partitions were revoked.",
            ["partitions": partitions.map(\.id.description).sorted().joined(separator: " ")]
        )
        let lanes = partitions.compactMap { self.laneOfPartition[$0.id] }
        for lane in lanes { self.giveUpWaiting(lane) }
        self.revoking = lanes
        guard !isLost, !lanes.isEmpty else { return self.finishRevocation() }
        self.limitRevocation(
            to: self.stopDeadline ?? MonotonicTime.now().advanced(by: Self.revocationDrainMax)
        )
        self.checkRevocation()
    }

    func consumerHasRecords() {
        self.lanes.recordsArrived()
        self.pump()
    }

    func consumerCommitted(_ offsets: [TopicPartition: Int64], error: KafkaError?) {
        guard let error else {
            for (partition, offset) in offsets {
                guard let lane = self.laneOfPartition[partition] else { continue }
                self.lanes.committed(lane, offset)
            }
            return
        }
        self.warn("commit", "Offsets could not be committed yet.", ["error": "\(error)"])
        self.scheduleCommit()
    }

    func consumerFailed(_ error: KafkaError) {
        guard error.isFatal else {
            return self.warn(
                "consumer \(error.code)",
                "Kafka reports a problem.",
                ["error": "\(error)"]
            )
        }
        self.logger.error("The consumer failed and is made anew.", ["error": "\(error)"])
        self.consumer?.close()
    }

    func consumerClosed() {
        self.consumer = nil
        guard self.stopDeadline == nil else { return self.finishStop() }
        for lane in self.lanes.laneIDs { _ = self.forget(lane) }
        self.loop.schedule(after: Self.restartDelay) { self.startConsumer() }
    }
}

extension Logger {
    /// Writes a line of librdkafka.
    fileprivate func log(_ line: KafkaLogLine) {
        switch line.level {
        case ...4: self.warning("librdkafka: \(line.message)", ["facility": line.facility])
        case 5...6: self.info("librdkafka: \(line.message)", ["facility": line.facility])
        default: self.debug("librdkafka: \(line.message)", ["facility": line.facility])
        }
    }
}
