// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Jobs that wait for workers, workers that wait for jobs, and how many workers there should be.
///
/// A worker takes one job at a time, so that a job that blocks holds up no other. That it blocks
/// is seen from outside: it is still at the same job after a whole ``tick()``.
///
/// `@unchecked Sendable`: every variable belongs to whoever holds the lock.
final class WorkerQueue<Job>: @unchecked Sendable {
    /// What became of the number of workers that is wanted.
    struct Advice: Equatable {
        /// So many are to be started; they count as there from now on.
        var startCount = 0
        /// Whether jobs wait, so that somebody must look again.
        var isBehind = false
    }

    private struct Worker {
        /// When its job began; `nil` while it waits for one.
        var startedAt: UInt64?
        var isThere = false
    }

    /// Most workers, however many block.
    private let workersMax: Int
    private let idleSeconds: Int
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let jobsCame = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    /// How many run at once when none blocks.
    private var workersWanted = 1
    private var jobs: [Job] = []
    /// Where the jobs begin that were not taken.
    private var first = 0
    private var workers: [Worker] = []
    private var workerCount = 0
    private var idleCount = 0
    private var time: UInt64 = 0
    private var isClosed = false

    /// Makes one without workers.
    ///
    /// - Parameters:
    ///   - workersMax: At least 1.
    ///   - idleSeconds: How long one waits that is not wanted any more.
    init(workersMax: Int, idleSeconds: Int) {
        self.workersMax = max(1, workersMax)
        self.idleSeconds = idleSeconds
        pthread_mutex_init(self.lock, nil)
        pthread_cond_init(self.jobsCame, nil)
    }

    deinit {
        pthread_cond_destroy(self.jobsCame)
        pthread_mutex_destroy(self.lock)
        self.jobsCame.deallocate()
        self.lock.deallocate()
    }

    private func withLock<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(self.lock)
        defer { pthread_mutex_unlock(self.lock) }
        return body()
    }

    /// Lets so many run at once when none blocks, instead of one; no more than the most.
    func want(_ count: Int) {
        self.withLock { self.workersWanted = min(max(1, count), self.workersMax) }
    }

    /// How many jobs wait.
    private var waiting: Int { self.jobs.count - self.first }

    /// Queues jobs and wakes as many workers as can take one.
    func add(_ jobs: [Job]) -> Advice {
        let (advice, wakeCount) = self.withLock {
            self.jobs.append(contentsOf: jobs)
            return (self.advice(), min(self.idleCount, jobs.count))
        }
        for _ in 0..<wakeCount { pthread_cond_signal(self.jobsCame) }
        return advice
    }

    /// Lets time pass, and counts those who block.
    func tick() -> Advice {
        self.withLock {
            self.time += 1
            return self.advice()
        }
    }

    /// A thread that was to be started could not be.
    func startFailed() { self.withLock { self.workerCount -= 1 } }

    /// Lets the workers end when there is nothing left to do; jobs that come later get new ones.
    func close() {
        self.withLock { self.isClosed = true }
        pthread_cond_broadcast(self.jobsCame)
    }

    private func advice() -> Advice {
        guard self.waiting > self.idleCount else { return Advice() }
        // Twice as many as block: whoever comes in their place is likely to block as well.
        let blocked = self.workers.count { worker in
            worker.startedAt.map { $0 + 2 <= self.time } ?? false
        }
        let wanted = min(self.workersWanted + 2 * blocked, self.workersMax)
        let missing = min(wanted - self.workerCount, self.waiting - self.idleCount)
        let startCount = max(0, missing)
        self.workerCount += startCount
        return Advice(startCount: startCount, isBehind: true)
    }

    // MARK: A worker's thread

    /// A new worker's number, for ``next(_:)``.
    func enter() -> Int {
        self.withLock {
            let free = self.workers.firstIndex { !$0.isThere } ?? self.workers.count
            if free == self.workers.count { self.workers.append(Worker()) }
            self.workers[free] = Worker(isThere: true)
            return free
        }
    }

    /// Takes the next job, and waits for one when there is none.
    ///
    /// - Parameters:
    ///   - worker: As ``enter()`` named it.
    ///   - willWait: Called without the lock when a worker that had jobs has none.
    /// - Returns: `nil` when the worker is to end.
    func next(_ worker: Int, willWait: () -> Void) -> Job? {
        pthread_mutex_lock(self.lock)
        if self.waiting == 0, self.workers[worker].startedAt != nil {
            self.workers[worker].startedAt = nil
            pthread_mutex_unlock(self.lock)
            willWait()
            pthread_mutex_lock(self.lock)
        }
        defer { pthread_mutex_unlock(self.lock) }
        while self.waiting == 0 {
            guard self.wait() || self.waiting > 0 else {
                self.workers[worker].isThere = false
                self.workerCount -= 1
                return nil
            }
        }
        self.workers[worker].startedAt = self.time
        return self.take()
    }

    /// Waits to be woken; answers `false` when the worker is not wanted any more.
    private func wait() -> Bool {
        if self.isClosed { return false }
        self.idleCount += 1
        defer { self.idleCount -= 1 }
        guard self.workerCount > self.workersWanted else {
            pthread_cond_wait(self.jobsCame, self.lock)
            return !self.isClosed
        }
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += self.idleSeconds
        let result = pthread_cond_timedwait(self.jobsCame, self.lock, &deadline)
        // Others may have ended meanwhile, so that this one is wanted again.
        let isWanted = result != ETIMEDOUT || self.workerCount <= self.workersWanted
        return isWanted && !self.isClosed
    }

    private func take() -> Job {
        let job = self.jobs[self.first]
        self.first += 1
        if self.first == self.jobs.count {
            self.jobs.removeAll(keepingCapacity: true)
            self.first = 0
        } else if self.first == Self.takenMax {
            self.jobs.removeFirst(self.first)
            self.first = 0
        }
        return job
    }

    /// How many places of jobs that were taken are kept at most.
    private static var takenMax: Int { 4096 }
}
