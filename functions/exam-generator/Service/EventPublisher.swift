// SPDX-License-Identifier: Apache-2.0

import CloudEvents

/// Announces finished exams.
protocol EventPublisher: Sendable {
    /// Announces `event`; comes back when it is stored.
    func publish(_ event: CloudEvent, key: String) async throws
}

/// Announces nothing.
struct SilentPublisher: EventPublisher {
    func publish(_ event: CloudEvent, key: String) async throws {}
}
