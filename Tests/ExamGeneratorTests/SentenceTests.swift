// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import exam_generator

@Suite("Sentences and their tokens")
struct SentenceTests {
    static let paragraphs: [(String, [String])] = [
        ("One is here. Two is there.", ["One is here.", "Two is there."]),
        ("It weighs 2.4 kg. It is red.", ["It weighs 2.4 kg.", "It is red."]),
        ("Dr. Smith met Mr. Jones. They left.", ["Dr. Smith met Mr. Jones.", "They left."]),
        ("J. Presper Eckert built it.", ["J. Presper Eckert built it."]),
        (
            "Plants need vitamin C. Animals do, too.",
            ["Plants need vitamin C.", "Animals do, too."]
        ),
        (
            "It melts at 30 °C. Above 40 °C it boils.",
            ["It melts at 30 °C.", "Above 40 °C it boils."]
        ),
        ("See e.g. Darwin. It ends.", ["See e.g. Darwin.", "It ends."]),
        ("He lived in the U.S. The war came.", ["He lived in the U.S.", "The war came."]),
        ("The U.S. Army left.", ["The U.S. Army left."]),
        ("In 1945. The end.", ["In 1945.", "The end."]),
        ("“It moves.” So he said.", ["“It moves.”", "So he said."]),
        ("Why? Because! Well…", ["Why?", "Because!", "Well…"]),
        ("It made acid.3 The end came.", ["It made acid.", "The end came."]),
        ("No end here", []),
        ("It goes on. and on. Really.", ["It goes on. and on.", "Really."]),
        ("光合成は反応である。植物が行う。", ["光合成は反応である。", "植物が行う。"]),
        ("هذا نص قصير. وهذا آخر؟ نعم.", ["هذا نص قصير.", "وهذا آخر؟", "نعم."]),
        ("", []),
    ]

    @Test("splits", arguments: paragraphs)
    func splits(_ paragraph: String, _ sentences: [String]) {
        #expect(SentenceSplitter().sentences(of: paragraph) == sentences)
    }

    @Test("in German a number with a full stop is an ordinal")
    func ordinals() {
        let text = "Am 3. Oktober kam er. Er blieb."
        #expect(
            SentenceSplitter(hasDottedOrdinals: true).sentences(of: text)
                == ["Am 3. Oktober kam er.", "Er blieb."]
        )
        #expect(SentenceSplitter().sentences(of: text).count == 3)
    }

    static let tokens: [(String, [String])] = [
        ("It holds 2,300 transistors.", ["It", "holds", "2,300", "transistors", "."]),
        ("At 40 °C, about 21% is", ["At", "40", "°C", ",", "about", "21", "%", "is"]),
        ("Moore’s law and TCP/IP", ["Moore’s", "law", "and", "TCP/IP"]),
        ("the Church–Turing thesis", ["the", "Church–Turing", "thesis"]),
        ("1914–1918 in the U.S. army", ["1914", "–", "1918", "in", "the", "U.S", ".", "army"]),
        ("cathode-ray (CRT)", ["cathode-ray", "(", "CRT", ")"]),
        ("ASN.1 and CO2", ["ASN.1", "and", "CO2"]),
        ("dogs’ bones", ["dogs", "’", "bones"]),
    ]

    @Test("finds tokens, and where they are", arguments: tokens)
    func tokenizes(_ text: String, _ tokens: [String]) {
        let sentence = Sentence(index: 0, text: text)
        #expect(sentence.tokens.map(\.text) == tokens)
        for token in sentence.tokens {
            #expect(String(sentence.characters[token.range]) == token.text)
        }
    }

    @Test(
        "knows an acronym",
        arguments: [
            ("ATP", true), ("CO2", true), ("Z3", true), ("Atp", false), ("A", false), ("12", false),
        ]
    )
    func acronyms(_ text: String, _ isAcronym: Bool) {
        #expect(Sentence(index: 0, text: text).tokens.first?.isAcronym == isAcronym)
    }
}
