// SPDX-License-Identifier: Apache-2.0

package import Bytes

/// One thing worth a line in the log.
package struct LogRecord: Sendable {
    /// Most bytes of a message or value that reach the log; the rest becomes an ellipsis.
    package static let textBytesMax = 4096

    /// When it was logged.
    package var time: Timestamp
    /// How much it matters.
    package var level: LogLevel
    /// The part of the program that says so.
    package var label: String
    /// A sentence that is the same every time, so that it can be searched for.
    package var message: String
    /// What differs from time to time, in order.
    package var metadata: [(key: String, value: String)]

    /// The line for a format, its line feed included.
    package func line(_ format: LogFormat) -> [UInt8] {
        switch format {
        case .text: self.textLine
        case .json: self.jsonLine
        case .terminal(let isColoured, let secondsEastOfUTC):
            self.terminalLine(isColoured: isColoured, secondsEastOfUTC: secondsEastOfUTC)
        }
    }

    private var textLine: [UInt8] {
        var line = Array(self.time.rfc3339(fractionDigits: 3).utf8)
        line.append(UInt8(ascii: " "))
        line.append(contentsOf: self.level.columnName.utf8)
        self.appendBody(to: &line, labelStyle: "", keyStyle: "", resetStyle: "")
        return line
    }

    private func terminalLine(isColoured: Bool, secondsEastOfUTC: Int64) -> [UInt8] {
        var local = self.time
        local.secondsSinceEpoch &+= secondsEastOfUTC
        // "2026-01-02T15:04:05.678Z": the day and the zone go without saying on a terminal.
        var line = Array(local.rfc3339(fractionDigits: 3).utf8.dropFirst(11).dropLast())
        line.append(UInt8(ascii: " "))
        let reset = isColoured ? "\u{1B}[0m" : ""
        let dim = isColoured ? "\u{1B}[2m" : ""
        if isColoured { line.append(contentsOf: self.level.colour.utf8) }
        line.append(contentsOf: self.level.columnName.utf8)
        line.append(contentsOf: reset.utf8)
        self.appendBody(to: &line, labelStyle: dim, keyStyle: dim, resetStyle: reset)
        return line
    }

    private func appendBody(
        to line: inout [UInt8],
        labelStyle: String,
        keyStyle: String,
        resetStyle: String
    ) {
        line.append(UInt8(ascii: " "))
        line.append(contentsOf: labelStyle.utf8)
        LogText.appendEscaped(self.label, to: &line)
        line.append(contentsOf: resetStyle.utf8)
        line.append(contentsOf: "  ".utf8)
        LogText.appendEscaped(self.message, to: &line)
        for (key, value) in self.metadata {
            line.append(UInt8(ascii: " "))
            line.append(contentsOf: keyStyle.utf8)
            LogText.appendWord(key, to: &line)
            line.append(UInt8(ascii: "="))
            line.append(contentsOf: resetStyle.utf8)
            LogText.appendWord(value, to: &line)
        }
        line.append(UInt8(ascii: "\n"))
    }

    /// One JSON object; metadata lies in an object of its own, so that no key can hide another.
    private var jsonLine: [UInt8] {
        var line = Array(#"{"time":""#.utf8)
        line.append(contentsOf: self.time.rfc3339(fractionDigits: 3).utf8)
        line.append(contentsOf: #"","level":""#.utf8)
        line.append(contentsOf: self.level.description.utf8)
        line.append(contentsOf: #"","label":"#.utf8)
        JSONText.append(LogText.shortened(self.label), to: &line)
        line.append(contentsOf: #","message":"#.utf8)
        JSONText.append(LogText.shortened(self.message), to: &line)
        if !self.metadata.isEmpty {
            line.append(contentsOf: #","metadata":{"#.utf8)
            for (index, (key, value)) in self.metadata.enumerated() {
                if index > 0 { line.append(UInt8(ascii: ",")) }
                JSONText.append(LogText.shortened(key), to: &line)
                line.append(UInt8(ascii: ":"))
                JSONText.append(LogText.shortened(value), to: &line)
            }
            line.append(UInt8(ascii: "}"))
        }
        line.append(contentsOf: "}\n".utf8)
        return line
    }
}

/// How log lines look.
package enum LogFormat: Sendable, Equatable {
    /// `2026-01-02T15:04:05.678Z info  label  message key=value`.
    case text
    /// The same with the time of day only, for a person.
    case terminal(isColoured: Bool, secondsEastOfUTC: Int64)
    /// One JSON object a line, for a program.
    case json
}

extension LogLevel {
    /// The name, padded so that labels stand in a column.
    fileprivate var columnName: String {
        switch self {
        case .debug: "debug"
        case .info: "info "
        case .warning: "warn "
        case .error: "error"
        }
    }

    /// The escape sequence that starts the colour.
    fileprivate var colour: String {
        switch self {
        case .debug: "\u{1B}[2m"
        case .info: "\u{1B}[32m"
        case .warning: "\u{1B}[33m"
        case .error: "\u{1B}[31m"
        }
    }
}
