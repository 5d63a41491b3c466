// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// Why the reply of a language model is of no use; one sentence without its text.
struct ChatReplyError: Error, Equatable {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}

/// Reads the reply of a language model, which is never trusted.
enum ChatReply {
    static let optionsRange = 2...6
    static let questionCharactersRange = 8...1000
    static let optionCharactersRange = 1...300

    /// The questions in the answer of the chat completions interface.
    ///
    /// - Parameters:
    ///   - body: The body of the answer.
    ///   - questionsMax: More questions are refused.
    /// - Returns: At least one question; each of them is sound.
    /// - Throws: What is wrong with the reply.
    static func questions(
        in body: [UInt8],
        questionsMax: Int
    ) throws(ChatReplyError) -> [Question] {
        let content = try self.content(of: body)
        let json = Array(self.withoutFence(content).utf8)
        let questions = try self.decode(json)
        guard !questions.isEmpty else { throw ChatReplyError("it holds no question") }
        guard questions.count <= questionsMax else {
            throw ChatReplyError("it holds more than \(questionsMax) questions")
        }
        for (index, question) in questions.enumerated() {
            if let fault = self.fault(of: question) {
                throw ChatReplyError("question \(index + 1) \(fault)")
            }
        }
        guard Set(questions.map(\.question)).count == questions.count else {
            throw ChatReplyError("it asks a question twice")
        }
        return questions
    }

    private struct Completion: Decodable {
        struct Choice: Decodable {
            var message: Message
        }
        struct Message: Decodable {
            var content: String?
        }
        var choices: [Choice]
    }

    private static func content(of body: [UInt8]) throws(ChatReplyError) -> String {
        guard let completion = try? JSONDecoder().decode(Completion.self, from: Data(body)),
            let content = completion.choices.first?.message.content
        else { throw ChatReplyError("it is no chat completion") }
        return content
    }

    /// The text inside a code fence; models add one even when told not to.
    static func withoutFence(_ content: String) -> String {
        let text = content.trimmed(where: \.isWhitespace)
        guard text.hasPrefix("```"), text.hasSuffix("```"), text.count >= 6 else { return text }
        let inside = text.dropFirst(3).dropLast(3)
        // The first line may name the language.
        guard let lineEnd = inside.firstIndex(of: "\n") else { return String(inside) }
        let label = inside[..<lineEnd]
        let isLabel = label.allSatisfy { $0.isLetter || $0.isWhitespace }
        return String(isLabel ? inside[lineEnd...] : inside[...]).trimmed(where: \.isWhitespace)
    }

    private static func decode(_ json: [UInt8]) throws(ChatReplyError) -> [Question] {
        do {
            return try JSONDecoder().decode([Question].self, from: Data(json))
        } catch {
            throw ChatReplyError("its text is not a JSON array of questions")
        }
    }

    /// What is wrong with `question`; `nil` when nothing is.
    static func fault(of question: Question) -> String? {
        let texts = [question.question] + question.options
        guard self.questionCharactersRange ~= question.question.count else {
            return "is too short or too long"
        }
        guard self.optionsRange ~= question.options.count else {
            return "has \(question.options.count) options"
        }
        guard question.options.allSatisfy({ self.optionCharactersRange ~= $0.count }) else {
            return "has an option that is empty or too long"
        }
        guard texts.allSatisfy({ !self.hasControlCharacter($0) && !$0.allSatisfy(\.isWhitespace) })
        else { return "is blank or has a control character" }
        let distinct = Set(question.options.map { $0.lowercased().trimmed(where: \.isWhitespace) })
        guard distinct.count == question.options.count else { return "has an option twice" }
        guard question.options.contains(question.correctAnswer) else {
            return "has a correct answer that is none of its options"
        }
        return nil
    }

    private static func hasControlCharacter(_ text: String) -> Bool {
        text.unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}
