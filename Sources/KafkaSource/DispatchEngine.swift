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
    /// How often the slow numbers are brought up to date, and what is held is told again.
    static let observationInterval = Duration.seconds(15)
    /// How soon after a failed attempt the group knows of it.
    static let attemptCommitDelay = Duration.milliseconds(100)

    let spec: KafkaSourceSpec
    let policy: DeliveryPolicy
    let conversion: RecordConversion
    let loop: EventLoop
    let client: HTTPClient
    let logger: Logger
    let milestones: MilestoneRecorder
    let instruments: DispatchInstruments
    let topics: TopicSinks

    var lanes: LaneSet
    /// By their paths.
    var tokenFiles: [String: BearerTokenFile] = [:]
    var statistics = KafkaSourceStatistics()
    var deliveries: [LaneSet.JobID: Delivery] = [:]
    var failureLimiter = LogLimiter<String>(interval: .seconds(10))
    var partitions: [LaneSet.LaneID: AssignedPartition] = [:]
    var laneOfPartition: [TopicPartition: LaneSet.LaneID] = [:]
    var progress: ProgressWatch
    var lagWatch: LagWatch?

    var consumer: KafkaConsumer?
    private var isStarted = false
    var commitTimer: (timer: TimerID, deadline: MonotonicTime)?
    var lastCommit = MonotonicTime(nanoseconds: 0)
    private var wake: (timer: TimerID, deadline: MonotonicTime)?
    private var observation: TimerID?

    var revoking: [LaneSet.LaneID] = []
    var revocationTimer: TimerID?
    var revocationBegan = MonotonicTime(nanoseconds: 0)

    private(set) var stopDeadline: MonotonicTime?
    private var graceTimer: TimerID?
    private(set) var isStopped = false
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
        self.topics = TopicSinks(spec, loop: loop, logger: self.logger)
        let now = MonotonicTime.now()
        var limits = LaneSet.Limits(spec.ordering, inFlightMax: spec.inFlightMax)
        limits.rateMax = spec.rateMax
        self.lanes = LaneSet(
            ordering: spec.ordering,
            schedule: self.policy.schedule,
            hasDeadLetterSink: self.policy.deadLetterSink != nil,
            limits: limits
        )
        self.progress = ProgressWatch(at: now)
        self.consumer = try self.makeConsumer()
    }

    private func makeConsumer() throws -> KafkaConsumer {
        let logger = self.logger
        var properties = self.spec.properties
        if let id = self.spec.instanceID { properties.append(("group.instance.id", id)) }
        return try KafkaConsumer(
            loop: self.loop,
            configuration: KafkaConsumerConfiguration(
                bootstrapServers: self.spec.bootstrapServers.joined(separator: ","),
                group: self.spec.consumerGroup,
                topics: self.spec.topics,
                initialOffset: self.spec.initialOffset,
                properties: properties,
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

    func startConsumer() {
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

    func assignmentIsKnown() {
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

    func finishStop() {
        guard !self.isStopped else { return }
        self.isStopped = true
        for lane in self.lanes.laneIDs { _ = self.forget(lane) }
        self.endLagWatch()
        for delivery in self.deliveries.values { delivery.transfer?.cancel() }
        self.deliveries = [:]
        let timers = [
            self.commitTimer?.timer, self.wake?.timer, self.observation, self.revocationTimer,
            self.graceTimer,
        ]
        for case let timer? in timers { self.loop.cancel(timer) }
        self.updateGauges()
        let waiters = self.stopWaiters
        self.stopWaiters = []
        self.topics.close(deadline: Self.closeGrace) { for waiter in waiters { waiter() } }
        self.answerAssignmentWaiters(false)
    }

    // MARK: Waiting

    /// Makes sure that the loop comes back when there is something to do that is not to do now.
    func scheduleWake(after now: MonotonicTime) {
        guard let deadline = self.lanes.nextDeadline(after: now), !self.isStopped else { return }
        if let wake = self.wake {
            guard deadline < wake.deadline else { return }
            self.loop.cancel(wake.timer)
        }
        let timer = self.loop.schedule(at: deadline) {
            self.wake = nil
            self.pump()
        }
        self.wake = (timer, deadline)
    }

    private func scheduleObservation() {
        self.observation = self.loop.schedule(after: Self.observationInterval) {
            self.observe()
            self.scheduleObservation()
        }
    }
}

extension Logger {
    /// Writes a line of librdkafka.
    func log(_ line: KafkaLogLine) {
        switch line.level {
        case ...4: self.warning("librdkafka: \(line.message)", ["facility": line.facility])
        case 5...6: self.info("librdkafka: \(line.message)", ["facility": line.facility])
        default: self.debug("librdkafka: \(line.message)", ["facility": line.facility])
        }
    }
}
