// SPDX-License-Identifier: Apache-2.0

import Testing

/// The tests that start processes: one after the other, for they count processes and descriptors.
@Suite("Activator", .serialized, .timeLimit(.minutes(5)))
enum ProcessTests {}
