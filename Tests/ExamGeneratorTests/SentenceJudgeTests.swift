// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import exam_generator

@Suite("Which sentences make sense by themselves")
struct SentenceJudgeTests {
    private func score(_ text: String) -> Double? {
        let judge = SentenceJudge(language: .english)
        let sentence = Sentence(index: 0, text: judge.withoutOpening(text))
        let classes = EnglishTagger(evidence: CaseEvidence([sentence])).classes(of: sentence)
        return judge.score(sentence, classes: classes)
    }

    static let accepted = [
        "A pigment is a substance that absorbs some wavelengths of light.",
        "In 1937 Robert Hill showed that chloroplasts can release oxygen.",
        "The rate of photosynthesis depends on light and on temperature.",
        "The periodic table was published by Dmitri Mendeleev in 1869.",
        "However, the mitral valve lies between the atrium and the ventricle.",
        "William Harvey calculated that he could measure the flow of blood.",
    ]

    @Test("accepts", arguments: accepted)
    func accepts(_ text: String) { #expect(self.score(text) != nil) }

    static let refused = [
        "This process is the reason why plants can live in the desert.",
        "It is therefore known as the natural pacemaker of the heart.",
        "As shown in Figure 2, the valves open in turn when blood flows.",
        "In this way the plant loses far less water through its leaves.",
        "The machine was delivered to the University of Cambridge in 1949.",
        "What is the smallest unit of all living things on this Earth?",
        "Note that plants take up carbon dioxide only while stomata are open and see above.",
        "We will answer the question of photosynthesis in the section on leaves.",
        "He calculated that the heart pumps far more blood than the body contains.",
        "The pressure of a gas grows with its temperature, as Table 2 tells us all.",
        "Most of the water of the Earth lies in its oceans, as the diagram shows.",
        "The valves open when the ventricle contracts (see also fig. 7 and fig. 8).",
        "After five years the willow weighed much more than it had before.",
        "The name of the hormone is written on a line _____ of the paper.",
        "Too short to be asked.",
        "A standard way for applications to install new information on a system.",
        "Returns: the number of elements that are in the list of the structure.",
        "see the leaf of the plant that is shown in the garden of the school.",
        "Plants (and algae use the energy of sunlight to make their own food.",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 of all 21 22 23.",
    ]

    @Test("refuses", arguments: refused)
    func refuses(_ text: String) { #expect(self.score(text) == nil) }

    @Test("the limits of length are exact")
    func lengths() {
        let start = "Plants use the light of the sun to make "
        func sentence(_ count: Int) -> String {
            let rest = count - start.count - 1
            return start + String(repeating: "sugar ", count: rest / 6)
                + String(repeating: "s", count: rest % 6) + "."
        }
        let range = SentenceJudge.charactersRange
        #expect(self.score(sentence(range.upperBound)) != nil)
        #expect(self.score(sentence(range.upperBound + 1)) == nil)
        let shortest = "Plants use the light of sun to live now."
        #expect(shortest.count == range.lowerBound)
        #expect(self.score(shortest) != nil)
        #expect(self.score("Plants use the light of sun to live no.") == nil)
    }

    @Test("a definition is worth more than a guess")
    func order() throws {
        let definition = try #require(
            self.score("The gain of electrons by an atom in a reaction is called reduction.")
        )
        let guess = try #require(
            self.score("The colour of many leaves may sometimes be caused by other pigments.")
        )
        #expect(definition > guess)
    }

    @Test("an opening that joins to the sentence before is cut off")
    func openings() {
        let judge = SentenceJudge(language: .english)
        #expect(judge.withoutOpening("However, the cell dies.") == "The cell dies.")
        #expect(judge.withoutOpening("The cell dies, however.") == "The cell dies, however.")
    }
}
