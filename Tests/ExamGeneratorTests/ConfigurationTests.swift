// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import exam_generator

@Suite("What the environment says")
struct ConfigurationTests {
    static let kafka = ["KAFKA_BOOTSTRAP_SERVER": "127.0.0.1:9092"]

    @Test("the defaults need nothing but the broker")
    func defaults() throws {
        let configuration = try ExamConfiguration(Self.kafka)
        #expect(configuration.generator == .cloze)
        #expect(configuration.questionsMax == 10)
        #expect(configuration.scratchDirectory == "/tmp")
        #expect(
            configuration.resultTopic
                == .init(name: "exam-generated", bootstrapServers: "127.0.0.1:9092")
        )
    }

    @Test("an empty topic means that nothing is announced")
    func silence() throws {
        let configuration = try ExamConfiguration(["RESULT_TOPIC": ""])
        #expect(configuration.resultTopic == nil)
    }

    @Test("everything can be set")
    func settings() throws {
        let configuration = try ExamConfiguration([
            "KAFKA_BOOTSTRAP_SERVER": "k:9092", "RESULT_TOPIC": "done", "EXAM_GENERATOR": "static",
            "EXAM_QUESTIONS": "50", "TMPDIR": "/scratch", "PATH": "/opt/bin",
        ])
        #expect(configuration.generator == .fixed)
        #expect(configuration.questionsMax == 50)
        #expect(configuration.resultTopic?.name == "done")
        #expect(configuration.scratchDirectory == "/scratch")
        #expect(configuration.programPath == "/opt/bin")
    }

    static let refused: [([String: String], String)] = [
        ([:], "KAFKA_BOOTSTRAP_SERVER"), (["EXAM_GENERATOR": "gpt"], "EXAM_GENERATOR"),
        (["EXAM_QUESTIONS": "0"], "EXAM_QUESTIONS"), (["EXAM_QUESTIONS": "51"], "EXAM_QUESTIONS"),
        (["EXAM_QUESTIONS": "ten"], "EXAM_QUESTIONS"), (["EXAM_GENERATOR": "llm"], "LLM_URL"),
        (["EXAM_GENERATOR": "llm", "LLM_URL": "http://h"], "LLM_MODEL"),
        (["EXAM_GENERATOR": "llm", "LLM_URL": "ftp://h", "LLM_MODEL": "m"], "LLM_URL"),
        (
            [
                "EXAM_GENERATOR": "llm", "LLM_URL": "http://h", "LLM_MODEL": "m",
                "LLM_API_KEY": "se cret",
            ], "LLM_API_KEY"
        ),
    ]

    @Test("what is wrong is named, secrets are not", arguments: refused)
    func refuses(_ environment: [String: String], _ name: String) throws {
        var environment = environment
        if name != "KAFKA_BOOTSTRAP_SERVER" { environment.merge(Self.kafka) { one, _ in one } }
        let error = try #require(throws: ConfigurationError.self) {
            try ExamConfiguration(environment)
        }
        #expect(error.description.contains(name))
        #expect(!error.description.contains("se cret"))
        #expect(error.description.hasSuffix("."))
    }

    @Test(
        "the URL of the model may be the whole one or its base",
        arguments: [
            ("http://h:11434", "http://h:11434/v1/chat/completions"),
            ("http://h/", "http://h/v1/chat/completions"),
            ("https://api.example.com/v1", "https://api.example.com/v1/chat/completions"),
            ("https://h/v1/chat/completions", "https://h/v1/chat/completions"),
            ("https://h/openai/v1/", "https://h/openai/v1/chat/completions"),
            ("h/v1", nil), ("http://", nil), ("http://u:p@h", nil), ("http://h?x=1", nil),
            ("http://h/a b", nil),
        ] as [(String, String?)]
    )
    func urls(_ text: String, _ url: String?) {
        #expect(ChatConfiguration.completionsURL(text) == url)
    }

    @Test("without pdftotext the start fails, and says what to install")
    func program() throws {
        let error = try #require(throws: ConfigurationError.self) {
            try PDFTextExtractor.find(in: "/nonexistent:relative:")
        }
        #expect(error.description.contains("poppler-utils"))
        let found = try PDFTextExtractor.find(in: "/nonexistent:/usr/local/bin:/usr/bin:/bin")
        #expect(found.hasSuffix("/pdftotext"))
    }
}
