// SPDX-License-Identifier: Apache-2.0

package import EventLoop
package import HTTPClient
package import Telemetry

/// The dispatchers of one process, kept as somebody who may change their mind wants them.
///
/// Whoever is not concerned by a change goes on undisturbed. A dispatcher whose source changed has
/// a successor, which joins the group first; then it ends what is with its sink, commits and
/// leaves. So partitions are without a reader only while they move. A successor that cannot be made
/// leaves the old one alone.
package actor DispatcherFleet {
    /// How long a dispatcher that leaves waits for its sink.
    package static let stopDeadline = Duration.seconds(30)
    /// How long a dispatcher that leaves waits for its successor to join.
    private static let joinDeadline = Duration.seconds(30)

    private let loop: EventLoop
    private let client: HTTPClient
    private let logger: Logger
    private let metrics: Metrics
    private var dispatchers: [String: KafkaSourceDispatcher] = [:]
    /// Changes are made one after the other.
    private var last: Task<Void, Never>?

    /// Makes a fleet of nobody; all dispatchers live on the loop of the client.
    package init(loop: EventLoop, client: HTTPClient, logger: Logger, metrics: Metrics) {
        self.loop = loop
        self.client = client
        self.logger = logger
        self.metrics = metrics
    }

    /// The dispatchers at present.
    package var current: [String: KafkaSourceDispatcher] { self.dispatchers }

    /// Whether none of them has stopped reading for no reason.
    package var isAlive: Bool {
        get async {
            for dispatcher in self.dispatchers.values {
                if await dispatcher.statistics.isStalled { return false }
            }
            return true
        }
    }

    /// Waits until all of them have their partitions.
    ///
    /// - Returns: Whether it happened within a minute.
    package func waitUntilAssigned() async -> Bool {
        for dispatcher in self.dispatchers.values {
            guard await dispatcher.waitUntilAssigned(deadline: .seconds(60)) else { return false }
        }
        return true
    }

    /// Runs these sources and no others.
    ///
    /// - Parameters:
    ///   - sources: By what tells them from each other.
    ///   - deadline: What is with the sinks after that time comes again.
    package func apply(
        _ sources: [String: KafkaSourceSpec],
        deadline: Duration = DispatcherFleet.stopDeadline
    ) async {
        let previous = self.last
        let change = Task {
            await previous?.value
            await self.change(to: sources, deadline)
        }
        self.last = change
        await change.value
    }

    private func change(to sources: [String: KafkaSourceSpec], _ deadline: Duration) async {
        var leaving: [(old: KafkaSourceDispatcher, successor: KafkaSourceDispatcher?)] = []
        for (id, dispatcher) in self.dispatchers where sources[id] == nil {
            leaving.append((dispatcher, nil))
            self.dispatchers[id] = nil
        }
        for (id, spec) in sources {
            let old = self.dispatchers[id]
            guard old?.spec != spec else { continue }
            do {
                let successor = try self.dispatcher(spec)
                self.dispatchers[id] = successor
                successor.start()
                if let old { leaving.append((old, successor)) }
            } catch {
                self.logger.error(
                    "A source cannot be run as it is; what it was before stays.",
                    ["source": spec.name, "error": "\(error)"]
                )
            }
        }
        let join = min(deadline, Self.joinDeadline)
        await withTaskGroup { group in
            for (old, successor) in leaving {
                group.addTask {
                    // Perhaps in vain: its brokers may be others, and not there.
                    _ = await successor?.waitUntilAssigned(deadline: join)
                    await old.stop(deadline: deadline)
                }
            }
        }
    }

    private func dispatcher(_ spec: KafkaSourceSpec) throws -> KafkaSourceDispatcher {
        try KafkaSourceDispatcher(
            spec: spec,
            loop: self.loop,
            client: self.client,
            logger: self.logger,
            metrics: self.metrics
        )
    }
}
