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
    /// How long an answer about a broken connection waits to learn how the process ended.
    private static let exitPatience = Duration.milliseconds(200)

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
    private var readiness: ReadinessSocket?
    private var probe: PortProbe?
    private let readinessProbe: RevisionSpec.ReadinessProbe?
    private var readinessRequest: ReadinessRequest?
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
        let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
        var mustClose = true
        defer { if mustClose { Socket.close(listener) } }
        let address = try Socket.localAddress(of: listener)
        let isInherited = spec.socketMode == .inherited
        self.pool = UpstreamPool(address: address, mayOverflow: !isInherited, context: context)
        if !isInherited {
            // The port stays free for the program but for the unlikely thief in between.
            Socket.close(listener)
            mustClose = false
        }
        // Without one the first answer tells as well, only later.
        let readiness = try? ReadinessSocket(loop: context.loop) { [weak self] in
            if let self { ready(self) }
        }
        self.readiness = readiness
        defer { if self.pid == 0 { readiness?.close() } }
        let process = try InstanceProcess(
            InstanceProcess.Plan(
                command: spec.command,
                environment: InstanceEnvironment.make(
                    for: spec,
                    port: address.port,
                    readinessAddress: readiness?.address
                ),
                workingDirectory: spec.workingDirectory,
                listeningFD: isInherited ? listener : nil,
                limits: spec.resourceLimits
            ),
            on: context.loop,
            line: { [weak self] stream, line in self?.wrote(line, to: stream) },
            exited: { [self] exit in
                self.ended(exit)
                exited(self)
            }
        )
        mustClose = false
        self.process = process
        self.pid = process.pid
        if isInherited { self.listeningFD = listener }
    }

    /// Makes an instance that runs in a pod which takes requests already.
    init(_ id: InstanceID, in pod: PodEndpoint, startedAt: MonotonicTime, context: ProxyContext) {
        self.id = id
        self.name = pod.name
        self.context = context
        self.startedAt = startedAt
        self.readinessProbe = nil
        self.pool = UpstreamPool(address: pod.address, context: context)
    }

    /// The pod that it ran in is not its any more; requests that are there may finish.
    func left(_ exit: ProcessExit) {
        self.exit = exit
        self.isStopping = true
        self.pool.close()
    }

    /// Tells when the instance can be given requests, which may be at once.
    func whenAccepting(_ accepts: @escaping () -> Void) {
        guard self.listeningFD < 0 || self.readinessProbe != nil else { return accepts() }
        let timeout = self.context.configuration.startTimeout
        let (port, path) = (self.pool.address.port, self.readinessProbe?.path)
        self.startTimer = self.context.loop.schedule(after: timeout) { [weak self] in
            guard let self else { return }
            self.failureOfStart =
                self.probe == nil
                ? .neverReady(path: path ?? "/", after: timeout)
                : .neverListened(port: port, after: timeout)
            self.process?.kill()
        }
        guard self.listeningFD < 0 else { return self.whenReady(accepts) }
        let probe = PortProbe(loop: self.context.loop, address: self.pool.address) {
            [weak self] fd in
            guard let self else { return Socket.close(fd) }
            self.probe = nil
            self.pool.adopt(fd)
            self.whenReady(accepts)
        }
        self.probe = probe
        probe.start()
    }

    /// Tells when the program says that it can serve, after it was found to listen.
    private func whenReady(_ accepts: @escaping () -> Void) {
        guard let readinessProbe = self.readinessProbe else {
            self.context.loop.cancel(self.startTimer)
            self.becameReady()
            return accepts()
        }
        let request = ReadinessRequest(
            readinessProbe,
            loop: self.context.loop,
            address: self.pool.address
        ) { [weak self] in
            guard let self else { return }
            self.context.loop.cancel(self.startTimer)
            self.readinessRequest = nil
            self.becameReady()
            accepts()
        }
        self.readinessRequest = request
        request.start()
    }

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
        self.process?.stop(grace: grace)
        if self.isPaused { self.resume() }
    }

    /// Takes its processor time away; what it has in memory stays.
    func pause() {
        // A connection that grew old meanwhile would be closed just when it is used again.
        self.pool.closeIdle()
        self.isPaused = true
        self.process?.signal(SIGSTOP)
    }

    /// Lets a paused process go on.
    func resume() {
        self.isPaused = false
        self.process?.signal(SIGCONT)
    }

    /// Ends the process at once.
    func kill() {
        self.isStopping = true
        self.process?.kill()
    }

    private func ended(_ exit: ProcessExit) {
        self.exit = self.failureOfStart ?? exit
        self.process = nil
        self.context.loop.cancel(self.startTimer)
        self.readiness?.close()
        self.probe?.cancel()
        self.probe = nil
        self.readinessRequest?.cancel()
        self.readinessRequest = nil
        self.pool.close()
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
        guard self.exitWaiters.count == 1 else { return }
        self.exitTimer = self.context.loop.schedule(after: Self.exitPatience) { [weak self] in
            self?.tellExit()
        }
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
