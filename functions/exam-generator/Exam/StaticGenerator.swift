// SPDX-License-Identifier: Apache-2.0

/// Gives every document the same two questions; for trying out everything around the exam.
struct StaticGenerator: ExamGenerator {
    let name = "static"

    func questions(about text: String) async throws -> [Question] {
        [
            Question(
                question: "Which country of those countries located in balkans ?",
                options: ["Romania", "Germany", "Croatia", "Czech"],
                correctAnswer: "Romania"
            ),
            Question(
                question: "Where Tunisia is located?",
                options: ["South America", "Asia", "Africa", "Oceania"],
                correctAnswer: "Africa"
            ),
        ]
    }
}
