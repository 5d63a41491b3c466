// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import Telemetry

@Suite("Logger")
struct LoggerTests {
    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func append(_ line: String) { self.lines.withLock { $0.append(line) } }
        /// The lines from the level on: the time differs from run to run.
        var all: [String] {
            self.lines.withLock { lines in lines.map { String($0.dropFirst(25)) } }
        }
    }

    @Test("writes to its sink, and what is below the level not at all")
    func levels() {
        let lines = Lines()
        var log = Logger(label: "test", sink: LogSink(level: .warning) { lines.append($0) })
        log.debug("No.")
        log.info(
            { () -> String in
                Issue.record("evaluated in vain")
                return "No."
            }()
        )
        log.warning("Careful.", ["why": "because"])
        log.error("Gone.")
        log.level = .debug
        log.debug("Yes.")
        #expect(
            lines.all == [
                "warn  test  Careful. why=because", "error test  Gone.", "debug test  Yes.",
            ]
        )
    }

    @Test("a derived logger carries metadata, in order, and replaces what has the same key")
    func derives() {
        let lines = Lines()
        let log = Logger(label: "test", sink: LogSink { lines.append($0) })
        var derived = log.with(["a": "1", "b": "2"]).with(["a": "3"])
        #expect(derived[metadata: "a"] == "3")
        derived.info("One.", ["c": "4"])
        derived[metadata: "a"] = nil
        derived.info("Two.")
        log.info("Three.")
        #expect(
            lines.all == [
                "info  test  One. a=3 b=2 c=4", "info  test  Two. b=2", "info  test  Three.",
            ]
        )
    }

    static let environments: [([String: String], Bool, LogLevel, LogFormat, Int)] = [
        ([:], false, .info, .text, 0),
        (["LOG_LEVEL": "debug"], false, .debug, .text, 0),
        (["LOG_LEVEL": "WARNING"], false, .warning, .text, 0),
        (["LOG_LEVEL": "error", "LOG_FORMAT": "json"], true, .error, .json, 0),
        (["LOG_LEVEL": ""], false, .info, .text, 0),
        (["LOG_LEVEL": "loud"], false, .info, .text, 1),
        (["LOG_FORMAT": "xml"], false, .info, .text, 1),
        (["LOG_FORMAT": "text"], true, .info, .text, 0),
        ([:], true, .info, .terminal(isColoured: true, secondsEastOfUTC: 7200), 0),
        (["NO_COLOR": "1"], true, .info, .terminal(isColoured: false, secondsEastOfUTC: 7200), 0),
        (["NO_COLOR": ""], true, .info, .terminal(isColoured: true, secondsEastOfUTC: 7200), 0),
    ]

    @Test("the environment chooses level and format", arguments: environments)
    func environment(
        _ variables: [String: String],
        _ isTerminal: Bool,
        _ level: LogLevel,
        _ format: LogFormat,
        _ problemCount: Int
    ) {
        let configuration = LogConfiguration(isTerminal: isTerminal, secondsEastOfUTC: 7200) {
            variables[$0]
        }
        #expect(configuration.level == level)
        #expect(configuration.format == format)
        #expect(configuration.problems.count == problemCount)
    }

    @Test("milestones reach the observer, and cost nothing when there is none")
    func milestones() {
        MilestoneRecorder.none.record(
            .stored,
            subject: { () -> String in
                Issue.record("evaluated in vain")
                return ""
            }()
        )
        let seen = Mutex<[Milestone]>([])
        let recorder = MilestoneRecorder { milestone in seen.withLock { $0.append(milestone) } }
        recorder.record(.dispatched, subject: "1", attributes: ["status": "200"])
        recorder.record(.answered, subject: "2")
        let all = seen.withLock { $0 }
        #expect(all.map(\.stage) == [.dispatched, .answered])
        #expect(all.map(\.subject) == ["1", "2"])
        #expect(all.map(\.attributes) == [["status": "200"], [:]])
        #expect(all[0].at > 1_700_000_000_000_000_000)
        #expect(all[0].at <= all[1].at)
    }
}
