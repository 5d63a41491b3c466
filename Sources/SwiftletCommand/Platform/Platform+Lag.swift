// SPDX-License-Identifier: Apache-2.0

internal import Activator
internal import Autoscaler
internal import KafkaSource
internal import Manifests

extension Platform {
    /// Tells the activator of the lag of a source whose sink is a function.
    ///
    /// From the dispatcher's loop to the activator's, once a second at most and not with each
    /// record.
    func connectLag(of dispatcher: KafkaSourceDispatcher, sink: Destination) {
        guard let activator = self.activator, let function = sink.reference,
            function.isKnativeService
        else { return }
        let source = "\(dispatcher.spec.namespace)/\(dispatcher.spec.name)"
        dispatcher.watchLag { lag in
            activator.report(
                SourceLag(records: lag.records, parallelMax: lag.parallelMax),
                of: source,
                for: function.name,
                namespace: function.namespace
            )
        }
    }
}
