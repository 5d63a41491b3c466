// SPDX-License-Identifier: Apache-2.0

/// One flag of a subcommand; every flag has an environment variable that it overrides.
struct FlagSyntax: Sendable {
    /// Without the dashes, for example `bucket-port`.
    var name: String
    /// A single letter, for example `f` for `-f`.
    var letter: Character?
    /// What stands for the value in help; `nil` for a switch.
    var value: String?
    /// The environment variable.
    var environment: String
    /// One line.
    var help: String
    /// Whether it can be given several times.
    var isRepeatable = false

    /// Makes a flag; its variable is `SWIFTLET_` and the name unless another is given.
    init(
        _ name: String,
        letter: Character? = nil,
        value: String? = nil,
        environment: String? = nil,
        help: String,
        isRepeatable: Bool = false
    ) {
        self.name = name
        self.letter = letter
        self.value = value
        self.environment =
            environment
            ?? "SWIFTLET_" + String(name.map { $0 == "-" ? "_" : $0 }).uppercased()
        self.help = help
        self.isRepeatable = isRepeatable
    }

    /// As it is written, for example `-f, --file FILE`.
    var synopsis: String {
        let short = self.letter.map { "-\($0), " } ?? "    "
        return short + "--" + self.name + (self.value.map { " " + $0 } ?? "")
    }
}

/// What a subcommand accepts, and how it explains itself.
struct CommandSyntax: Sendable {
    var name: String
    /// One line for the list of subcommands.
    var summary: String
    /// The operands in the usage line, for example `FILE BUCKET/KEY`.
    var operands = ""
    /// How many operands there may be.
    var operandCount = 0...0
    var flags: [FlagSyntax] = []
    /// Lines that can be copied and run, each with what it does.
    var examples: [(line: String, explanation: String)] = []

    /// The text of `--help`.
    var help: String {
        var lines = ["swiftlet \(self.name): \(self.summary)", ""]
        let operands = self.operands.isEmpty ? "" : " " + self.operands
        lines.append(
            "Usage: swiftlet \(self.name)\(self.flags.isEmpty ? "" : " [flags]")\(operands)"
        )
        if !self.flags.isEmpty {
            lines += ["", "Flags (each can also be set by the variable in brackets):"]
            let width = (self.flags.map(\.synopsis.count).max() ?? 0) + 2
            for flag in self.flags {
                let synopsis = flag.synopsis
                let gap = String(repeating: " ", count: width - synopsis.count)
                lines.append("  \(synopsis)\(gap)\(flag.help) [\(flag.environment)]")
            }
        }
        if !self.examples.isEmpty {
            lines += ["", "Examples:"]
            for (line, explanation) in self.examples {
                lines += ["  # \(explanation)", "  \(line)", ""]
            }
            lines.removeLast()
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// A command line that makes no sense; exit code 2.
struct UsageError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// A command line that was read.
struct CommandArguments: Sendable {
    /// What `--help` asks for.
    private(set) var wantsHelp = false
    private(set) var operands: [String] = []
    private var values: [String: [String]] = [:]

    /// Reads arguments (without the subcommand); flags win over variables.
    ///
    /// - Throws: ``UsageError``, with the nearest flag when one looks misspelt.
    init(
        _ arguments: [String],
        syntax: CommandSyntax,
        environment: [String: String]
    ) throws {
        for flag in syntax.flags {
            guard let value = environment[flag.environment], !value.isEmpty else { continue }
            self.values[flag.name] = [value]
        }
        var isSet: Set<String> = []
        var rest = arguments[...]
        var areOperandsOnly = false
        while let argument = rest.popFirst() {
            if areOperandsOnly || argument == "-" || !argument.hasPrefix("-") {
                self.operands.append(argument)
            } else if argument == "--" {
                areOperandsOnly = true
            } else if argument == "--help" || argument == "-h" {
                self.wantsHelp = true
            } else {
                try self.readFlag(argument, &rest, syntax, &isSet)
            }
        }
        guard !self.wantsHelp else { return }
        guard syntax.operandCount ~= self.operands.count else {
            let wanted = syntax.operands.isEmpty ? "no operands" : syntax.operands
            throw UsageError("expected \(wanted), got \(self.operands.count) operand(s)")
        }
    }

    private mutating func readFlag(
        _ argument: String,
        _ rest: inout ArraySlice<String>,
        _ syntax: CommandSyntax,
        _ isSet: inout Set<String>
    ) throws {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let written = String(parts[0])
        guard let flag = syntax.flags.first(where: { Self.matches($0, written) }) else {
            throw UsageError("unknown flag \(written)\(Self.suggestion(for: written, syntax))")
        }
        let value: String
        if flag.value == nil {
            guard parts.count == 1 else { throw UsageError("\(written) takes no value") }
            value = "true"
        } else if parts.count == 2 {
            value = String(parts[1])
        } else if let next = rest.popFirst() {
            value = next
        } else {
            throw UsageError("\(written) needs a value: \(flag.synopsis.drop { $0 == " " })")
        }
        if !isSet.insert(flag.name).inserted, !flag.isRepeatable {
            throw UsageError("\(written) is given twice")
        }
        if isSet.contains(flag.name), flag.isRepeatable, let before = self.explicit[flag.name] {
            self.values[flag.name] = before + [value]
        } else {
            self.values[flag.name] = [value]
        }
        self.explicit[flag.name, default: []].append(value)
    }

    /// What was given on the command line, which replaces a variable as a whole.
    private var explicit: [String: [String]] = [:]

    private static func matches(_ flag: FlagSyntax, _ written: String) -> Bool {
        written == "--" + flag.name || flag.letter.map { written == "-\($0)" } == true
    }

    private static func suggestion(for written: String, _ syntax: CommandSyntax) -> String {
        let wanted = String(written.drop { $0 == "-" })
        let nearest = syntax.flags.map { (distance: self.distance(wanted, $0.name), flag: $0) }
            .min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= 2 else { return "" }
        return " (did you mean --\(nearest.flag.name)?)"
    }

    /// How many letters must be added, dropped or changed.
    private static func distance(_ one: String, _ other: String) -> Int {
        let other = Array(other)
        var row = Array(0...other.count)
        for (index, letter) in one.enumerated() {
            var previous = row[0]
            row[0] = index + 1
            for column in 1..<row.count {
                let above = row[column]
                let change = previous + (other[column - 1] == letter ? 0 : 1)
                row[column] = min(change, above + 1, row[column - 1] + 1)
                previous = above
            }
        }
        return row[other.count]
    }

    // MARK: Values

    /// The value of a flag that is not repeatable.
    subscript(_ name: String) -> String? { self.values[name]?.last }

    /// The values of a repeatable flag.
    func all(_ name: String) -> [String] { self.values[name] ?? [] }

    /// Whether a switch is on.
    func isOn(_ name: String) -> Bool {
        guard let value = self[name] else { return false }
        return value != "false" && value != "0"
    }

    /// A whole number within a range.
    func number(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = self[name] else { return nil }
        guard let number = Int(text), range ~= number else {
            throw UsageError(
                "--\(name) is \"\(text)\" and not a number of \(range.lowerBound)…"
                    + "\(range.upperBound)"
            )
        }
        return number
    }

    /// A time such as `500ms`, `6s`, `2m`, or a number of seconds.
    func duration(_ name: String) throws -> Duration? {
        guard let text = self[name] else { return nil }
        let units: [(suffix: String, milliseconds: Double)] = [
            ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("", 1000),
        ]
        for unit in units where text.hasSuffix(unit.suffix) {
            guard let value = Double(text.dropLast(unit.suffix.count)), value >= 0, value < 1e9
            else { break }
            return .milliseconds(Int64(value * unit.milliseconds))
        }
        throw UsageError("--\(name) is \"\(text)\" and not a time such as 500ms, 6s or 2m")
    }
}
