// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import exam_generator

@Suite("What is known of English")
struct EnglishTests {
    @Test(
        "singulars",
        arguments: [
            ("cells", "cell"), ("bodies", "body"), ("processes", "process"), ("gases", "gas"),
            ("viruses", "virus"), ("mitochondria", "mitochondrion"), ("analyses", "analysis"),
            ("species", "species"), ("physics", "physics"), ("glass", "glass"), ("axis", "axis"),
            ("leaves", "leaf"), ("boxes", "box"), ("causes", "cause"),
            ("photosynthesis", "photosynthesis"),
        ]
    )
    func singular(_ word: String, _ singular: String) {
        #expect(EnglishMorphology.singular(word) == singular)
        #expect(EnglishMorphology.isPlural(word) == (word != singular))
    }

    @Test(
        "verb forms",
        arguments: [
            ("absorbs", .thirdPerson), ("carried", .past), ("stopped", .past), ("used", .past),
            ("redrew", .past), ("limiting", .gerund), ("crystallises", .thirdPerson),
            ("contain", .base), ("ceiling", []), ("table", []), ("hundred", []),
        ] as [(String, EnglishMorphology.VerbForms)]
    )
    func verbForms(_ word: String, _ forms: EnglishMorphology.VerbForms) {
        #expect(EnglishMorphology.verbForms(word) == forms)
    }

    @Test(
        "forms of one word are related, similar words are not",
        arguments: [
            ("cell", "cells", true), ("calculator", "calculation", true),
            ("computer", "computing", true),
            ("chlorophyll", "chloroplast", false), ("photosystem", "photosynthesis", false),
            ("oxygen", "ozone", false), ("acid", "acids", true), ("atom", "atoms", true),
        ]
    )
    func related(_ one: String, _ other: String, _ areRelated: Bool) {
        #expect(EnglishMorphology.areRelated(one, other) == areRelated)
        #expect(EnglishMorphology.areRelated(other, one) == areRelated)
    }

    private func classes(_ text: String) -> [WordClass] {
        let sentence = Sentence(index: 0, text: text)
        return EnglishTagger(evidence: CaseEvidence([sentence])).classes(of: sentence)
    }

    @Test("tells nouns from verbs by their neighbours")
    func tags() {
        #expect(
            self.classes("The leaf stores the water in stores.") == [
                .determiner, .noun, .verb, .determiner, .noun, .preposition, .noun, .boundary,
            ]
        )
        #expect(
            self.classes("Hydrogen ions flow back and use energy.") == [
                .noun, .noun, .verb, .adverb, .conjunction, .noun, .noun, .boundary,
            ]
        )
        #expect(
            self.classes("In 1936 Alan Turing described stored programs.") == [
                .preposition, .number, .name, .name, .verb, .participle, .noun, .boundary,
            ]
        )
        #expect(
            self.classes("The solution is alkaline.") == [
                .determiner, .noun, .auxiliary, .adjective, .boundary,
            ]
        )
    }

    private func phrases(_ text: String) -> [(String, Mention.Role, String?)] {
        let sentence = Sentence(index: 0, text: text)
        let classes = EnglishTagger(evidence: CaseEvidence([sentence])).classes(of: sentence)
        return NounPhrases(sentence: sentence, classes: classes).find().map {
            (sentence.text(of: $0.tokens), $0.role, $0.genus)
        }
    }

    @Test("sees what a sentence defines, names and explains")
    func roles() throws {
        let defined = try #require(
            self.phrases("A pigment is a substance that absorbs light.").first
        )
        #expect(defined == ("pigment", .defined, "substance"))
        let named = try #require(self.phrases("Inside lies a fluid called the stroma.").last)
        #expect(named == ("stroma", .named, "fluid"))
        let known = try #require(self.phrases("The step is known as photolysis.").last)
        #expect(known == ("photolysis", .named, nil))
        let explained = try #require(self.phrases("Rubisco, an enzyme of plants, is slow.").first)
        #expect(explained == ("Rubisco", .explained, "enzyme"))
        let subject = try #require(self.phrases("The leaf takes up gases.").first)
        #expect(subject == ("leaf", .subject, nil))
    }

    static let numbers: [(String, [TermKind], [String])] = [
        ("It was built in 1948 by two engineers.", [.year, .numberWord], ["1948", "two"]),
        ("It held 1600 vacuum tubes.", [.count], ["1600"]),
        ("It held about 2,300 transistors.", [.count], ["2,300"]),
        ("Water boils at 100 °C there.", [.quantity(unit: " °c")], ["100 °C"]),
        ("It makes up 21% of air.", [.quantity(unit: " %")], ["21%"]),
        (
            "It began 2.4 billion years ago.", [.quantity(unit: "billion year")],
            ["2.4 billion years"]
        ),
        ("It ended in the 1970s at last.", [.decade], ["1970s"]),
        ("It holds between 20 and 100 cells.", [], []),
        ("It lasted from 5 to 9 days.", [], []),
        ("The war of 1914–1918 ended.", [], []),
        ("The Intel 4004 was sold.", [], []),
        ("It cost $ 1500 then.", [], []),
        ("It was sold on 21 June 1948 there.", [.year], ["1948"]),
    ]

    @Test("years, quantities and counts", arguments: numbers)
    func findsNumbers(_ text: String, _ kinds: [TermKind], _ texts: [String]) {
        let sentence = Sentence(index: 0, text: text)
        let classes = self.classes(text)
        let found = NumberTerms(language: .english).find(in: sentence, classes: classes)
        #expect(found.map(\.kind) == kinds)
        #expect(found.map { sentence.text(of: $0.tokens) } == texts)
    }

    static let names: [(String, [String])] = [
        ("In 1946 J. Presper Eckert met Sir Isaac Newton.", ["J. Presper Eckert", "Isaac Newton"]),
        ("He left the University of Cambridge.", ["University of Cambridge"]),
        ("It won the Nobel Prize in Physics.", ["Nobel Prize in Physics"]),
        ("The German botanist Theodor Engelmann came.", ["Theodor Engelmann"]),
        ("In 1865 the chemist August Kekulé dreamt.", ["August Kekulé"]),
        ("It ended the Reign of Terror in July 1794.", ["Reign of Terror"]),
        ("A machine of John von Neumann ran.", ["John von Neumann"]),
        ("It happened on a Monday in August.", []),
    ]

    @Test("proper names, without titles, nations and dates", arguments: names)
    func findsNames(_ text: String, _ names: [String]) {
        let sentence = Sentence(index: 0, text: text)
        let found = ProperNames.find(in: sentence, classes: self.classes(text))
        #expect(found.map { sentence.text(of: $0) } == names)
    }

    @Test("every word list is in lower case and has no word twice in a way that matters")
    func lists() {
        let lists = [
            EnglishWords.determiners, EnglishWords.prepositions, EnglishVerbs.bases,
            EnglishVerbs.alsoNouns, EnglishNouns.general, EnglishNouns.plainAdjectives,
            EnglishNames.givenNames, EnglishNames.places,
        ]
        for list in lists {
            #expect(list.count > 10)
            for word in list { #expect(word == word.lowercased(), "\(word)") }
        }
        #expect(EnglishVerbs.bases.isDisjoint(with: EnglishWords.prepositions))
    }
}
