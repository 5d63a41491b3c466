// SPDX-License-Identifier: Apache-2.0

internal import Activator
internal import FoundationEssentials

/// The state of all functions as JSON, for the admin port.
enum FunctionsReport {
    private struct Function: Encodable {
        var namespace: String
        var service: String
        var revision: String
        var instances: [Instance]
        var queued: Int
        var started: UInt64
        var crashes: UInt64
        var requests: UInt64
        var lastColdStartMilliseconds: Double?
        var lastCrash: String?
    }

    private struct Instance: Encodable {
        var name: String
        var pid: Int32
        var state: String
        var inFlight: Int
    }

    static func json(of activator: Activator?) async -> String {
        let functions = await activator?.status().map(self.function) ?? []
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let data = try? encoder.encode(functions) else { return "[]" }
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    private static func function(_ status: RevisionStatus) -> Function {
        Function(
            namespace: status.namespace,
            service: status.service,
            revision: status.revision,
            instances: status.instances.map {
                Instance(
                    name: $0.name,
                    pid: $0.processID,
                    state: $0.state.rawValue,
                    inFlight: $0.inFlightCount
                )
            },
            queued: status.queuedCount,
            started: status.startedTotal,
            crashes: status.crashesTotal,
            requests: status.requestsTotal,
            lastColdStartMilliseconds: status.lastColdStartMilliseconds,
            lastCrash: status.lastCrash
        )
    }
}
