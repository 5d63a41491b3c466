// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc
internal import Kubernetes
internal import Telemetry

/// One instance of a revision: its process or pod, its socket, and the connections to it.
///
/// In ``RevisionSpec/SocketMode/inherited`` mode the instance takes requests from the moment its
/// process is there: the kernel keeps the connections until they are accepted. The activator keeps
/// a copy of the listening socket, because when the process ends the connections that are still in
/// its queue show which requests were never seen. Belongs to the loop's thread.
final class Instance {
    /// Lines of standard error that are kept for the log of a crash.
    static let lastLinesMax = 8
    /// Memory, in bytes, that most programs need to start; a limit below may be why one does not.
    static let memoryUsual: UInt64 = 8 << 20
    /// How long an answer about a broken connection waits to learn how the process ended.
    private static let exitPatience = Duration.milliseconds(200)
    /// How often it waits that long for a process that is seen to end.
    private static let exitWaitsMax = 10

    let id: InstanceID
    /// For logs, for example `exam-generator-00001-1`.
    let name: String
    let pool: UpstreamPool
    let startedAt: MonotonicTime
    private(set) var pid: Int32 = 0
    /// When the first byte of its first answer came.
    private(set) var answeredAt: MonotonicTime?
    /// Since when it is known to serve at once; `nil` while it is not.
    private(set) var readyAt: MonotonicTime?
    /// How it ended; `nil` while it lives.
    private(set) var exit: ProcessExit?
    /// What it wrote last to standard error.
    private(set) var lastLines: [String] = []
    var isStopping = false
    private(set) var isPaused = false
    /// Whether anybody was told that it is ready.
    var isReadyTold = false
    /// The identity of the event that it was started for.
    var eventAttributes: [String: String] = [:]

    private let context: ProxyContext
    private var process: InstanceProcess?
    /// What holds its memory limit; `nil` without one, and where there can be no group.
    private var cgroup: InstanceCgroup?
    private let memoryBytesMax: UInt64
    /// What holds the limit where there is no group.
    private var memoryWatch: MemoryWatch?
    private var readiness: ReadinessSocket?
    private var probe: PortProbe?
    private let readinessProbe: RevisionSpec.ReadinessProbe?
    private var monitor: ReadinessMonitor?
    /// How it is run; `nil` in a pod.
    private var plan: InstanceProcess.Plan?
    /// Commands of its probe whose process is still there.
    private var commandCount = 0
    /// How its process ended, and who is told when none of its probe is left either.
    private var ending: (exit: ProcessExit, told: (Instance) -> Void)?
    private var startTimer = TimerID.none
    private var listeningFD: Int32 = -1
    private var failureOfStart: ProcessExit?
    private var exitTimer = TimerID.none
    private var exitWaiters: [(ProcessExit?) -> Void] = []

    /// Starts an instance.
    ///
    /// - Parameters:
    ///   - id: Its name within the revision.
    ///   - spec: The revision.
    ///   - context: What it shares with others.
    ///   - ready: Called once when the program says that it listens, which it need not.
    ///   - exited: Called when its process has ended; not when this throws.
    /// - Throws: `SystemError` when there can be no process.
    init(
        _ id: InstanceID,
        of spec: RevisionSpec,
        context: ProxyContext,
        ready: @escaping (Instance) -> Void,
        exited: @escaping (Instance) -> Void
    ) throws {
        self.id = id
        self.name = "\(spec.revision)-\(id)"
        self.context = context
        self.startedAt = .now()
        self.readinessProbe = spec.readinessProbe
        self.memoryBytesMax = spec.resourceLimits.memoryBytesMax
        let (address, listener) = try Self.makeSocket(for: spec)
        self.pool = UpstreamPool(at: address, of: spec, context: context)
        self.listeningFD = listener ?? -1
        do {
            try self.launch(spec, ready: ready, exited: exited)
        } catch {
            self.abandon()
            throw error
        }
    }

    /// Where it is reached, and the listening socket that it inherits, if it does.
    private static func makeSocket(
        for spec: RevisionSpec
    ) throws -> (address: SocketAddress, listener: Int32?) {
        let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
        do {
            let address = try Socket.localAddress(of: listener)
            guard spec.socketMode != .inherited else { return (address, listener) }
            // The port stays free for the program but for the unlikely thief in between.
            Socket.close(listener)
            return (address, nil)
        } catch {
            Socket.close(listener)
            throw error
        }
    }

    private func launch(
        _ spec: RevisionSpec,
        ready: @escaping (Instance) -> Void,
        exited: @escaping (Instance) -> Void
    ) throws {
        // Without one the first answer tells as well, only later.
        self.readiness = try? ReadinessSocket(loop: self.context.loop) { [weak self] in
            if let self { ready(self) }
        }
        self.cgroup = self.makeGroup()
        let plan = self.makePlan(for: spec)
        self.plan = plan
        let process = try InstanceProcess(
            plan,
            on: self.context.loop,
            line: { [weak self] stream, line in self?.wrote(line, to: stream) },
            exited: { [self] exit in
                self.memoryWatch?.cancel()
                self.endProbes()
                self.ending = (exit, exited)
                self.tellEnd()
            }
        )
        self.process = process
        self.pid = process.pid
        if self.cgroup == nil { self.watchMemory() }
    }

    /// Gives back what a process that could not be made would have had.
    private func abandon() {
        self.readiness?.close()
        if let cgroup = self.cgroup.take() { self.context.cgroups?.release(cgroup) }
        if self.listeningFD >= 0 { Socket.close(self.listeningFD) }
        self.listeningFD = -1
    }

    /// A control group for a limit of memory; `nil` without a limit, and where none can be made.
    private func makeGroup() -> InstanceCgroup? {
        let bytesMax = self.memoryBytesMax
        return bytesMax == 0
            ? nil : self.context.cgroups?.makeGroup(named: self.name, memoryBytesMax: bytesMax)
    }

    private func makePlan(for spec: RevisionSpec) -> InstanceProcess.Plan {
        InstanceProcess.Plan(
            command: spec.command,
            environment: InstanceEnvironment.make(
                for: spec,
                port: self.pool.address.port,
                readinessAddress: self.readiness?.address
            ),
            workingDirectory: spec.workingDirectory,
            listeningFD: self.listeningFD >= 0 ? self.listeningFD : nil,
            limits: spec.resourceLimits,
            user: spec.user,
            cgroupFD: self.cgroup?.fd
        )
    }

    private func watchMemory() {
        guard self.memoryBytesMax > 0 else { return }
        self.memoryWatch = MemoryWatch(
            of: self.pid,
            bytesMax: self.memoryBytesMax,
            loop: self.context.loop,
            exceeded: { [weak self] in self?.process?.kill() }
        )
    }

    /// Makes an instance that runs in a pod which takes requests already.
    init(
        _ id: InstanceID,
        of spec: RevisionSpec,
        in pod: PodEndpoint,
        startedAt: MonotonicTime,
        context: ProxyContext
    ) {
        self.id = id
        self.name = pod.name
        self.context = context
        self.startedAt = startedAt
        self.readinessProbe = nil
        self.memoryBytesMax = 0
        self.pool = UpstreamPool(at: pod.address, of: spec, context: context)
    }

    /// The pod that it ran in is not its any more; requests that are there may finish.
    func left(_ exit: ProcessExit) {
        self.exit = exit
        self.isStopping = true
        self.pool.close()
    }

    // MARK: Readiness

    /// Tells when the instance can be given requests, which may be at once.
    ///
    /// - Parameters:
    ///   - accepts: Called once.
    ///   - changed: Called when its probe fails later on, and when it passes again.
    func whenAccepting(_ accepts: @escaping () -> Void, changed: @escaping (Bool) -> Void) {
        guard self.listeningFD < 0 || self.readinessProbe != nil else { return accepts() }
        let timeout = self.context.configuration.startTimeout
        let delay = self.readinessProbe?.initialDelay ?? .zero
        self.startTimer = self.context.loop.schedule(after: delay + timeout) { [weak self] in
            self?.startTimedOut(after: delay + timeout)
        }
        guard self.listeningFD < 0 else { return self.whenReady(accepts, changed) }
        let probe = PortProbe(loop: self.context.loop, address: self.pool.address) {
            [weak self] fd in
            guard let self else { return Socket.close(fd) }
            self.probe = nil
            self.pool.adopt(fd)
            self.whenReady(accepts, changed)
        }
        self.probe = probe
        probe.start()
    }

    private func startTimedOut(after time: Duration) {
        if self.probe == nil, let readinessProbe = self.readinessProbe {
            self.failureOfStart = .neverReady(
                expectation: readinessProbe.expectation,
                after: time,
                lastFailure: self.monitor?.lastFailure
            )
        } else {
            self.failureOfStart = .neverListened(port: self.pool.address.port, after: time)
        }
        self.process?.kill()
    }

    /// Tells when the program says that it can serve, after it was found to listen.
    private func whenReady(_ accepts: @escaping () -> Void, _ changed: @escaping (Bool) -> Void) {
        guard let readinessProbe = self.readinessProbe else {
            self.context.loop.cancel(self.startTimer)
            self.becameReady()
            return accepts()
        }
        let monitor = ReadinessMonitor(
            readinessProbe,
            loop: self.context.loop,
            makeAttempt: { [unowned self] in try self.makeAttempt(readinessProbe.action) },
            changed: { [weak self] isReady in
                guard let self else { return }
                guard self.readyAt == nil else { return changed(isReady) }
                self.context.loop.cancel(self.startTimer)
                self.becameReady()
                accepts()
            }
        )
        self.monitor = monitor
        monitor.start()
    }

    private func makeAttempt(
        _ action: RevisionSpec.ReadinessProbe.Action
    ) throws -> any ReadinessAttempt {
        let (loop, address) = (self.context.loop, self.pool.address)
        switch action {
        case .httpGet(let path, let headers):
            return try ReadinessRequest(path, headers, to: address, loop: loop)
        case .grpc(let service):
            return ReadinessHealthCheck(of: service, at: address, context: self.context)
        case .tcpSocket: return try ReadinessConnection(to: address, loop: loop)
        case .exec(let command):
            guard var plan = self.plan else { throw SystemError("exec", code: ESRCH) }
            plan.command = command
            plan.listeningFD = nil
            // That the program is ready is not for its probe to tell.
            plan.environment.removeAll { $0.hasPrefix("NOTIFY_SOCKET=") }
            self.commandCount += 1
            return ReadinessCommand(
                plan,
                loop: loop,
                line: { [context, name] line in
                    context.logger.debug("\(name), readinessProbe: \(line)")
                },
                ended: { [self] in
                    self.commandCount -= 1
                    self.tellEnd()
                }
            )
        }
    }

    /// What its probe found when it failed last.
    var lastProbeFailure: String? { self.monitor?.lastFailure }

    /// It serves at once from now on.
    func becameReady() { if self.readyAt == nil { self.readyAt = .now() } }

    /// Whether a request that came at some time has to wait for the process to start.
    func isCold(for arrival: MonotonicTime) -> Bool {
        guard self.answeredAt == nil else { return false }
        return self.readyAt.map { arrival < $0 } ?? true
    }

    /// The first byte of an answer came; whether it was the first one of all.
    func answered(at now: MonotonicTime) -> Bool {
        guard self.answeredAt == nil else { return false }
        self.answeredAt = now
        return true
    }

    /// From the start of the process to the first byte of an answer.
    var startDuration: Duration? { self.answeredAt.map { self.startedAt.duration(to: $0) } }

    // MARK: End

    /// Asks the process to end.
    func stop(grace: Duration) {
        self.isStopping = true
        // An idle connection would keep a server that drains its connections from ending.
        self.pool.close()
        self.endProbes()
        self.process?.stop(grace: grace)
        if self.isPaused { self.resume() }
    }

    /// Takes its processor time away; what it has in memory stays.
    func pause() {
        // A connection that grew old meanwhile would be closed just when it is used again.
        self.pool.closeIdle()
        self.isPaused = true
        self.monitor?.suspend()
        self.process?.signal(SIGSTOP)
    }

    /// Lets a paused process go on.
    func resume() {
        self.isPaused = false
        self.process?.signal(SIGCONT)
        self.monitor?.resume()
    }

    /// Ends the process at once.
    func kill() {
        self.isStopping = true
        self.endProbes()
        self.process?.kill()
        self.cgroup?.kill()
    }

    /// What a probe started goes before the process, or with it.
    private func endProbes() {
        self.probe?.cancel()
        self.probe = nil
        self.monitor?.cancel()
        self.monitor = nil
    }

    private func ended(_ exit: ProcessExit) {
        let reason = self.reason(of: exit)
        self.exit = self.failureOfStart ?? reason
        self.process = nil
        self.context.loop.cancel(self.startTimer)
        self.readiness?.close()
        self.endProbes()
        self.pool.close()
    }

    private func tellEnd() {
        guard self.commandCount == 0, let ending = self.ending.take() else { return }
        self.ended(ending.exit)
        ending.told(self)
    }

    /// Tells an end for want of memory from others; removes the group.
    private func reason(of exit: ProcessExit) -> ProcessExit {
        let cgroup = self.cgroup.take()
        defer { if let cgroup { self.context.cgroups?.release(cgroup) } }
        let hasRunOut =
            self.memoryWatch?.hasExceeded == true || cgroup?.hasRunOutOfMemory == true
        guard case .signal(let signal) = exit else { return exit }
        if signal == SIGKILL, hasRunOut { return .outOfMemory(limit: self.memoryBytesMax) }
        // A program whose pages do not fit is ended by whatever signal its first fault brings.
        let isStarting = self.readyAt == nil && self.answeredAt == nil
        return isStarting && 1..<Self.memoryUsual ~= self.memoryBytesMax
            ? .neverFit(signal: signal, limit: self.memoryBytesMax) : exit
    }

    /// Takes the connections that the process never accepted, by the ports of their other ends.
    func takeUnacceptedPorts() -> Set<UInt16> {
        guard self.listeningFD >= 0 else { return [] }
        // The process may have made the socket that we share a blocking one.
        _ = fcntl(self.listeningFD, F_SETFL, O_NONBLOCK)
        var ports: Set<UInt16> = []
        while case .connection(let fd, let peer)? = try? Socket.accept(from: self.listeningFD) {
            ports.insert(peer.port)
            Socket.close(fd)
        }
        Socket.close(self.listeningFD)
        self.listeningFD = -1
        return ports
    }

    /// Tells how the process ended, as soon as that is known, or `nil` when it seems to live on.
    ///
    /// The connections of a process break a moment before its end is reported.
    func whenExitIsKnown(_ body: @escaping (ProcessExit?) -> Void) {
        guard self.exit == nil else { return body(self.exit) }
        self.exitWaiters.append(body)
        if self.exitWaiters.count == 1 { self.awaitExit(atMost: Self.exitWaitsMax) }
    }

    private func awaitExit(atMost waitCount: Int) {
        self.exitTimer = self.context.loop.schedule(after: Self.exitPatience) { [weak self] in
            guard let self else { return }
            guard waitCount > 1, self.isEnding else { return self.tellExit() }
            self.awaitExit(atMost: waitCount - 1)
        }
    }

    /// Whether its process has begun to end, which a busy machine may be slow to finish: the kernel
    /// takes the memory first, then the connections, and reports the end last.
    private var isEnding: Bool {
        guard self.pid > 0, let status = try? CgroupFile.read("/proc/\(self.pid)/status") else {
            return false
        }
        return MemoryUse(status: status) == nil
    }

    /// Tells those who wait to know.
    func tellExit() {
        self.context.loop.cancel(self.exitTimer)
        let waiters = self.exitWaiters
        self.exitWaiters = []
        for waiter in waiters { waiter(self.exit) }
    }

    // MARK: Output

    private func wrote(_ line: String, to stream: InstanceProcess.Stream) {
        if stream == .error {
            if self.lastLines.count == Self.lastLinesMax { self.lastLines.removeFirst() }
            self.lastLines.append(line)
        }
        self.context.logger.info("\(self.name): \(line)")
    }
}
