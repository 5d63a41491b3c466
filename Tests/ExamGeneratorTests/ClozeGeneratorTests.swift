// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import exam_generator

@Suite("Fill-in questions")
struct ClozeGeneratorTests {
    /// What must hold for every question of every document.
    private func check(_ questions: [Question]) {
        for question in questions {
            let gaps = question.question.components(of: ClozeGenerator.gap)
            #expect(gaps == 2, "exactly one gap: \(question.question)")
            #expect(question.options.count == 4)
            #expect(Set(question.options.map { $0.lowercased() }).count == 4)
            #expect(question.options.contains(question.correctAnswer))
            #expect(ChatReply.fault(of: question) == nil)
            let words = question.question.lowercased().split { !$0.isLetter && !$0.isNumber }
            if !question.correctAnswer.contains(" "), question.correctAnswer.count > 3 {
                #expect(!words.contains(Substring(question.correctAnswer.lowercased())))
            }
        }
        #expect(Set(questions.map(\.question)).count == questions.count)
        #expect(Set(questions.map(\.correctAnswer)).count == questions.count)
    }

    @Test("of the samples are sound", arguments: ["photosynthesis", "history-of-computing"])
    func samples(_ name: String) async throws {
        let text = try await Fixtures.text(ofSample: name)
        for count in [1, 10, 50] {
            let questions = try ClozeGenerator(questionsMax: count).exam(about: text)
            #expect(questions.count <= count)
            #expect(questions.count >= min(count, 40))
            self.check(questions)
        }
    }

    @Test("ask for the terms that a lesson explains")
    func terms() async throws {
        let text = try await Fixtures.text(ofSample: "photosynthesis")
        let questions = try ClozeGenerator(questionsMax: 30).exam(about: text)
        let answers = Set(questions.map { $0.correctAnswer.lowercased() })
        let expected = ["photosynthesis", "stroma", "stomata", "pigment", "photolysis"]
        for term in expected { #expect(answers.contains(term), "\(term) of \(answers.sorted())") }
        let definition = questions.first { $0.correctAnswer == "pigment" }
        #expect(
            definition?.question
                == "A(n) _____ is a substance that absorbs some wavelengths of light and reflects"
                + " others."
        )
    }

    @Test("are spread over the whole document")
    func spread() async throws {
        let text = try await Fixtures.text(ofSample: "history-of-computing")
        let sentences = ClozeGenerator.sentences(of: text)
        let questions = try ClozeGenerator(questionsMax: 10).exam(about: text)
        let places = questions.compactMap { question in
            let start =
                question.question.split(separator: "_____").max { $0.count < $1.count } ?? ""
            return sentences.firstIndex { $0.text.contains(start) }
        }
        #expect(places.count == questions.count)
        #expect(places == places.sorted())
        let thirds = Set(places.map { $0 * 3 / sentences.count })
        #expect(thirds == [0, 1, 2])
    }

    @Test("are the same every time")
    func deterministic() async throws {
        let text = try await Fixtures.text(ofSample: "photosynthesis")
        let generator = ClozeGenerator(questionsMax: 20)
        let first = try generator.exam(about: text)
        #expect(try generator.exam(about: text) == first)
        // The right answer does not always stand in the same place.
        let places = Set(first.map { $0.options.firstIndex(of: $0.correctAnswer) })
        #expect(places.count > 2)
    }

    @Test("have options of one kind")
    func kinds() async throws {
        let text = try await Fixtures.text(ofSample: "history-of-computing")
        let questions = try ClozeGenerator(questionsMax: 50).exam(about: text)
        let years = questions.filter { Int($0.correctAnswer) != nil && $0.correctAnswer.count == 4 }
        #expect(!years.isEmpty)
        for question in years {
            #expect(question.options.allSatisfy { (1000...2099).contains(Int($0) ?? 0) })
        }
        for question in questions where question.question.contains("a(n) _____") {
            #expect(question.options.allSatisfy { !EnglishMorphology.isPlural($0.lowercased()) })
        }
    }

    static let poor: [(String, String)] = [
        ("", "no whole sentence"),
        ("Only one sentence is here.", "1 whole sentence"),
        (String(repeating: "word ", count: 5000), "no whole sentence"),
        (String(repeating: "Go on now. ", count: 50), "1 whole sentence"),
        (
            (1...20).map { "It goes on and on like this, number \($0), without any term at all." }
                .joined(separator: " "), "no question could be made from its 20 sentences"
        ),
    ]

    @Test("are refused for a text that holds too little", arguments: poor)
    func tooLittle(_ text: String, _ reason: String) throws {
        let error = try #require(throws: TooLittleText.self) {
            try ClozeGenerator(questionsMax: 10).exam(about: text)
        }
        #expect(error.reason.contains(reason), "\(error.reason)")
    }

    @Test("survive any text", arguments: Array(0..<40))
    func hostile(_ seed: Int) {
        var random = DeterministicRandom(seed: "hostile \(seed)")
        let pieces = [
            "_____", ".", ". ", "\u{0C}", "\n", "-\n", "(", "“", "1945", "°C", "is a ", "called ",
            "the ", "A", "É", "光", "ア", "العربية", "\u{301}", "👩‍👩‍👧", "\u{0}", "\u{202E}", "…", "–",
            "of ", "In ", "’", "ß", "%", "cell ", "Van ", "and ", ", ", ": ", "\u{FFFD}", "Fig. 3 ",
        ]
        var text = ""
        for _ in 0..<600 { text += pieces[random.next(below: pieces.count)] }
        let questions = try? ClozeGenerator(questionsMax: 50).exam(about: text)
        self.check(questions ?? [])
    }

    static let german = """
        Die Fotosynthese ist ein Vorgang, bei dem Pflanzen aus Kohlendioxid und Wasser mithilfe von \
        Sonnenlicht Glukose herstellen. Die Fotosynthese findet in den Chloroplasten statt, die von \
        zwei Membranen umgeben sind. In den Membranen liegt das Chlorophyll. Das Chlorophyll ist ein \
        Farbstoff, der vor allem rotes und blaues Licht absorbiert. Die Lichtreaktion liefert \
        Energie für den Calvinzyklus. Der Calvinzyklus ist ein Kreislauf von Reaktionen, der im \
        Stroma der Chloroplasten abläuft. Die Glukose ist ein Zucker und wird in der Pflanze als \
        Stärke gespeichert. Die Stärke ist ein Stoff, der aus vielen Einheiten der Glukose besteht. \
        Jan Ingenhousz zeigte im Jahr 1779, dass Pflanzen nur im Licht Sauerstoff abgeben. Im Jahr \
        1845 erkannte Robert Mayer, dass Pflanzen die Energie des Lichts umwandeln. Melvin Calvin \
        erhielt im Jahr 1961 den Nobelpreis für Chemie. Am 3. Oktober 1882 veröffentlichte Theodor \
        Engelmann in Utrecht einen Aufsatz über das Licht. Das Licht regt Elektronen im Chlorophyll \
        an, und der Sauerstoff entweicht. Die Energie des Lichts treibt die Lichtreaktion an.
        """
    static let japanese = """
        光合成は、植物が光エネルギーを使って二酸化炭素と水から有機物を合成する反応である。光合成は葉緑体で行われ、その過程で酸素が放出される。\
        葉緑体の内部にはチラコイドと呼ばれる膜構造がある。チラコイドの膜にはクロロフィルという色素が含まれている。クロロフィルは主に赤い光と青い光を吸収する色素である。\
        葉緑体のストロマではカルビン回路が進行する。カルビン回路では二酸化炭素が固定され、グルコースのもとになる物質が作られる。グルコースはデンプンに変えられて葉に蓄えられる。\
        デンプンは多数のグルコースが結合した高分子である。植物は気孔を通して二酸化炭素を取り込み、酸素を放出する。気孔は孔辺細胞によって開閉が調節されている。\
        孔辺細胞が水を吸って膨らむと気孔が開く。1779年にインゲンホウスは植物が光の中でのみ酸素を放出することを示した。\
        1845年にマイヤーは植物が光のエネルギーを化学エネルギーに変えると述べた。1961年にカルビンはノーベル化学賞を受賞した。\
        1882年にエンゲルマンは光の色と光合成の関係を調べた。ミトコンドリアは呼吸によってエネルギーを取り出す細胞小器官である。\
        ミトコンドリアと葉緑体はどちらも二重の膜で包まれている。
        """

    @Test("of other languages are sound, too", arguments: [german, japanese])
    func languages(_ text: String) throws {
        let questions = try ClozeGenerator(questionsMax: 10).exam(about: text)
        #expect(questions.count >= 4)
        self.check(questions)
    }

    @Test("the language is told by its small words")
    func detection() {
        func detect(_ text: String) -> Language { .detect([Sentence(index: 0, text: text)]) }
        #expect(detect("The cell is the smallest unit of life on the Earth.") == .english)
        #expect(detect(Self.german) == .german)
        #expect(detect("La noblesse est un ordre qui ne paie pas d’impôts.") == .french)
        #expect(detect("El rey es el jefe de la nación y de los ejércitos.") == .spanish)
        #expect(detect(Self.japanese) == .ideographic)
        #expect(detect("Фотосинтез представляет собой процесс превращения энергии.") == .other)
        #expect(detect("") == .other)
    }

    @Test("names of one thing never stand side by side as options")
    func aliases() throws {
        let sentence = Sentence(
            index: 0,
            text: "Cells store energy in adenosine triphosphate (ATP) before it is used."
        )
        let terms = EnglishTerms.collect([sentence])
        let aliases = Aliases(terms: terms, sentences: [sentence])
        #expect(aliases.areAliases("atp", "adenosine triphosphate"))
        #expect(aliases.areAliases("adenosine triphosphate", "atp"))
        #expect(!aliases.areAliases("atp", "energy"))
    }
}

extension String {
    /// How many parts `separator` divides it into.
    fileprivate func components(of separator: String) -> Int {
        var count = 1
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
