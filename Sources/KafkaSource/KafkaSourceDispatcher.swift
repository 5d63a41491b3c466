// SPDX-License-Identifier: Apache-2.0

package import EventLoop
package import HTTPClient
package import Telemetry

/// A KafkaSource at work: reads topics as a member of a group and posts every record to a sink.
///
/// An offset is committed only after the sink, or the dead letter sink, accepted its event and all
/// before it. An event that nobody accepts is held and tried again for ever; the log says why.
/// Deliveries are at least once: after a crash what was not committed is sent again.
///
/// All of it runs on one loop. Any thread may call.
package final class KafkaSourceDispatcher: Sendable {
    /// The source.
    package let spec: KafkaSourceSpec
    private let engine: DispatchEngine
    private let loop: EventLoop

    /// Makes a dispatcher that stands still.
    ///
    /// - Parameters:
    ///   - spec: The source.
    ///   - loop: Where everything happens.
    ///   - client: Sends the events; lives on the same loop, and outlives the dispatcher.
    ///   - logger: For the operator.
    ///   - milestones: Is told when an event is sent and when it is answered.
    ///   - metrics: Gets the numbers of this source.
    /// - Throws: An error whose description names what is wrong with `spec`.
    package init(
        spec: KafkaSourceSpec,
        loop: EventLoop,
        client: HTTPClient,
        logger: Logger,
        milestones: MilestoneRecorder = .none,
        metrics: Metrics = Metrics()
    ) throws {
        try Self.check(spec)
        self.spec = spec
        self.loop = loop
        self.engine = try DispatchEngine(
            spec: spec,
            loop: loop,
            client: client,
            logger: logger,
            milestones: milestones,
            metrics: metrics
        )
    }

    private static func check(_ spec: KafkaSourceSpec) throws(KafkaSourceError) {
        var addresses = [
            ("spec.sink", spec.sink),
            ("spec.delivery.deadLetterSink", spec.delivery?.deadLetterSink),
        ]
        if case .send(let address) = spec.replies { addresses.append(("the reply sink", address)) }
        for case (let field, let address?) in addresses {
            guard let problem = address.problem else { continue }
            throw KafkaSourceError(message: "\(field): \(problem)")
        }
        guard spec.sink.topic == nil else {
            throw KafkaSourceError(message: "spec.sink: a sink is reached by http:// or https://.")
        }
        guard spec.rateMax.map({ $0.isFinite && $0 > 0 }) ?? true else {
            throw KafkaSourceError(message: "The most events in a second must be above zero.")
        }
        guard !spec.bootstrapServers.isEmpty else {
            throw KafkaSourceError(message: "spec.bootstrapServers: name at least one server.")
        }
        guard !spec.topics.isEmpty, !spec.topics.contains("") else {
            throw KafkaSourceError(message: "spec.topics: name at least one topic.")
        }
        guard !spec.consumerGroup.isEmpty else {
            throw KafkaSourceError(message: "spec.consumerGroup: it must not be empty.")
        }
        guard spec.inFlightMax >= 1, spec.consumers >= 0 else {
            throw KafkaSourceError(
                message: "spec.consumers and the most events in flight must not be negative."
            )
        }
    }

    /// Begins to work; later calls do nothing.
    ///
    /// Once started it works until ``stop(deadline:)``, whoever holds a reference.
    package func start() { self.loop.execute { self.engine.start() } }

    /// Tells of the lag from now on: as soon as there is some, once a second while there is, and
    /// once when there is none any more or the work has ended.
    ///
    /// - Parameter told: Called on the dispatcher's loop. A second call of this method does
    ///   nothing.
    package func watchLag(_ told: @escaping @Sendable (KafkaSourceLag) -> Void) {
        self.loop.execute { self.engine.watchLag(told) }
    }

    /// Waits until the group has given this source its partitions.
    ///
    /// From then on no record that is appended can be missed, also by a source that starts at the
    /// latest record: where it started is stored by then. A source with `consumers: 0` counts as
    /// assigned.
    ///
    /// - Returns: Whether it happened before the deadline.
    package func waitUntilAssigned(deadline: Duration) async -> Bool {
        await withCheckedContinuation { continuation in
            self.loop.execute {
                self.engine.waitUntilAssigned(deadline) { continuation.resume(returning: $0) }
            }
        }
    }

    /// Ends the work: takes no more records, waits for those that are with the sink, commits what
    /// was accepted and leaves the group.
    ///
    /// Events between two attempts are not waited for: they come again after the next start.
    ///
    /// - Parameter deadline: What is with the sink after that time is given up, and comes again.
    package func stop(deadline: Duration) async {
        await withCheckedContinuation { continuation in
            self.loop.execute { self.engine.stop(deadline) { continuation.resume() } }
        }
    }

    /// How the source is doing now.
    package var statistics: KafkaSourceStatistics {
        get async { await self.loop.run { self.engine.currentStatistics() } }
    }
}
