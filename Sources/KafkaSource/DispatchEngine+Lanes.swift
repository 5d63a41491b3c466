// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Kafka
internal import Telemetry

extension DispatchEngine {
    // MARK: Taking records

    /// Does what the lanes want done now; each record is on its way when this returns.
    func pump(at now: MonotonicTime = .now()) {
        while self.stopDeadline == nil, let action = self.lanes.next(at: now) {
            switch action {
            case .send(let job, let target): self.resume(job, target, at: now)
            case .take(let lane): self.take(from: lane, at: now)
            }
        }
        self.instruments.inFlight.set(self.lanes.sentCount)
        self.scheduleWake(after: now)
    }

    private func take(from lane: LaneSet.LaneID, at now: MonotonicTime) {
        guard let partition = self.partitions[lane], let record = partition.next() else {
            if let end = self.partitions[lane]?.reachedEnd { self.lanes.reachedEnd(lane, end) }
            return self.lanes.ranDry(lane)
        }
        self.progress.advanced(at: now)
        let taken = self.lanes.take(
            lane,
            offset: record.offset,
            key: self.spec.ordering == .key ? record.key?.hashValue : nil,
            bytesCount: record.bytesCount,
            at: now
        )
        if taken.isRewound {
            self.logger.warning(
                "The offsets of a partition went back; reading goes on from there.",
                ["partition": "\(partition.id)", "offset": "\(record.offset)"]
            )
        }
        switch taken.admission {
        case .send(let job): self.begin(job, lane, record, isNow: true, at: now)
        case .queued(let job): self.begin(job, lane, record, isNow: false, at: now)
        case .finishedBefore: self.scheduleCommit()
        case .refused: break
        }
    }

    // MARK: Committing

    /// Commits what is finished: at once after a quiet time, else when the interval is over.
    func scheduleCommit() {
        self.scheduleCommit(at: self.lastCommit.advanced(by: self.spec.commitInterval))
    }

    /// Commits how often a record was tried, soon: what is not stored is tried again by the next
    /// owner.
    func scheduleAttemptCommit(at now: MonotonicTime) {
        let regular = self.lastCommit.advanced(by: self.spec.commitInterval)
        self.scheduleCommit(at: min(regular, now.advanced(by: Self.attemptCommitDelay)))
    }

    private func scheduleCommit(at time: MonotonicTime) {
        guard !self.isStopped else { return }
        if let commitTimer = self.commitTimer {
            guard time < commitTimer.deadline else { return }
            self.loop.cancel(commitTimer.timer)
        }
        let timer = self.loop.schedule(at: time) {
            self.commitTimer = nil
            self.lastCommit = .now()
            self.commit()
        }
        self.commitTimer = (timer, time)
    }

    private func commit() {
        var commits: [TopicPartition: KafkaCommit] = [:]
        for (lane, commit) in self.lanes.takeUncommitted() {
            if let partition = self.partitions[lane] {
                commits[partition.id] = KafkaCommit(commit)
            }
        }
        self.consumer?.commit(commits)
    }

    // MARK: Lanes

    /// Removes a lane, and tells what remains to be committed.
    func forget(_ lane: LaneSet.LaneID) -> (partition: TopicPartition, commit: KafkaCommit)? {
        let commit = self.lanes.remove(lane)
        for (job, delivery) in self.deliveries where delivery.lane == lane {
            // What is with the sink is not called back: it may be half done. Its answer is ignored.
            if self.stopDeadline == nil { self.deliveries[job] = nil }
        }
        guard let partition = self.partitions.removeValue(forKey: lane) else { return nil }
        if self.laneOfPartition[partition.id] == lane {
            self.laneOfPartition[partition.id] = nil
        }
        return commit.map { (partition.id, KafkaCommit($0)) }
    }

    func giveUpWaiting(_ lane: LaneSet.LaneID) {
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
        var commits: [TopicPartition: KafkaCommit] = [:]
        for lane in self.revoking {
            if let (partition, commit) = self.forget(lane) { commits[partition] = commit }
        }
        self.revoking = []
        self.instruments.rebalanceTime.observe(self.revocationBegan.duration(to: .now()))
        self.consumer?.release(committing: commits)
    }

    func limitRevocation(to deadline: MonotonicTime) {
        if let timer = self.revocationTimer { self.loop.cancel(timer) }
        self.revocationTimer = self.loop.schedule(at: deadline) {
            self.revocationTimer = nil
            self.logger.warning("Partitions move while the sink works on their records.")
            self.finishRevocation()
        }
    }
}

// MARK: - What the consumer tells

extension DispatchEngine: KafkaConsumerDelegate {
    func consumerAssigned(_ partitions: [AssignedPartition]) {
        for partition in partitions {
            if let old = self.laneOfPartition[partition.id] { _ = self.forget(old) }
            let stored = partition.committed
            let lane = self.lanes.assign(
                start: partition.uncommittedStart,
                committed: stored?.offset,
                known: PartitionProgress(text: stored?.metadata, base: stored?.offset ?? 0)
            )
            self.partitions[lane] = partition
            self.laneOfPartition[partition.id] = lane
            if partition.uncommittedStart != nil { self.scheduleCommit() }
        }
        self.logger.info(
            "Partitions were assigned.",
            ["partitions": partitions.map(\.id.description).sorted().joined(separator: " ")]
        )
        self.instruments.rebalances.increment()
        self.progress.advanced(at: .now())
        self.assignmentIsKnown()
        self.pump()
    }

    func consumerRevoked(_ partitions: [AssignedPartition], isLost: Bool) {
        self.logger.info(
            isLost ? "Partitions were lost." : "Partitions were revoked.",
            ["partitions": partitions.map(\.id.description).sorted().joined(separator: " ")]
        )
        self.instruments.rebalances.increment()
        self.revocationBegan = .now()
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
        self.lagMayHaveChanged()
    }

    func consumerCommitted(_ offsets: [TopicPartition: Int64], error: KafkaError?) {
        for (partition, offset) in offsets {
            guard let lane = self.laneOfPartition[partition] else { continue }
            if error == nil {
                self.lanes.committed(lane, offset)
            } else {
                self.lanes.commitFailed(lane)
            }
        }
        guard let error else { return }
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

extension KafkaCommit {
    fileprivate init(_ commit: OffsetTracker.Commit) {
        self.init(offset: commit.offset, metadata: commit.metadata)
    }
}

extension KafkaRecord {
    /// Bytes of value, key and headers.
    var bytesCount: Int {
        self.headers.reduce((self.value?.count ?? 0) + (self.key?.count ?? 0)) {
            $0 + $1.name.utf8.count + ($1.value?.count ?? 0)
        }
    }
}
