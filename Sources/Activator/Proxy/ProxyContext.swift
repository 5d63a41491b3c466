// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Telemetry

/// What all revisions of an activator share.
///
/// Belongs to the loop's thread. Exclusive access to two of its variables is not checked at run
/// time: what writes a head does not come back here.
final class ProxyContext {
    /// Output that reaches this many bytes is sent without waiting for more.
    static let flushBytes = 16 * 1024
    private static let scratchBytes = 64 * 1024

    let loop: EventLoop
    let configuration: ActivatorConfiguration
    /// How long a connection to an instance may take to be made.
    let connectTimeout: TimeSpan
    /// How long a connection to an instance may lie idle.
    let upstreamIdleTimeout: TimeSpan
    let logger: Logger
    let milestones: MilestoneRecorder
    let metrics: Metrics
    /// Where revisions that run in pods get them; `nil` without a cluster.
    let pods: PodBackend?
    /// Where instances get their cgroups; `nil` when they are to have none.
    let cgroups: CgroupKeeper?
    /// One read buffer for all connections: only one is read at a time.
    let scratch: UnsafeMutableRawBufferPointer
    @exclusivity(unchecked)
    var forwarded = ForwardedText()
    @exclusivity(unchecked)
    var trace = TraceParent(seed: .random(in: 0 ... .max))
    /// What the requests of all revisions that wait hold.
    var queued = QueueRoom(count: 0, bytes: 0)

    private var flushes: [any PlannedFlush] = []

    init(
        loop: EventLoop,
        configuration: ActivatorConfiguration,
        logger: Logger,
        milestones: MilestoneRecorder,
        metrics: Metrics,
        pods: PodBackend? = nil
    ) {
        self.loop = loop
        self.configuration = configuration
        self.connectTimeout = TimeSpan(configuration.connectTimeout)
        self.upstreamIdleTimeout = TimeSpan(configuration.upstreamIdleTimeout)
        self.logger = logger
        self.milestones = milestones
        self.metrics = metrics
        self.pods = pods
        self.cgroups =
            configuration.usesCgroups ? CgroupKeeper(loop: loop, logger: logger) : nil
        self.scratch = .allocate(byteCount: Self.scratchBytes, alignment: 16)
    }

    deinit { self.scratch.deallocate() }

    /// What the queues of all revisions together have room for.
    var queueRoom: QueueRoom {
        QueueRoom(
            count: self.configuration.queueCountTotalMax - self.queued.count,
            bytes: self.configuration.queueBytesTotalMax - self.queued.bytes
        )
    }

    /// Flushes a connection at the end of this turn: a head then leaves together with the body that
    /// came with it.
    func planFlush(of connection: any PlannedFlush) {
        self.flushes.append(connection)
        guard self.flushes.count == 1 else { return }
        let owned = LoopBound(self)
        self.loop.execute { owned.value.flushPlanned() }
    }

    private func flushPlanned() {
        var connections: [any PlannedFlush] = []
        swap(&connections, &self.flushes)
        for connection in connections { connection.flush() }
        connections.removeAll(keepingCapacity: true)
        if self.flushes.isEmpty { swap(&connections, &self.flushes) }
    }
}

/// Whoever has something to send when a turn of the loop ends.
protocol PlannedFlush: AnyObject {
    /// Sends what is there.
    func flush()
}

/// Carries something that belongs to a loop's thread through a closure that runs on that thread.
///
/// `@unchecked Sendable`: made and used on the loop's thread alone.
struct LoopBound<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}
