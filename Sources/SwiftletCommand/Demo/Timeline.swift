// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// The life of one uploaded object, as a table of milliseconds.
struct Timeline {
    /// One line of the table.
    struct Entry: Equatable {
        /// Since the object was stored.
        var milliseconds: Double
        var stage: String
        var explanation: String
    }

    private(set) var entries: [Entry] = []

    /// Picks what belongs to `upload` out of everything that happened.
    ///
    /// - Parameters:
    ///   - upload: `bucket/key` of the object.
    ///   - result: `bucket/key` of what was made of it.
    ///   - milestones: All that happened, in order.
    init(of upload: String, result: String, from milestones: [Milestone]) {
        guard let stored = milestones.last(where: { $0.stage == .stored && $0.subject == upload })
        else { return }
        let later = milestones.filter { $0.at >= stored.at }
        func add(_ milestone: Milestone?, _ stage: String, _ explanation: String) {
            guard let milestone else { return }
            self.entries.append(
                Entry(
                    milliseconds: Double(milestone.at - stored.at) / 1_000_000,
                    stage: stage,
                    explanation: explanation
                )
            )
        }
        let notified = later.first { $0.stage == .notified && $0.subject == upload }
        let dispatched = later.first { $0.stage == .dispatched && Self.samePlace($0, notified) }
        let answered = later.first { $0.stage == .answered && Self.samePlace($0, notified) }
        let starting = later.first { $0.stage == .instanceStarting }
        let ready = later.first { $0.stage == .instanceReady }
        let made = later.first { $0.stage == .stored && $0.subject == result }
        add(stored, "stored", upload)
        add(notified, "notified", Self.place(of: notified))
        add(dispatched, "dispatched", "as a CloudEvent, to the function")
        add(starting, "starting", "process \(starting?.attributes["pid"] ?? "")")
        add(ready, "started", "it listens")
        add(made, "generated", result)
        add(answered, "answered", "the event is acknowledged")
        self.entries.sort { $0.milliseconds < $1.milliseconds }
    }

    /// Whether two milestones speak of the same record of Kafka.
    static func samePlace(_ one: Milestone, _ other: Milestone?) -> Bool {
        guard let other else { return false }
        return ["topic", "partition", "offset"].allSatisfy {
            one.attributes[$0] != nil && one.attributes[$0] == other.attributes[$0]
        }
    }

    private static func place(of milestone: Milestone?) -> String {
        guard let attributes = milestone?.attributes else { return "" }
        return "topic \(attributes["topic"] ?? "?"), partition \(attributes["partition"] ?? "?"), "
            + "offset \(attributes["offset"] ?? "?")"
    }

    /// The table, a line each.
    var lines: [String] {
        let width = (self.entries.map(\.stage.count).max() ?? 0) + 2
        return self.entries.map { entry in
            let time = Self.fixed(entry.milliseconds)
            let gap = String(repeating: " ", count: max(0, 10 - time.count))
            let stage = entry.stage + String(repeating: " ", count: width - entry.stage.count)
            return "\(gap)\(time) ms  \(Terminal.bold(stage))\(Terminal.dim(entry.explanation))"
        }
    }

    private static func fixed(_ milliseconds: Double) -> String {
        let tenths = Int((milliseconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
