// SPDX-License-Identifier: Apache-2.0

/// Makes an exam out of the text of a document.
protocol ExamGenerator: Sendable {
    /// The name that ``ExamConfiguration`` knows it by.
    var name: String { get }

    /// Questions about `text`, whose pages end with form feeds.
    ///
    /// - Throws: ``TooLittleText`` when the document is the reason; ``GeneratorFailure`` otherwise.
    func questions(about text: String) async throws -> [Question]
}

/// The document does not hold enough text for an exam.
struct TooLittleText: Error, Equatable {
    /// What is missing, as the end of a sentence for a teacher.
    var reason: String
}

/// The generator could not do its work; the document is not to blame.
struct GeneratorFailure: Error, Equatable {
    /// One sentence for the person who runs the function; no secrets.
    var message: String
    /// Whether the same document can succeed later with nothing changed.
    var isRetriable: Bool
}
