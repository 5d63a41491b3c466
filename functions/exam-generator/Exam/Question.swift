// SPDX-License-Identifier: Apache-2.0

import Bytes

/// One question of an exam, in the format that the exam's front end reads.
struct Question: Codable, Equatable, Sendable {
    /// What is asked.
    var question: String
    /// What can be answered; exactly one is right.
    var options: [String]
    /// The right one of ``options``.
    var correctAnswer: String

    private enum CodingKeys: String, CodingKey {
        case question
        case options
        case correctAnswer = "correct_answer"
    }
}

extension [Question] {
    /// The exam as a JSON document, its members in the order of the format.
    var json: [UInt8] {
        guard !self.isEmpty else { return [UInt8]("[]\n".utf8) }
        var json = [UInt8]("[".utf8)
        for (index, question) in self.enumerated() {
            json.append(contentsOf: (index == 0 ? "\n  {" : ",\n  {").utf8)
            json.append(contentsOf: "\n    \"question\": ".utf8)
            JSONText.append(question.question, to: &json)
            json.append(contentsOf: ",\n    \"options\": [".utf8)
            for (position, option) in question.options.enumerated() {
                if position > 0 { json.append(contentsOf: ", ".utf8) }
                JSONText.append(option, to: &json)
            }
            json.append(contentsOf: "],\n    \"correct_answer\": ".utf8)
            JSONText.append(question.correctAnswer, to: &json)
            json.append(contentsOf: "\n  }".utf8)
        }
        json.append(contentsOf: "\n]\n".utf8)
        return json
    }
}
