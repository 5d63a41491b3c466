// SPDX-License-Identifier: Apache-2.0

import Telemetry
import Testing

@testable import SwiftletCommand

@Suite("Timeline")
struct TimelineTests {
    static func milestone(
        _ stage: Milestone.Stage,
        _ subject: String,
        at milliseconds: UInt64,
        offset: Int? = nil
    ) -> Milestone {
        var attributes: [String: String] = [:]
        if let offset { attributes = ["topic": "t", "partition": "0", "offset": "\(offset)"] }
        return Milestone(
            stage: stage,
            subject: subject,
            at: milliseconds * 1_000_000,
            attributes: attributes
        )
    }

    @Test("takes what belongs to the upload, and nothing of others")
    func picks() {
        let timeline = Timeline(
            of: "exams/b.pdf",
            result: "exams/question_bank/b.json",
            from: [
                Self.milestone(.stored, "exams/a.pdf", at: 10),
                Self.milestone(.notified, "exams/a.pdf", at: 11, offset: 0),
                Self.milestone(.stored, "exams/b.pdf", at: 20),
                Self.milestone(.dispatched, "e0", at: 21, offset: 0),
                Self.milestone(.notified, "exams/b.pdf", at: 22, offset: 1),
                Self.milestone(.dispatched, "e1", at: 23, offset: 1),
                Self.milestone(.instanceStarting, "i", at: 24),
                Self.milestone(.instanceReady, "i", at: 30),
                Self.milestone(.answered, "e0", at: 31, offset: 0),
                Self.milestone(.stored, "exams/question_bank/b.json", at: 40),
                Self.milestone(.answered, "e1", at: 42, offset: 1),
            ]
        )
        #expect(
            timeline.entries.map(\.stage) == [
                "stored", "notified", "dispatched", "starting", "started", "generated", "answered",
            ]
        )
        #expect(timeline.entries.map(\.milliseconds) == [0, 2, 3, 4, 10, 20, 22])
    }

    @Test("is empty for what was never stored")
    func nothing() {
        #expect(Timeline(of: "exams/x.pdf", result: "y", from: []).lines.isEmpty)
    }
}
