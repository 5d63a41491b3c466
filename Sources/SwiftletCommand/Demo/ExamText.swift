// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials

/// A generated exam, as a teacher would read it.
struct ExamText {
    private struct Question: Decodable {
        var question: String
        var options: [String]
        var correctAnswer: String

        enum CodingKeys: String, CodingKey {
            case question
            case options
            case correctAnswer = "correct_answer"
        }
    }

    private let questions: [Question]

    /// Reads the JSON of an exam.
    init(json: [UInt8]) throws {
        self.questions = try JSONDecoder().decode([Question].self, from: Data(json))
    }

    var count: Int { self.questions.count }

    /// The questions with their options, the right one marked.
    var lines: [String] {
        var lines: [String] = []
        for (index, question) in self.questions.enumerated() {
            lines.append("")
            lines += Self.wrap("\(index + 1). ", question.question)
            for (letter, option) in zip("abcdefgh", question.options) {
                let isRight = option == question.correctAnswer
                let line = "   \(isRight ? "✓" : " ") \(letter)) \(option)"
                lines.append(isRight ? Terminal.green(line) : line)
            }
        }
        return lines
    }

    /// Breaks a text into lines of at most 88 characters, indented behind its number.
    private static func wrap(_ number: String, _ text: String) -> [String] {
        let indent = String(repeating: " ", count: number.count)
        var lines: [String] = []
        var line = number
        for word in text.split(separator: " ") {
            if line.count + word.count >= 88 {
                lines.append(line)
                line = indent
            }
            line += (line == number || line == indent ? "" : " ") + word
        }
        return (lines + [line]).map(Terminal.bold)
    }
}
