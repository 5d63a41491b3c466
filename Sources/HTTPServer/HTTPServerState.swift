// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP

/// What the connections of one server on one loop share.
///
/// `@unchecked Sendable`: its variables belong to the thread of ``loop``. Exclusive access to those
/// that each request needs is not checked at run time: nothing called with them comes back here.
final class HTTPServerState: EventHandler, @unchecked Sendable {
    /// How many connections are taken before those that are open get their turn.
    private static let acceptsPerTurnMax = 64
    /// How long accepting rests when no descriptor is left.
    private static let exhaustedPause = Duration.milliseconds(100)
    private static let scratchBytes = 64 * 1024

    let loop: EventLoop
    let configuration: HTTPServerConfiguration
    let times: HTTPServerTimes
    let handler: any HTTPHandler
    /// One read buffer for all connections: only one is read at a time.
    let scratch: UnsafeMutableRawBufferPointer
    /// Memory for output that no connection has now.
    @exclusivity(unchecked)
    var spareOutput: [UInt8] = []
    @exclusivity(unchecked)
    var date = HTTPDateCache()
    @exclusivity(unchecked)
    var requestsTotal: UInt64 = 0
    @exclusivity(unchecked)
    private(set) var isDraining = false

    private var listeners: [Int32] = []
    private var isAccepting = true
    /// In no order; each knows its place.
    private var connections: [HTTPConnection] = []
    private var drained: [() -> Void] = []
    private var drainTimer = TimerID.none
    private var drainDeadline = MonotonicTime(nanoseconds: .max)

    private let capacity: HTTPServerCapacity
    /// Those that get connections of this one, which accepts; empty at the others.
    private var targets: [HTTPServerState] = []
    private var targetNext = 0
    /// The one that accepts for this one.
    private weak var acceptor: HTTPServerState?

    init(
        loop: EventLoop,
        configuration: HTTPServerConfiguration,
        handler: any HTTPHandler,
        capacity: HTTPServerCapacity
    ) {
        self.loop = loop
        self.configuration = configuration
        self.times = HTTPServerTimes(configuration)
        self.handler = handler
        self.capacity = capacity
        self.scratch = .allocate(byteCount: Self.scratchBytes, alignment: 16)
    }

    deinit { self.scratch.deallocate() }

    /// Deals what this one accepts to all in turn; before anything else.
    ///
    /// One who accepts for all is fair to the letter. Were each to accept for itself, connections
    /// that last would pile up on the loop that happened to be awake.
    func deal(to states: [HTTPServerState]) {
        for state in states { state.acceptor = self }
        self.targets = states.filter { $0 !== self }
    }

    func adopt(_ fd: Int32) throws -> SocketAddress {
        do {
            try Socket.prepareListener(fd)
            let address = try Socket.localAddress(of: fd)
            try self.loop.register(fd, for: .readable, handler: self)
            self.listeners.append(fd)
            return address
        } catch {
            Socket.close(fd)
            throw error
        }
    }

    // MARK: Accept

    func handleEvents(_ events: IOEvents) {
        for listener in self.listeners { self.accept(from: listener) }
    }

    private func accept(from listener: Int32) {
        for _ in 0..<Self.acceptsPerTurnMax {
            guard self.capacity.take() else { return self.setAccepting(false) }
            guard let (fd, peer) = self.acceptOne(from: listener) else {
                _ = self.capacity.giveBack()
                return
            }
            self.deal(fd, peer)
        }
    }

    private func acceptOne(from listener: Int32) -> (fd: Int32, peer: SocketAddress)? {
        do {
            switch try Socket.accept(from: listener) {
            case .connection(let fd, let peer): return (fd, peer)
            case .none: break
            case .exhausted: self.restAccepting()
            }
        } catch {
            self.configuration.report("\(error)")
            self.restAccepting()
        }
        return nil
    }

    private func deal(_ fd: Int32, _ peer: SocketAddress) {
        let turn = self.targetNext
        self.targetNext = turn < self.targets.count ? turn + 1 : 0
        guard turn > 0 else { return self.open(fd, peer) }
        let target = self.targets[turn - 1]
        target.loop.execute { target.open(fd, peer) }
    }

    private func open(_ fd: Int32, _ peer: SocketAddress) {
        let connection = HTTPConnection(fd: fd, peer: peer, server: self)
        do {
            try connection.open()
            connection.place = self.connections.count
            self.connections.append(connection)
        } catch {
            self.configuration.report("\(error)")
            Socket.close(fd)
            self.gaveBack()
        }
    }

    private func restAccepting() {
        self.setAccepting(false)
        self.configuration.report("accepting rests: no file descriptor is left in this process")
        self.loop.schedule(after: Self.exhaustedPause) { self.setAccepting(true) }
    }

    private func setAccepting(_ isAccepting: Bool) {
        guard isAccepting != self.isAccepting, !self.isDraining else { return }
        self.isAccepting = isAccepting
        for listener in self.listeners {
            self.loop.modify(listener, for: isAccepting ? .readable : [])
        }
    }

    func connectionClosed(_ connection: HTTPConnection) {
        self.forget(connection)
        self.gaveBack()
        if self.connections.isEmpty, self.isDraining { self.finishDrain() }
    }

    /// Lets the last one take the place of one that goes.
    private func forget(_ connection: HTTPConnection) {
        let place = connection.place
        guard place < self.connections.count, self.connections[place] === connection else { return }
        let last = self.connections.removeLast()
        guard last !== connection else { return }
        self.connections[place] = last
        last.place = place
    }

    private func gaveBack() {
        guard self.capacity.giveBack(), let acceptor = self.acceptor else { return }
        if acceptor === self { return self.setAccepting(true) }
        acceptor.loop.execute { acceptor.setAccepting(true) }
    }

    // MARK: Drain

    func drain(deadline: Duration, _ completion: @escaping () -> Void) {
        self.drained.append(completion)
        guard !self.isDraining || self.connections.isEmpty else {
            return self.cutOff(after: deadline)
        }
        self.isDraining = true
        for listener in self.listeners {
            self.loop.deregister(listener)
            Socket.close(listener)
        }
        self.listeners = []
        for connection in self.connections { connection.drain() }
        guard !self.connections.isEmpty else { return self.finishDrain() }
        self.cutOff(after: deadline)
    }

    /// Resets what is still open then; a later end than one that was set changes nothing.
    private func cutOff(after delay: Duration) {
        let deadline = self.loop.now.advanced(by: delay)
        guard deadline < self.drainDeadline else { return }
        self.drainDeadline = deadline
        self.loop.cancel(self.drainTimer)
        self.drainTimer = self.loop.schedule(at: deadline) {
            for connection in self.connections { connection.reset() }
        }
    }

    private func finishDrain() {
        self.loop.cancel(self.drainTimer)
        let drained = self.drained
        self.drained = []
        for completion in drained { completion() }
    }
}
