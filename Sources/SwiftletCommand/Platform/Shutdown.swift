// SPDX-License-Identifier: Apache-2.0

/// What has to be ended, last started first.
struct Shutdown: Sendable {
    private var steps: [@Sendable () async -> Void] = []

    /// Adds a step that runs before all that were added until now.
    mutating func add(_ step: @escaping @Sendable () async -> Void) { self.steps.append(step) }

    /// Runs all steps, each once.
    mutating func run() async {
        while let step = self.steps.popLast() { await step() }
    }
}
