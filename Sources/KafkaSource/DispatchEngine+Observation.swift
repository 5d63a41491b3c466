// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Kafka
internal import Telemetry

extension DispatchEngine {
    /// Work on one record that takes longer is reported.
    static let slowAfter = Duration.seconds(60)

    /// How the source is doing.
    func currentStatistics() -> KafkaSourceStatistics {
        let now = MonotonicTime.now()
        var statistics = self.statistics
        statistics.inFlight = self.lanes.jobsCount
        statistics.held = self.lanes.heldCount
        statistics.concurrencyLimit = self.lanes.concurrency.current
        for (lane, partition) in self.partitions {
            guard let status = self.lanes.status(of: lane) else { continue }
            statistics.partitions.append(
                KafkaSourceStatistics.Partition(
                    topic: partition.id.topic,
                    partition: partition.id.partition,
                    committed: status.committed,
                    lag: self.lag(of: partition, position: self.lanes.position(of: lane)),
                    oldestUnfinished: status.oldestUnfinished,
                    oldestAge: status.oldestSince?.duration(to: now),
                    inFlight: status.jobsCount,
                    held: status.heldCount
                )
            )
        }
        statistics.partitions.sort { ($0.topic, $0.partition) < ($1.topic, $1.partition) }
        let lag = statistics.partitions.reduce(0) { $0 + ($1.lag ?? 0) }
        statistics.isStalled = self.progress.isStalled(
            lag: lag,
            jobsCount: statistics.inFlight,
            at: now
        )
        return statistics
    }

    /// Records that are there and not finished; marks of transactions at the end are none.
    func lag(of partition: AssignedPartition, position: Int64?) -> Int64? {
        guard let position, let end = partition.endOffset else { return nil }
        return max(0, end - position)
    }

    /// Brings the slow numbers up to date, and reminds of what is not as it should be.
    func observe() {
        let statistics = self.updateGauges()
        for partition in statistics.partitions {
            guard let age = partition.oldestAge, age > Self.slowAfter, partition.held == 0,
                let offset = partition.oldestUnfinished
            else { continue }
            self.warn(
                "slow \(partition.topic) \(partition.partition)",
                "Work on a record takes long, and those behind it wait for their commit.",
                [
                    "topic": partition.topic, "partition": "\(partition.partition)",
                    "offset": "\(offset)", "age": "\(age)",
                ]
            )
        }
        var reported: Set<LaneSet.LaneID> = []
        for job in self.lanes.heldJobs {
            guard let delivery = self.deliveries[job], reported.insert(delivery.lane).inserted
            else { continue }
            self.reportHeld(delivery)
        }
        if statistics.isStalled {
            self.logger.error(
                "There are records, and nothing is done about them: reading them has stopped.",
                ["for": "\(self.progress.idleTime(at: .now()))"]
            )
        }
    }

    /// Says which record waits and why: once in ten seconds at most, and for ever.
    func reportHeld(_ delivery: Delivery) {
        self.warn(
            "held \(delivery.partition)",
            self.policy.deadLetterSink == nil
                ? "An event is held: the sink does not take it, and no dead letter sink is set."
                : "An event is held: neither the sink nor the dead letter sink takes it.",
            [
                "topic": delivery.partition.topic,
                "partition": "\(delivery.partition.partition)",
                "offset": "\(delivery.record.offset)", "age": Self.age(of: delivery),
                "reason": delivery.failure?.reason ?? "unknown",
            ]
        )
    }

    @discardableResult
    func updateGauges() -> KafkaSourceStatistics {
        let statistics = self.currentStatistics()
        self.instruments.inFlight.set(self.lanes.sentCount)
        self.instruments.held.set(statistics.held)
        self.instruments.lag.set(statistics.partitions.reduce(0) { $0 + ($1.lag ?? 0) })
        self.instruments.concurrency.set(statistics.concurrencyLimit)
        self.instruments.stalled.set(statistics.isStalled ? 1 : 0)
        let now = MonotonicTime.now()
        let oldest = self.lanes.heldJobs.first.flatMap { self.lanes.jobs[$0]?.takenAt }
        self.instruments.heldAge.set((oldest?.duration(to: now).milliseconds ?? 0) / 1000)
        return statistics
    }

    /// Logs a warning, at most one of a kind in ten seconds.
    func warn(
        _ kind: String,
        _ message: String,
        _ metadata: @autoclosure () -> KeyValuePairs<String, String>
    ) {
        guard let suppressed = self.failureLimiter.admit(kind, at: .now()) else { return }
        let logger =
            suppressed > 0 ? self.logger.with(["suppressed": "\(suppressed)"]) : self.logger
        logger.warning(message, metadata())
    }
}
