// SPDX-License-Identifier: Apache-2.0

import CCurl
import EventLoop
import Glibc
import Synchronization

/// A libcurl multi handle on an event loop.
///
/// libcurl calls back while it is being called. What it says then about sockets and time goes
/// straight to the loop, which never calls libcurl in turn; what concerns a user's code is put on a
/// list and dealt with when libcurl has returned. So user code never runs inside libcurl, and may
/// start and cancel requests and close the client at will.
///
/// `@unchecked Sendable`: all variables belong to `loop`.
final class CurlDriver: @unchecked Sendable {
    /// Most unused easy handles that are kept.
    private static let idleHandlesMax = 256
    /// Most bytes that wait for the receiver of a stream before the peer is held back.
    private static let backlogBytesMax = 256 * 1024

    let loop: EventLoop
    let configuration: HTTPClientConfiguration

    private let multi: UnsafeMutableRawPointer
    /// Written on the loop alone.
    private let closed = Atomic<Bool>(false)
    /// libcurl is on the stack.
    private var isInsideCurl = false
    private var running: [CurlEasy] = []
    private var idle: [CurlEasy] = []
    /// By descriptor.
    private var watches: [SocketWatch?] = []
    /// Transfers with something for the user's code.
    private var ready: [HTTPClientTransfer] = []
    /// The list that is being worked off; empty between deliveries.
    private var delivering: [HTTPClientTransfer] = []
    private var isDelivering = false
    private var isDeliveryQueued = false
    /// Easy handles whose socket the loop could not take.
    private var unwatchable: [CurlEasy] = []
    private let timer: CurlTimer
    /// The connections on which no libcurl speaks.
    let plain: PlainPool
    /// A socket that libcurl is to forget, and not to close.
    private var adopted: Int32 = -1
    /// A handler of events is on the stack that delivers at its end.
    private var isHandling = false

    private static let globalCode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    init(loop: EventLoop, configuration: HTTPClientConfiguration) {
        precondition(Self.globalCode == CURLE_OK, "libcurl starts: memory is left at the start")
        guard let multi = curl_multi_init() else {
            preconditionFailure("libcurl makes a multi handle: memory is left at the start")
        }
        CurlEasy.liveCount.wrappingAdd(1, ordering: .relaxed)
        self.loop = loop
        self.configuration = configuration
        self.multi = multi
        self.timer = CurlTimer(loop: loop)
        self.plain = PlainPool(configuration)
        // A cycle, which close() breaks as it breaks those with the sockets on the loop.
        self.timer.fire = { self.timeReached() }
        self.setOptions()
    }

    private func setOptions() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        _ = swiftlet_curl_multi_setopt_socket(
            self.multi,
            { easy, fd, what, context, _ in
                CurlDriver.from(context)?.socketChanged(fd, what, easy)
                return 0
            },
            context
        )
        _ = swiftlet_curl_multi_setopt_timer(
            self.multi,
            { _, milliseconds, context in
                CurlDriver.from(context)?.timerChanged(milliseconds)
                return 0
            },
            context
        )
        for (option, value) in [
            (CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING)),
            (CURLMOPT_MAXCONNECTS, max(1, self.configuration.idleConnectionsMax)),
            (CURLMOPT_MAX_HOST_CONNECTIONS, max(0, self.configuration.connectionsPerHostMax)),
        ] {
            _ = swiftlet_curl_multi_setopt_long(self.multi, option, value)
        }
    }

    static func from(_ context: UnsafeMutableRawPointer?) -> CurlDriver? {
        context.map { Unmanaged<CurlDriver>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Whether nothing is sent any more; any thread.
    var isClosed: Bool { self.closed.load(ordering: .relaxed) }

    // MARK: Requests; loop only, never inside libcurl

    /// Starts a transfer; its completion is called later, whatever happens.
    func start(_ transfer: HTTPClientTransfer) {
        assert(self.loop.isCurrent, "transfers start on the client's loop")
        guard case .new = transfer.state else { return }
        do {
            try self.add(transfer)
        } catch {
            self.finish(transfer, .failure(error))
        }
    }

    private func add(_ transfer: HTTPClientTransfer) throws(HTTPClientError) {
        let request = transfer.request
        guard !transfer.isCancelled else {
            throw HTTPClientError(request, .cancelled, "the request was cancelled")
        }
        guard !self.isClosed else {
            throw HTTPClientError(request, .closed, "the client is closed")
        }
        let count = self.running.count + self.plain.carryingCount
        guard count < self.configuration.transfersMax else {
            throw HTTPClientError(request, .overloaded, "\(count) requests are under way already")
        }
        if let target = self.plain.target(of: request) {
            return try self.addPlain(transfer, target)
        }
        let easy = try self.makeEasy(for: request)
        do throws(HTTPClientError) {
            try easy.prepare(transfer)
        } catch {
            self.putBack(easy)
            throw error
        }
        try self.run(easy, transfer)
    }

    private func makeEasy(for request: HTTPClientRequest) throws(HTTPClientError) -> CurlEasy {
        guard let easy = self.idle.popLast() ?? CurlEasy(driver: self) else {
            throw HTTPClientError(request, .failed, "no memory is left for another request")
        }
        return easy
    }

    private func run(_ easy: CurlEasy, _ transfer: HTTPClientTransfer) throws(HTTPClientError) {
        let code = self.insideCurl { curl_multi_add_handle(self.multi, easy.handle) }
        guard code == CURLM_OK else {
            self.putBack(easy)
            throw HTTPClientError(transfer.request, .failed, "libcurl refused the request")
        }
        easy.runningIndex = self.running.count
        self.running.append(easy)
        transfer.state = .running(easy)
    }

    /// Ends a transfer that is not over.
    func cancel(_ transfer: HTTPClientTransfer) {
        transfer.isCancelled = true
        transfer.dropBacklog()
        switch transfer.state {
        case .new, .completed: break
        // Only a stream that was paused: the outcome stays what it was.
        case .finished: self.enqueue(transfer)
        case .running(let easy):
            let sentence = "the request was cancelled"
            self.abort(easy, HTTPClientError(transfer.request, .cancelled, sentence))
        case .carried(let connection):
            connection.close()
            self.fail(transfer, .cancelled, "the request was cancelled")
        }
    }

    /// Goes on with a transfer whose receiver wants more.
    func resume(_ transfer: HTTPClientTransfer) {
        self.enqueue(transfer)
    }

    /// Ends everything and gives back every resource; the completions have run on return, unless
    /// this was called from one of them.
    func close() {
        guard !self.isClosed else { return }
        self.closed.store(true, ordering: .relaxed)
        while let easy = self.running.last, let transfer = easy.transfer {
            let error = HTTPClientError(transfer.request, .closed, "the client was closed")
            transfer.isCancelled = true
            transfer.dropBacklog()
            self.abort(easy, error)
        }
        for connection in self.plain.connections {
            let transfer = connection.transfer
            connection.close()
            guard let transfer else { continue }
            transfer.isCancelled = true
            transfer.dropBacklog()
            self.fail(transfer, .closed, "the client was closed")
        }
        self.idle = []
        self.timer.cancel()
        // Closes the connections, and calls back for each.
        _ = self.insideCurl { curl_multi_cleanup(self.multi) }
        CurlEasy.liveCount.wrappingSubtract(1, ordering: .relaxed)
        for watch in self.watches { watch?.stop() }
        self.watches = []
        self.deliver()
    }

    private func abort(_ easy: CurlEasy, _ error: HTTPClientError) {
        guard let transfer = easy.transfer else { return }
        self.remove(easy)
        self.finish(transfer, .failure(error))
    }

    /// Ends a transfer without an answer.
    func fail(_ transfer: HTTPClientTransfer, _ kind: HTTPClientError.Kind, _ sentence: String) {
        self.finish(transfer, .failure(HTTPClientError(transfer.request, kind, sentence)))
    }

    /// Ends a transfer, which is off its handle or connection already.
    func finish(
        _ transfer: HTTPClientTransfer,
        _ result: Result<HTTPClientResponse, HTTPClientError>
    ) {
        transfer.state = .finished(result)
        self.enqueue(transfer)
    }

    private func remove(_ easy: CurlEasy) {
        _ = self.insideCurl { curl_multi_remove_handle(self.multi, easy.handle) }
        let last = self.running.removeLast()
        if last !== easy {
            self.running[easy.runningIndex] = last
            last.runningIndex = easy.runningIndex
        }
        self.putBack(easy)
    }

    private func putBack(_ easy: CurlEasy) {
        easy.release()
        if !self.isClosed, self.idle.count < Self.idleHandlesMax { self.idle.append(easy) }
    }

    // MARK: Connections of our own

    private func addPlain(
        _ transfer: HTTPClientTransfer,
        _ target: PlainTarget
    ) throws(HTTPClientError) {
        transfer.deadline = .now().advanced(by: max(.milliseconds(1), transfer.request.timeout))
        guard let connection = self.plain.takeIdle(to: target.authority) else {
            return try self.connect(transfer, target)
        }
        do throws(HTTPClientError) {
            transfer.state = .carried(connection)
            try connection.carry(transfer, to: target)
        } catch {
            self.plain.becameIdle(connection)
            throw error
        }
    }

    private func connect(
        _ transfer: HTTPClientTransfer,
        _ target: PlainTarget
    ) throws(HTTPClientError) {
        // What cannot be sent needs no connection.
        var unsent: [UInt8] = []
        try PlainRequest.appendHead(of: transfer.request, to: target, &unsent)
        let easy = try self.makeEasy(for: transfer.request)
        easy.prepareConnection(for: transfer, to: target)
        try self.run(easy, transfer)
    }

    /// Takes the connection that libcurl made off it.
    private func adopt(_ easy: CurlEasy, _ transfer: HTTPClientTransfer, _ target: PlainTarget) {
        let fd = easy.socket
        self.adopted = fd
        self.remove(easy)
        self.adopted = -1
        guard fd >= 0 else { return self.fail(transfer, .failed, "libcurl gave no socket") }
        do {
            let connection = try PlainConnection(fd, to: target.authority, driver: self)
            self.plain.add(connection)
            transfer.state = .carried(connection)
            try connection.carry(transfer, to: target)
        } catch let error as HTTPClientError {
            self.finish(transfer, .failure(error))
        } catch {
            Glibc.close(fd)
            self.fail(transfer, .failed, "the system cannot watch another socket")
        }
    }

    /// Sends a request again, over a fresh connection, of which the peer took nothing.
    func restart(_ transfer: HTTPClientTransfer) {
        guard let target = self.plain.target(of: transfer.request), !self.isClosed else {
            return self.fail(transfer, .connectionLost, "the kept connection was closed")
        }
        do {
            try self.connect(transfer, target)
        } catch {
            self.finish(transfer, .failure(error))
        }
    }

    /// Runs what may end transfers, and hands over their outcomes afterwards.
    func delivering(_ body: () -> Void) {
        self.isHandling = true
        body()
        self.isHandling = false
        self.deliver()
    }

    // MARK: Driving libcurl

    private func insideCurl<Value>(_ body: () -> Value) -> Value {
        assert(!self.isInsideCurl, "libcurl is not called from its own callbacks")
        self.isInsideCurl = true
        defer { self.isInsideCurl = false }
        return body()
    }

    /// Something happened to a descriptor that libcurl waits for.
    func socketReady(_ fd: Int32, _ events: IOEvents) {
        var mask: Int32 = 0
        if events.rawValue & IOEvents.readable.rawValue != 0 { mask |= CURL_CSELECT_IN }
        if events.rawValue & IOEvents.writable.rawValue != 0 { mask |= CURL_CSELECT_OUT }
        self.act(on: fd, mask)
    }

    private func timeReached() {
        guard !self.isClosed else { return }
        self.act(on: CURL_SOCKET_TIMEOUT, 0)
    }

    private func act(on fd: Int32, _ mask: Int32) {
        var runningCount: Int32 = 0
        _ = self.insideCurl { curl_multi_socket_action(self.multi, fd, mask, &runningCount) }
        self.collect()
        self.deliver()
    }

    /// Takes the finished transfers off libcurl.
    private func collect() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(self.multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle
            else { continue }
            // The message is gone once the handle is removed.
            let code = message.pointee.data.result
            guard let easy = self.easy(of: handle), let transfer = easy.transfer else { continue }
            if code == CURLE_OK, let target = easy.plainTarget {
                self.adopt(easy, transfer, target)
                continue
            }
            let result = easy.result(code)
            self.remove(easy)
            self.finish(transfer, result)
        }
        while let easy = self.unwatchable.popLast() {
            guard let request = easy.transfer?.request else { continue }
            let sentence = "the system cannot watch another socket"
            self.abort(easy, HTTPClientError(request, .failed, sentence))
        }
    }

    private func easy(of handle: UnsafeMutableRawPointer?) -> CurlEasy? {
        var context: UnsafeMutableRawPointer?
        guard let handle,
            swiftlet_curl_easy_getinfo_pointer(handle, CURLINFO_PRIVATE, &context) == CURLE_OK
        else { return nil }
        return CurlEasy.from(context)
    }

    // MARK: User code

    /// Puts a transfer on the list of those with something to deliver.
    func enqueue(_ transfer: HTTPClientTransfer) {
        guard !transfer.isReady else { return }
        transfer.isReady = true
        self.ready.append(transfer)
        // Whoever called libcurl delivers when it has returned.
        guard !self.isInsideCurl, !self.isHandling, !self.isDelivering, !self.isDeliveryQueued
        else { return }
        self.isDeliveryQueued = true
        self.loop.execute {
            self.isDeliveryQueued = false
            self.deliver()
        }
    }

    private func deliver() {
        guard !self.isDelivering else { return }
        self.isDelivering = true
        while !self.ready.isEmpty {
            swap(&self.ready, &self.delivering)
            for transfer in self.delivering {
                transfer.isReady = false
                transfer.deliver()
                self.releaseIfHeld(transfer)
            }
            self.delivering.removeAll(keepingCapacity: true)
        }
        self.isDelivering = false
    }

    /// Lets libcurl go on when the receiver of a stream has room again.
    private func releaseIfHeld(_ transfer: HTTPClientTransfer) {
        if case .carried(let connection) = transfer.state { return connection.resume() }
        guard case .running(let easy) = transfer.state, easy.receiver.isHeld,
            !self.mustHold(transfer)
        else { return }
        easy.receiver.isHeld = false
        // Hands over what it kept, at once; no result reaches the list of messages this way.
        let code = self.insideCurl { curl_easy_pause(easy.handle, CURLPAUSE_CONT) }
        guard code != CURLE_OK, case .running = transfer.state else { return }
        if case .failure(let error) = easy.result(code) { self.abort(easy, error) }
    }

    /// Whether the receiver of a stream has enough for now.
    func mustHold(_ transfer: HTTPClientTransfer) -> Bool {
        transfer.isPaused || transfer.backlogBytes >= Self.backlogBytesMax
    }

    // MARK: Callbacks of libcurl; nothing here may call it, except for asking

    fileprivate func socketChanged(
        _ fd: Int32,
        _ what: Int32,
        _ easy: UnsafeMutableRawPointer?
    ) {
        guard let watch = self.watch(fd) else { return }
        let events: UInt32
        switch what {
        case CURL_POLL_IN: events = IOEvents.readable.rawValue
        case CURL_POLL_OUT: events = IOEvents.writable.rawValue
        case CURL_POLL_INOUT: events = IOEvents.readable.rawValue | IOEvents.writable.rawValue
        default:
            watch.unwant()
            return
        }
        do {
            try watch.want(IOEvents(rawValue: events))
        } catch {
            if let easy = self.easy(of: easy) { self.unwatchable.append(easy) }
        }
    }

    /// Makes a socket that children do not inherit.
    func openSocket(_ address: curl_sockaddr) -> Int32 {
        let type = address.socktype | Int32(SOCK_CLOEXEC.rawValue)
        let fd = socket(address.family, type, address.`protocol`)
        self.watch(fd)?.opened()
        return fd
    }

    func closeSocket(_ fd: Int32) {
        self.watch(fd)?.closing()
        if fd != self.adopted { Glibc.close(fd) }
    }

    private func watch(_ fd: Int32) -> SocketWatch? {
        guard fd >= 0 else { return nil }
        let index = Int(fd)
        while self.watches.count <= index { self.watches.append(nil) }
        if let watch = self.watches[index] { return watch }
        let watch = SocketWatch(fd, driver: self)
        self.watches[index] = watch
        return watch
    }

    fileprivate func timerChanged(_ milliseconds: Int) {
        if !self.isClosed { self.timer.set(milliseconds) }
    }
}
