// SPDX-License-Identifier: Apache-2.0

/// Makes fill-in questions out of the sentences of a document.
///
/// Pure and deterministic: the same text gives the same exam, without network and without a model.
struct ClozeGenerator: ExamGenerator {
    /// What a gap looks like.
    static let gap = "_____"
    /// Fewer questions are no exam.
    static let questionsMin = 3
    /// Sentences that a document must have before questions are looked for.
    static let sentencesMin = 5

    let name = "cloze"
    /// Most questions of an exam.
    let questionsMax: Int

    func questions(about text: String) async throws -> [Question] {
        try self.exam(about: text)
    }

    /// The exam about `text`.
    func exam(about text: String) throws(TooLittleText) -> [Question] {
        let sentences = Self.sentences(of: text)
        guard sentences.count >= Self.sentencesMin else {
            throw TooLittleText(
                reason: "it holds \(Self.counted(sentences.count, "whole sentence")), and an exam "
                    + "needs at least \(Self.sentencesMin)"
            )
        }
        let language = Language.detect(sentences)
        let candidates = Candidates.find(in: sentences, language: language)
        var selection = Selection(candidates: candidates, sentenceCount: sentences.count)
        let questions = selection.select(self.questionsMax).map(\.question)
        let needed = min(Self.questionsMin, self.questionsMax)
        guard questions.count >= needed else {
            throw TooLittleText(
                reason: "only \(Self.counted(questions.count, "question")) could be made from its "
                    + "\(sentences.count) sentences, and an exam needs at least \(needed)"
            )
        }
        return questions
    }

    private static func counted(_ count: Int, _ noun: String) -> String {
        count == 0 ? "no \(noun)" : "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    /// The sentences of `text`, each once.
    static func sentences(of text: String) -> [Sentence] {
        let paragraphs = Paragraphs.of(text)
        let splitter = SentenceSplitter(hasDottedOrdinals: self.looksGerman(paragraphs))
        var seen = Set<String>()
        var sentences: [Sentence] = []
        let judge = SentenceJudge(language: .english)
        for paragraph in paragraphs {
            for text in splitter.sentences(of: paragraph) where seen.insert(text).inserted {
                let whole = judge.withoutOpening(text)
                sentences.append(Sentence(index: sentences.count, text: whole))
            }
        }
        return sentences
    }

    /// Whether "3." means "third"; asked before there are sentences to detect the language by.
    private static func looksGerman(_ paragraphs: [String]) -> Bool {
        let small: Set<Substring> = ["der", "die", "und", "ist", "das", "nicht", "mit"]
        var german = 0
        var words = 0
        for paragraph in paragraphs where words < 5000 {
            for word in paragraph.split(separator: " ") {
                words += 1
                if small.contains(word) { german += 1 }
            }
        }
        return german * 20 > words
    }
}
