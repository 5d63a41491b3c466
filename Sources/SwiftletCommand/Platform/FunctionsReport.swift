// SPDX-License-Identifier: Apache-2.0

internal import Activator
internal import Autoscaler
internal import EventLoop
internal import FoundationEssentials

/// The state of all functions as JSON, for the admin port.
enum FunctionsReport {
    private struct Function: Encodable {
        var namespace: String
        var service: String
        var revision: String
        var instances: [Instance]
        var queued: Int
        var inFlight: Int
        var lag: Int?
        var isReachable: Bool
        var whyUp: [Why]
        var nextDecisionSeconds: Double?
        /// Nothing before the first decision, and where `--idle` takes the autoscaler's place.
        var autoscaler: Decision?
        var history: History?
        var coldStarts: [ColdStart]
        var started: UInt64
        var crashes: UInt64
        var requests: UInt64
        var lastColdStartMilliseconds: Double?
        var lastCrash: String?
    }

    private struct Why: Encodable {
        var kind: String
        var text: String
        var remainingSeconds: Double?
    }

    private struct Decision: Encodable {
        var desired: Int
        var stable: Double
        var panic: Double
        var lag: Int
        var isPanicking: Bool
        var excessBurstCapacity: Int
        var mode: String
    }

    /// The most of each in each of the last seconds.
    private struct History: Encodable {
        var inFlight: [UInt32]
        var queued: [UInt32]
        var instances: [UInt32]
        var lag: [Int]

        /// Nothing where nothing ever happened.
        init?(_ samples: [LoadHistory.Sample]) {
            guard !samples.isEmpty else { return nil }
            self.inFlight = samples.map(\.inFlight)
            self.queued = samples.map(\.queued)
            self.instances = samples.map(\.instances)
            self.lag = samples.map(\.lag)
        }
    }

    private struct ColdStart: Encodable {
        var milliseconds: Double
        var secondsAgo: Double
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

    private static func seconds(_ duration: Duration) -> Double { duration.milliseconds / 1000 }

    private static func decision(_ decision: ScalingDecision) -> Decision {
        Decision(
            desired: decision.desiredCount,
            stable: decision.stableAverage,
            panic: decision.panicAverage,
            lag: decision.lagRecords,
            isPanicking: decision.isPanicking,
            excessBurstCapacity: decision.excessBurstCapacity,
            mode: decision.mode.rawValue
        )
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
            inFlight: status.inFlightCount,
            lag: status.lag,
            isReachable: status.isReachable,
            whyUp: status.stayReasons.map {
                Why(
                    kind: $0.kind.rawValue,
                    text: $0.text,
                    remainingSeconds: $0.remaining.map(self.seconds)
                )
            },
            nextDecisionSeconds: status.nextDecision.map(self.seconds),
            autoscaler: status.decision.map(self.decision),
            history: History(status.history),
            coldStarts: status.coldStarts.reversed().map {
                ColdStart(
                    milliseconds: self.seconds($0.duration) * 1000,
                    secondsAgo: self.seconds($0.age)
                )
            },
            started: status.startedTotal,
            crashes: status.crashesTotal,
            requests: status.requestsTotal,
            lastColdStartMilliseconds: status.lastColdStartMilliseconds,
            lastCrash: status.lastCrash
        )
    }
}
