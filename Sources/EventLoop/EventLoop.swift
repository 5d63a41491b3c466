// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
internal import Synchronization

/// Receives the events of the descriptors it was registered for, on the loop's thread.
package protocol EventHandler: AnyObject {
    /// Something happened; it is reported again next turn until it was dealt with.
    func handleEvents(_ events: IOEvents)
}

/// One thread, one epoll set and one timer queue.
///
/// Whatever is isolated to the loop runs on that thread, one job at a time, and needs no lock. It
/// is a task executor as well: `Task(executorPreference: loop)` runs async code here, so a handler
/// that never blocks costs no thread hop.
///
/// `@unchecked Sendable`: every stored variable but `inbox`, `sleep` and `threadID` belongs to the
/// loop's thread, which each method that touches one asserts.
package final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    /// Most jobs that run before sockets are looked at again.
    private static let jobsPerTurnMax = 4096
    /// Most events that one wait returns.
    private static let eventsPerWaitMax = swiftlet_epoll_events_max
    /// How long a ``Sleep/dozing`` loop waits.
    private static let dozeMilliseconds: Int32 = 1
    /// The data of the wake-up descriptor, which no registration has.
    private static let wakeData = UInt64.max

    private enum Work {
        case job(UnownedJob)
        case body(@Sendable () -> Void)
    }

    /// Who must wake the loop, which waits, or is about to, without having seen what enters the
    /// inbox now; a busy loop looks into its inbox by itself.
    private enum Sleep {
        static let awake: UInt8 = 0
        /// It looks again in a moment: only what is urgent wakes it.
        static let dozing: UInt8 = 1
        static let asleep: UInt8 = 2
    }

    private struct Inbox: ~Copyable {
        var work: [Work] = []
        var mustStop = false
    }

    private struct Registration {
        var handler: (any EventHandler)?
        var generation: UInt32 = 0
    }

    /// For logs, and the name of the thread (15 bytes are kept by the kernel).
    package let name: String
    private let epollFD: Int32
    private let wakeFD: Int32
    private let inbox = Mutex(Inbox())
    #if THREAD_SANITIZER
    /// The kernel hands a contended Mutex over, which the sanitizer does not see; it sees this.
    private let handOver = Atomic<UInt>(0)
    #endif
    private let sleep = Atomic<UInt8>(Sleep.awake)
    private let threadID = Atomic<UInt>(0)

    private var registrations: [Registration] = []
    private var timers = TimerQueue()
    /// Work queued from the loop's own thread; needs neither lock nor wake-up.
    ///
    /// Exclusive access to it and to the batch is not checked at run time: they are added to and
    /// swapped, and nothing is called or let go meanwhile.
    @exclusivity(unchecked)
    private var localWork: [Work] = []
    @exclusivity(unchecked)
    private var batch: [Work] = []
    private var isStopping = false
    private var mayDoze = false
    private var turnTime = MonotonicTime.now()
    private var thread: pthread_t?

    /// Makes a loop whose thread is not started yet.
    ///
    /// - Throws: ``SystemError`` when the process has no descriptor left.
    package init(name: String) throws {
        let epollFD = swiftlet_epoll_create()
        guard epollFD >= 0 else { throw SystemError.last("epoll_create") }
        let wakeFD = swiftlet_eventfd()
        guard wakeFD >= 0 else {
            let error = SystemError.last("eventfd")
            close(epollFD)
            throw error
        }
        // Edge-triggered: each write is told once, and need not be read.
        let events = swiftlet_EPOLLIN | swiftlet_EPOLLET
        guard swiftlet_epoll_add(epollFD, wakeFD, events, Self.wakeData) == 0 else {
            let error = SystemError.last("epoll_ctl")
            close(wakeFD)
            close(epollFD)
            throw error
        }
        self.name = name
        self.epollFD = epollFD
        self.wakeFD = wakeFD
    }

    deinit {
        close(self.wakeFD)
        close(self.epollFD)
    }

    // MARK: Thread

    /// Starts the loop's thread; once.
    package func start() {
        precondition(self.thread == nil, "a loop is started once")
        let context = Unmanaged.passRetained(self).toOpaque()
        var thread = pthread_t()
        let result = pthread_create(&thread, nil, runEventLoopThread, context)
        precondition(result == 0, "the system grants the few threads of a process at its start")
        self.thread = thread
    }

    /// Ends the loop after the current turn; any thread.
    ///
    /// What is still queued is not run; timers and handlers are dropped.
    package func stop() {
        self.inbox.withLock { $0.mustStop = true }
        self.wake()
    }

    /// Waits until the thread has ended; not from the loop itself.
    package func join() {
        precondition(!self.isCurrent, "a thread cannot wait for its own end")
        guard let thread = self.thread else { return }
        pthread_join(thread, nil)
        self.thread = nil
    }

    /// Whether the caller runs on the loop's thread.
    package var isCurrent: Bool {
        self.threadID.load(ordering: .relaxed) == UInt(pthread_self())
    }

    /// The time at which this turn began; loop thread only.
    package var now: MonotonicTime { self.turnTime }

    fileprivate func runThread() {
        swiftlet_name_thread(self.name)
        self.run()
    }

    /// Runs the loop on the calling thread until ``stop()``.
    package func run() {
        self.threadID.store(UInt(pthread_self()), ordering: .relaxed)
        let capacity = Self.eventsPerWaitMax
        let events = UnsafeMutablePointer<swiftlet_epoll_event>.allocate(capacity: capacity)
        defer { events.deallocate() }
        while !self.isStopping {
            let count = self.waitForEvents(events, capacity)
            self.turnTime = .now()
            for index in 0..<count { self.dispatch(events[index]) }
            self.takeInbox()
            self.runTimers()
            self.runLocalWork()
        }
        self.letGo()
        self.threadID.store(0, ordering: .relaxed)
    }

    /// Drops timers and handlers, which no longer hear of anything: they hold what holds this loop.
    private func letGo() {
        let timers = self.timers.takeAll()
        let handlers = self.registrations.map(\.handler)
        for index in self.registrations.indices { self.registrations[index].handler = nil }
        // They go at the end, when whatever calls back from there finds this done.
        withExtendedLifetime((timers, handlers)) {}
    }

    /// Blocks until something happens; named for profilers.
    @inline(never)
    private func waitForEvents(
        _ events: UnsafeMutablePointer<swiftlet_epoll_event>,
        _ capacity: Int
    ) -> Int {
        var timeout = self.waitMilliseconds()
        let dozes = self.mayDoze && timeout != 0
        if dozes {
            timeout = timeout < 0 ? Self.dozeMilliseconds : min(timeout, Self.dozeMilliseconds)
        }
        if timeout != 0, !self.fallAsleep(dozes ? Sleep.dozing : Sleep.asleep) { timeout = 0 }
        let count = swiftlet_epoll_wait(self.epollFD, events, Int32(capacity), timeout)
        self.sleep.store(Sleep.awake, ordering: .relaxed)
        // Nothing came in a whole doze: whatever comes now may take long, and wakes the loop.
        if dozes, count == 0, timeout != 0 { self.mayDoze = false }
        return max(0, Int(count))  // EINTR is the only failure a correct loop can meet.
    }

    /// Asks to be woken from now on; answers `false` when the inbox holds something already.
    private func fallAsleep(_ depth: UInt8) -> Bool {
        // Whoever takes the lock before this does is seen here; whoever does after, sees the flag.
        self.sleep.store(depth, ordering: .sequentiallyConsistent)
        return self.inbox.withLock { $0.work.isEmpty && !$0.mustStop }
    }

    private func waitMilliseconds() -> Int32 {
        guard self.localWork.isEmpty else { return 0 }
        guard let deadline = self.timers.nextDeadline() else { return -1 }
        let now = MonotonicTime.now()
        guard deadline > now else { return 0 }
        // Rounded up: a timer never fires early.
        let milliseconds = (deadline.nanoseconds - now.nanoseconds - 1) / 1_000_000 + 1
        return Int32(clamping: milliseconds)
    }

    private func dispatch(_ event: swiftlet_epoll_event) {
        let data = event.data
        guard data != Self.wakeData else { return }
        let fd = Int(data & 0xFFFF_FFFF)
        // A handler earlier in this batch may have closed the descriptor, or opened it anew.
        guard fd < self.registrations.count,
            self.registrations[fd].generation == UInt32(data >> 32),
            let handler = self.registrations[fd].handler
        else { return }
        var events = IOEvents(rawValue: event.events)
        if event.events & IOEvents.failed.rawValue != 0 { events.formUnion(.failed) }
        handler.handleEvents(events)
    }

    private func takeInbox() {
        self.inbox.withLock { inbox in
            if inbox.mustStop { self.isStopping = true }
            guard !inbox.work.isEmpty else { return }
            swap(&self.batch, &inbox.work)
            self.showHandOver()
        }
        self.runBatch()
    }

    private func runLocalWork() {
        guard !self.localWork.isEmpty else { return }
        var runCount = 0
        while !self.localWork.isEmpty, runCount < Self.jobsPerTurnMax {
            swap(&self.batch, &self.localWork)
            runCount += self.batch.count
            self.runBatch()
        }
    }

    private func runBatch() {
        guard !self.batch.isEmpty else { return }
        var batch: [Work] = []
        swap(&batch, &self.batch)
        for work in batch {
            switch work {
            case .job(let job):
                job.runSynchronously(
                    isolatedTo: self.asUnownedSerialExecutor(),
                    taskExecutor: self.asUnownedTaskExecutor()
                )
            case .body(let body): body()
            }
        }
        batch.removeAll(keepingCapacity: true)
        if self.batch.isEmpty { swap(&batch, &self.batch) }
    }

    private func runTimers() {
        // No more than there were: timers that make timers must not keep sockets waiting.
        var left = self.timers.count
        while left > 0, let body = self.timers.popDue(at: self.turnTime) {
            body()
            left -= 1
        }
    }

    // MARK: Work from any thread

    /// Runs `body` on the loop, after what is queued already; any thread.
    package func execute(_ body: @escaping @Sendable () -> Void) { self.enqueue(.body(body)) }

    /// As ``execute(_:)``, but a loop that dozes is left alone; any thread.
    ///
    /// Whoever brings work in quick succession need not wake the loop for each piece of it, and
    /// calls ``announceWork()`` after the last.
    package func executeSoon(_ body: @escaping @Sendable () -> Void) {
        self.enqueue(.body(body), wakes: Sleep.asleep)
    }

    /// Wakes a loop that dozes over what came by ``executeSoon(_:)``; any thread.
    package func announceWork() {
        guard self.sleep.load(ordering: .sequentiallyConsistent) == Sleep.dozing,
            self.inbox.withLock({ !$0.work.isEmpty })
        else { return }
        self.wake(from: Sleep.dozing)
    }

    /// Work by ``executeSoon(_:)`` is likely soon: the next wait is short if nothing else ends it,
    /// and the one after is as long as any; loop thread only.
    package func doze() { self.mayDoze = true }

    /// Queues a job of the concurrency runtime; any thread.
    package func enqueue(_ job: consuming ExecutorJob) { self.enqueue(.job(UnownedJob(job))) }

    private func enqueue(_ work: Work, wakes depth: UInt8 = Sleep.dozing) {
        if self.isCurrent {
            self.localWork.append(work)
            return
        }
        self.inbox.withLock {
            $0.work.append(work)
            self.showHandOver()
        }
        self.wake(from: depth)
    }

    @inline(__always)
    private func showHandOver() {
        #if THREAD_SANITIZER
        self.handOver.add(1, ordering: .acquiringAndReleasing)
        #endif
    }

    /// Lets the wait end if it is one of this depth or deeper; of several callers one writes.
    private func wake(from depth: UInt8 = Sleep.dozing) {
        guard self.sleep.load(ordering: .sequentiallyConsistent) >= depth,
            self.sleep.exchange(Sleep.awake, ordering: .acquiringAndReleasing) != Sleep.awake
        else { return }
        var one: UInt64 = 1
        _ = Glibc.write(self.wakeFD, &one, 8)
    }

    /// The reference that actors on this loop hand to the concurrency runtime.
    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// Lets `assumeIsolated` succeed in event handlers, which run outside any task (SE-0471).
    package func isIsolatingCurrentContext() -> Bool? { self.isCurrent }

    /// Stops the process when the caller runs on another thread.
    package func checkIsolated() { precondition(self.isCurrent, "not on loop \(self.name)") }

    // MARK: Descriptors, loop thread only

    /// Begins to watch a descriptor; `handler` is kept until ``deregister(_:)``.
    package func register(
        _ fd: Int32,
        for events: IOEvents,
        handler: any EventHandler
    ) throws {
        assert(self.isCurrent || self.thread == nil, "descriptors belong to the loop's thread")
        precondition(fd >= 0, "a descriptor that was opened")
        let index = Int(fd)
        while self.registrations.count <= index { self.registrations.append(Registration()) }
        let generation = self.registrations[index].generation &+ 1
        let data = Self.data(of: fd, generation)
        // What fails leaves an earlier registration of the same descriptor as it was.
        guard swiftlet_epoll_add(self.epollFD, fd, events.rawValue, data) == 0 else {
            throw SystemError.last("epoll_ctl")
        }
        self.registrations[index] = Registration(handler: handler, generation: generation)
    }

    /// Changes what is reported for a registered descriptor; others are left alone.
    package func modify(_ fd: Int32, for events: IOEvents) {
        assert(self.isCurrent || self.thread == nil, "descriptors belong to the loop's thread")
        guard self.isRegistered(fd) else { return }
        let data = Self.data(of: fd, self.registrations[Int(fd)].generation)
        _ = swiftlet_epoll_modify(self.epollFD, fd, events.rawValue, data)
    }

    /// Ends watching a descriptor, to be called before it is closed.
    package func deregister(_ fd: Int32) {
        assert(self.isCurrent || self.thread == nil, "descriptors belong to the loop's thread")
        guard self.isRegistered(fd) else { return }
        self.registrations[Int(fd)].handler = nil
        self.registrations[Int(fd)].generation &+= 1
        _ = swiftlet_epoll_remove(self.epollFD, fd)
    }

    private func isRegistered(_ fd: Int32) -> Bool {
        self.registrations.indices.contains(Int(fd)) && self.registrations[Int(fd)].handler != nil
    }

    private static func data(of fd: Int32, _ generation: UInt32) -> UInt64 {
        UInt64(generation) << 32 | UInt64(UInt32(bitPattern: fd))
    }

    // MARK: Timers, loop thread only

    /// Runs `body` at a time, or in the first turn after it.
    @discardableResult
    package func schedule(at deadline: MonotonicTime, _ body: @escaping () -> Void) -> TimerID {
        assert(self.isCurrent || self.thread == nil, "timers belong to the loop's thread")
        return self.timers.schedule(at: deadline, body)
    }

    /// Runs `body` after a time, counted from now.
    @discardableResult
    package func schedule(after delay: Duration, _ body: @escaping () -> Void) -> TimerID {
        self.schedule(at: MonotonicTime.now().advanced(by: delay), body)
    }

    /// Forgets a timer; harmless when it fired already.
    package func cancel(_ timer: TimerID) {
        assert(self.isCurrent || self.thread == nil, "timers belong to the loop's thread")
        self.timers.cancel(timer)
    }
}

private func runEventLoopThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<EventLoop>.fromOpaque(context).takeRetainedValue().runThread()
    return nil
}
