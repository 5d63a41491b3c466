// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Names one instance of a revision: 1 for the first, and never the same again.
struct InstanceID: Hashable, Comparable, Sendable, CustomStringConvertible {
    var number: Int

    var description: String { String(self.number) }

    static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// Why a request is answered without asking the function.
enum RefusalReason: Hashable, Sendable {
    /// As many requests wait as may.
    case queueFull
    /// The requests that wait hold as much memory as they may.
    case queueBytesFull
    /// The requests of all revisions together that wait are as many, or hold as much, as may.
    case allQueuesFull
    /// It waited as long as it may.
    case queueTimedOut
    /// The function ends before it answers; starts rest for that long.
    case startsRest(Duration)
    /// The activator is being stopped.
    case stopping
}

/// How many requests may be queued, and how much memory they may hold.
struct QueueRoom: Equatable {
    var count: Int
    var bytes: Int
}

/// What ``RevisionState`` wants done.
enum RevisionAction: Equatable {
    /// Start a process; answered by `instanceAccepts` or `instanceExited`.
    case start(InstanceID)
    /// Give a request to an instance; answered by `requestFinished` or `requestReturned`.
    case dispatch(RequestID, InstanceID)
    /// Answer a request; the state has forgotten it.
    case refuse(RequestID, RefusalReason)
    /// Ask an instance without requests to end; answered by `instanceExited`.
    case stop(InstanceID)
    /// Let an idle instance have no processor time; it keeps its memory and its socket.
    case pause(InstanceID)
    /// Let a paused instance go on; it takes requests from now on.
    case resume(InstanceID)
    /// End an instance now; answered by `instanceExited`.
    case kill(InstanceID)
    /// Call `timerFired` at that time or soon after; an earlier call does no harm.
    case wake(MonotonicTime)
}
