// SPDX-License-Identifier: Apache-2.0

/// What the environment asks of the log.
struct LogConfiguration: Sendable, Equatable {
    /// Lines below it are not written.
    var level = LogLevel.info
    /// How lines look.
    var format = LogFormat.text
    /// What was asked for and does not exist, one sentence each.
    var problems: [String] = []

    /// Reads `LOG_LEVEL`, `LOG_FORMAT` and `NO_COLOR`.
    ///
    /// - Parameters:
    ///   - isTerminal: Whether a person reads along.
    ///   - secondsEastOfUTC: The person's time zone.
    ///   - environment: The value of a variable, `nil` when it is not set.
    init(
        isTerminal: Bool,
        secondsEastOfUTC: Int64 = 0,
        environment: (String) -> String?
    ) {
        func value(_ name: String) -> String? {
            guard let value = environment(name), !value.isEmpty else { return nil }
            return value
        }
        if let name = value("LOG_LEVEL") {
            if let level = LogLevel(name) {
                self.level = level
            } else {
                self.problems.append("LOG_LEVEL is none of debug, info, warning and error")
            }
        }
        if isTerminal {
            // https://no-color.org: present and not empty.
            self.format = .terminal(
                isColoured: value("NO_COLOR") == nil,
                secondsEastOfUTC: secondsEastOfUTC
            )
        }
        switch value("LOG_FORMAT")?.lowercased() {
        case nil: break
        case "json": self.format = .json
        case "text": self.format = .text
        default: self.problems.append("LOG_FORMAT is neither text nor json")
        }
    }
}
