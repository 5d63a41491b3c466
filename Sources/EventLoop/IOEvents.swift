// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// What can happen to a descriptor; level-triggered.
package struct IOEvents: OptionSet, Sendable {
    /// The bits of `epoll_ctl(2)`.
    package let rawValue: UInt32

    /// Takes over the bits of `epoll_ctl(2)`.
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Bytes, a connection or an end can be read.
    package static let readable = IOEvents(rawValue: swiftlet_EPOLLIN)
    /// There is room to write, or a connect was decided.
    package static let writable = IOEvents(rawValue: swiftlet_EPOLLOUT)
    /// The peer sends no more; only reported when asked for.
    package static let peerClosed = IOEvents(rawValue: swiftlet_EPOLLRDHUP)
    /// Error or hang-up; always reported, and both bits at once, so that `contains` finds either.
    package static let failed = IOEvents(rawValue: swiftlet_EPOLLERR | swiftlet_EPOLLHUP)

    // The generic forms of the standard library are not specialised in other modules, where they
    // would be called for every event.

    /// Makes a set of those given.
    package init(arrayLiteral events: IOEvents...) {
        self.rawValue = events.reduce(0) { $0 | $1.rawValue }
    }

    /// Whether all of `other` happened.
    package func contains(_ other: IOEvents) -> Bool {
        self.rawValue & other.rawValue == other.rawValue
    }

    /// Adds an event.
    @discardableResult
    package mutating func insert(
        _ event: IOEvents
    ) -> (inserted: Bool, memberAfterInsert: IOEvents) {
        let isNew = !self.contains(event)
        self.formUnion(event)
        return (isNew, event)
    }

    /// Adds `other`.
    package mutating func formUnion(_ other: IOEvents) {
        self = IOEvents(rawValue: self.rawValue | other.rawValue)
    }

    /// Whether both are the same.
    package static func == (left: IOEvents, right: IOEvents) -> Bool {
        left.rawValue == right.rawValue
    }
}
