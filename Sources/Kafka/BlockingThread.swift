// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
internal import Synchronization

/// One thread for the calls into librdkafka that wait for a broker; jobs run in their order.
///
/// `@unchecked Sendable`: the semaphore is made for many threads, everything else is in the mutex.
final class BlockingThread: @unchecked Sendable {
    typealias Job = @Sendable () -> Void

    private struct Inbox: ~Copyable {
        var jobs: [Job] = []
        var isFinished = false
    }

    private let inbox = Mutex(Inbox())
    private let jobCount: UnsafeMutablePointer<sem_t>
    private let name: String

    /// Starts the thread, which keeps itself until ``finish(_:)``.
    init(name: String) {
        self.name = name
        self.jobCount = .allocate(capacity: 1)
        sem_init(self.jobCount, 0, 0)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let result = pthread_create(&thread, nil, runBlockingThread, context)
        precondition(result == 0, "the system grants the few threads of a process")
        pthread_detach(thread)
    }

    deinit {
        sem_destroy(self.jobCount)
        self.jobCount.deallocate()
    }

    /// Queues a job; the callers keep at most one of each kind on its way.
    func run(_ job: @escaping Job) {
        let isQueued = self.inbox.withLock { inbox in
            guard !inbox.isFinished else { return false }
            inbox.jobs.append(job)
            return true
        }
        precondition(isQueued, "no job follows the last one")
        sem_post(self.jobCount)
    }

    /// Queues the last job, after which the thread ends.
    func finish(_ last: @escaping Job) {
        self.inbox.withLock { inbox in
            inbox.jobs.append(last)
            inbox.isFinished = true
        }
        sem_post(self.jobCount)
    }

    fileprivate func runThread() {
        swiftlet_name_thread(self.name)
        var isLast = false
        while !isLast {
            while sem_wait(self.jobCount) != 0 {}  // EINTR
            let job: Job? = self.inbox.withLock { inbox in
                guard !inbox.jobs.isEmpty else { return nil }
                isLast = inbox.isFinished && inbox.jobs.count == 1
                return inbox.jobs.removeFirst()
            }
            job?()
        }
    }
}

private func runBlockingThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<BlockingThread>.fromOpaque(context).takeRetainedValue().runThread()
    return nil
}
