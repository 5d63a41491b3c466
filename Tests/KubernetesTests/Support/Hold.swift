// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Synchronization

/// Holds tasks until a test lets them go.
final class Hold: Sendable {
    private let isOpen = Mutex(false)

    var isSet: Bool { self.isOpen.withLock { $0 } }

    func set(_ isOpen: Bool) { self.isOpen.withLock { $0 = isOpen } }

    func wait(on loop: EventLoop) async {
        while !self.isSet { await loop.wait(for: .milliseconds(1)) }
    }
}
