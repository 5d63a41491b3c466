// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing

@testable import exam_generator

@Suite("The format of an exam")
struct QuestionTests {
    @Test("is a JSON array of questions, members in the format's order")
    func format() {
        let question = Question(
            question: "Who said \"é\"?",
            options: ["A\nB", "C"],
            correctAnswer: "C"
        )
        let json = String(decoding: [question, question].json, as: UTF8.self)
        let one = """
              {
                "question": "Who said \\"é\\"?",
                "options": ["A\\nB", "C"],
                "correct_answer": "C"
              }
            """
        #expect(json == "[\n\(one),\n\(one)\n]\n")
        #expect(String(decoding: [Question]().json, as: UTF8.self) == "[]\n")
    }

    @Test("is read back by any JSON parser")
    func roundTrip() async throws {
        let questions = try await StaticGenerator().questions(about: "")
        let decoded = try JSONDecoder().decode([Question].self, from: Data(questions.json))
        #expect(decoded == questions)
        #expect(questions.map(\.correctAnswer) == ["Romania", "Africa"])
    }
}
