// SPDX-License-Identifier: Apache-2.0

internal import Activator
internal import Autoscaler
internal import HTTPClient
internal import KafkaSource
internal import Manifests
internal import Telemetry

extension Platform {
    /// Tells whoever runs a function of the lag of a source that feeds it: the activator of this
    /// process, or another one by its admin port.
    ///
    /// From loop to loop or by a request of its own, once a second at most and not with each
    /// record.
    func connectLag(of dispatcher: KafkaSourceDispatcher, sink: Destination, _ client: HTTPClient) {
        guard let function = sink.reference, function.isKnativeService else { return }
        let source = "\(dispatcher.spec.namespace)/\(dispatcher.spec.name)"
        let tell: @Sendable (LagReport) -> Void
        if let activator = self.activator {
            tell = { activator.take($0) }
        } else if let url = self.options.activatorAdmin {
            let logger = Logger(label: "dispatcher").with(["source": source])
            tell = LagSender(to: url, client: client, logger: logger).send
        } else {
            return
        }
        dispatcher.watchLag { lag in
            tell(
                LagReport(
                    source: source,
                    namespace: function.namespace,
                    service: function.name,
                    records: lag.records,
                    parallelMax: lag.parallelMax
                )
            )
        }
    }
}

extension Activator {
    /// Lets a report count; any thread.
    ///
    /// `taken` is told whether the function is served here.
    func take(_ report: LagReport, taken: @escaping @Sendable (Bool) -> Void = { _ in }) {
        self.report(
            SourceLag(records: report.records, parallelMax: report.parallelMax),
            of: report.source,
            for: report.service,
            namespace: report.namespace,
            taken: taken
        )
    }

    /// Lets a report count; `false` when the function is not served here.
    func take(_ report: LagReport) async -> Bool {
        await withCheckedContinuation { continuation in
            self.take(report) { continuation.resume(returning: $0) }
        }
    }
}
