// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import EventLoop
internal import Glibc

/// The threads on which handlers run that may compute or block, beside one loop.
///
/// As many as there are processors; more, up to ``threadsMax``, while some of them block. The
/// first starts with the first job.
///
/// What the loop hands over in one turn is handed over at once, and its workers wake the loop when
/// they have nothing left to do or have kept it waiting long enough: waking a thread costs more
/// than most handlers do.
///
/// `@unchecked Sendable`: its variables belong to the loop's thread.
final class WorkerPool: TaskExecutor, @unchecked Sendable {
    static let threadsMax = 64
    /// How long a job that began is waited for before others are not.
    private static let patience = Duration.milliseconds(10)
    /// How long a thread waits for jobs that is not wanted any more.
    private static let idleSeconds = 5
    /// Most jobs that wait for the end of a turn.
    private static let stagedMax = 16
    /// How long what is done may wait while more is done, in nanoseconds.
    private static let announceNanoseconds: UInt64 = 100_000

    private let loop: EventLoop
    private let queue: WorkerQueue<UnownedJob>
    private var staged: [UnownedJob] = []
    private var isWatching = false

    /// Makes one without threads.
    init(loop: EventLoop) {
        self.loop = loop
        self.queue = WorkerQueue(workersMax: Self.threadsMax, idleSeconds: Self.idleSeconds)
    }

    /// Lets the threads end when they have nothing left to do; any thread.
    func close() { self.queue.close() }

    // MARK: Jobs, any thread

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        guard self.loop.isCurrent else { return self.follow(self.queue.add([job])) }
        self.staged.append(job)
        if self.staged.count == 1 {
            self.loop.execute { self.handOver() }
        } else if self.staged.count == Self.stagedMax {
            self.handOver()
        }
    }

    private func handOver() {
        guard !self.staged.isEmpty else { return }
        self.loop.doze()
        let advice = self.queue.add(self.staged)
        self.staged.removeAll(keepingCapacity: true)
        self.follow(advice)
    }

    private func follow(_ advice: WorkerQueue<UnownedJob>.Advice) {
        for _ in 0..<advice.startCount { self.startThread() }
        guard advice.isBehind else { return }
        if self.loop.isCurrent { self.watch() } else { self.loop.execute { self.watch() } }
    }

    /// Looks again soon whether the jobs that wait are held up; loop only.
    private func watch() {
        guard !self.isWatching else { return }
        self.isWatching = true
        self.loop.schedule(after: Self.patience) {
            self.isWatching = false
            self.follow(self.queue.tick())
        }
    }

    // MARK: Threads

    private func startThread() {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self)
        guard pthread_create(&thread, nil, runWorkerThread, context.toOpaque()) == 0 else {
            // Whoever watches tries again.
            context.release()
            return self.queue.startFailed()
        }
        pthread_detach(thread)
    }

    fileprivate func runThread() {
        let worker = self.queue.enter()
        // Found out here, and not while the first event of all waits for it.
        if worker == 0 { self.queue.want(Processors.count) }
        /// Since when the loop may have waited for what is done; 0 when it did not.
        var sinceNanoseconds: UInt64 = 0
        let announce = {
            sinceNanoseconds = 0
            self.loop.announceWork()
        }
        while let job = self.queue.next(worker, willWait: announce) {
            job.runSynchronously(on: self.asUnownedTaskExecutor())
            let now = MonotonicTime.now().nanoseconds
            if sinceNanoseconds == 0 { sinceNanoseconds = now }
            if now - sinceNanoseconds > Self.announceNanoseconds { announce() }
        }
    }
}

private func runWorkerThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    swiftlet_name_thread("worker")
    Unmanaged<WorkerPool>.fromOpaque(context).takeRetainedValue().runThread()
    return nil
}
