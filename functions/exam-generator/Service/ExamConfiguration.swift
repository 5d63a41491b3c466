// SPDX-License-Identifier: Apache-2.0

/// Why the function cannot start; one sentence that names the variable.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// What is wrong and what to do.
    var description: String

    init(_ description: String) { self.description = description }
}

/// What the environment says about the function.
struct ExamConfiguration: Equatable, Sendable {
    /// Who makes the questions.
    enum Generator: Equatable, Sendable {
        case cloze
        case languageModel(ChatConfiguration)
        case fixed
    }

    /// Where finished exams are announced.
    struct ResultTopic: Equatable, Sendable {
        var name: String
        var bootstrapServers: String
    }

    static let questionsRange = 1...50
    static let questionsDefault = 10
    static let resultTopicDefault = "exam-generated"

    var generator: Generator
    var questionsMax: Int
    /// `nil` when nothing is announced.
    var resultTopic: ResultTopic?
    /// Where documents are kept while they are read.
    var scratchDirectory: String
    /// Where `pdftotext` is looked for.
    var programPath: String

    /// Reads the environment.
    ///
    /// - Throws: ``ConfigurationError`` naming the variable that is missing or wrong.
    init(_ environment: [String: String]) throws(ConfigurationError) {
        self.generator = try Self.generator(environment)
        self.questionsMax = try Self.questions(environment)
        self.resultTopic = try Self.topic(environment)
        self.scratchDirectory = Self.value(environment, "TMPDIR") ?? "/tmp"
        self.programPath = Self.value(environment, "PATH") ?? "/usr/local/bin:/usr/bin:/bin"
    }

    private static func value(_ environment: [String: String], _ name: String) -> String? {
        environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    private static func generator(
        _ environment: [String: String]
    ) throws(ConfigurationError) -> Generator {
        let name = self.value(environment, "EXAM_GENERATOR") ?? "cloze"
        switch name {
        case "cloze": return .cloze
        case "llm": return .languageModel(try ChatConfiguration(environment))
        case "static": return .fixed
        default:
            throw ConfigurationError(
                "EXAM_GENERATOR is \"\(name)\", but it must be cloze, llm or static."
            )
        }
    }

    private static func questions(
        _ environment: [String: String]
    ) throws(ConfigurationError) -> Int {
        guard let text = self.value(environment, "EXAM_QUESTIONS") else {
            return self.questionsDefault
        }
        guard let count = Int(text), self.questionsRange ~= count else {
            throw ConfigurationError(
                "EXAM_QUESTIONS is \"\(text)\", but it must be a number from"
                    + " \(self.questionsRange.lowerBound) to \(self.questionsRange.upperBound)."
            )
        }
        return count
    }

    private static func topic(
        _ environment: [String: String]
    ) throws(ConfigurationError) -> ResultTopic? {
        // Set and empty means: announce nothing.
        let name = environment["RESULT_TOPIC"] ?? self.resultTopicDefault
        guard !name.isEmpty else { return nil }
        guard let servers = self.value(environment, "KAFKA_BOOTSTRAP_SERVER") else {
            throw ConfigurationError(
                "KAFKA_BOOTSTRAP_SERVER is not set; it must name the Kafka brokers as host:port,"
                    + " or RESULT_TOPIC must be set to nothing so that exams are not announced."
            )
        }
        return ResultTopic(name: name, bootstrapServers: servers)
    }
}
