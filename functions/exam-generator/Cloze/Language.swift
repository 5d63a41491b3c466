// SPDX-License-Identifier: Apache-2.0

/// The language of a document, as far as questions depend on it.
enum Language: String, CaseIterable, Sendable {
    case english
    case german
    case french
    case spanish
    case italian
    case portuguese
    case dutch
    /// Chinese or Japanese: no spaces between words.
    case ideographic
    /// Any other language, of which only the letters are known.
    case other

    /// Least share of all words that must be small words of a language.
    static let smallWordsShareMin = 0.2

    /// The language that most of the small words of `sentences` belong to.
    static func detect(_ sentences: [Sentence]) -> Language {
        var tally = Tally()
        for sentence in sentences {
            for token in sentence.tokens where token.isWord { tally.count(token) }
        }
        return tally.winner
    }

    /// Counts the words that speak for each language.
    private struct Tally {
        private var counts: [Language: Int] = [:]
        private var wordsTotal = 0
        private var ideographs = 0

        mutating func count(_ token: Token) {
            self.wordsTotal += 1
            if token.text.first?.isIdeographic == true { self.ideographs += 1 }
            for (language, words) in Language.smallWords where words.contains(token.lowercased) {
                self.counts[language, default: 0] += 1
            }
        }

        var winner: Language {
            guard self.wordsTotal > 0 else { return .other }
            if self.ideographs * 2 > self.wordsTotal { return .ideographic }
            let best = Language.allCases.max {
                self.counts[$0, default: 0] < self.counts[$1, default: 0]
            }
            guard let best, let count = self.counts[best] else { return .other }
            let share = Double(count) / Double(self.wordsTotal)
            return share >= Language.smallWordsShareMin ? best : .other
        }
    }

    /// Words that are frequent in the language and are no terms.
    var smallWords: Set<String> { Self.smallWords[self] ?? [] }

    /// Words after which a noun stands.
    var articles: Set<String> { Self.articles[self] ?? [] }

    /// Words at the start of a sentence that point outside it.
    var pointingStarters: Set<String> { Self.pointingStarters[self] ?? [] }

    /// Words that together with an article define: "ist ein", "est une".
    var definingVerbs: Set<String> { Self.definingVerbs[self] ?? [] }

    private static let smallWords: [Language: Set<String>] = [
        .english: EnglishWords.determiners.union(EnglishWords.prepositions)
            .union(EnglishWords.conjunctions).union(EnglishWords.pronouns)
            .union(EnglishWords.auxiliaries).union(["not", "also"]),
        .german: WordList.words(
            """
            der die das den dem des ein eine einen einem einer eines und oder aber nicht ist sind
            war waren wird werden wurde wurden hat haben hatte sich auf für von mit zu zum zur bei
            aus nach an am im in ins um als auch nur noch so wie es er sie wir ihr man dass daß wenn
            weil da durch über unter vor zwischen kann können muss diese dieser dieses diesem seine
            seiner ihre ihrer mehr sehr dort hier dann bis gegen ohne sowie sein
            """
        ),
        .french: WordList.words(
            """
            le la les l un une des du de d et ou mais ne pas est sont était étaient sera a ont avait
            dans sur sous pour par avec sans ce cet cette ces qui que qu dont où il elle ils elles
            on nous vous se s son sa ses leur leurs au aux en y plus très comme si être fait été
            entre vers chez après avant aussi ainsi donc car lorsque
            """
        ),
        .spanish: WordList.words(
            """
            el la los las un una unos unas de del al y o pero no es son era eran fue fueron ha han
            en por para con sin sobre entre que quien cuyo donde como cuando se su sus lo le les más
            muy este esta estos estas ese esa también ya desde hasta ser está están
            """
        ),
        .italian: WordList.words(
            """
            il lo la i gli le un uno una di del della dei delle dello e o ma non è sono era erano fu
            furono ha hanno in nel nella nei nelle per con su sul sulla da dal dalla che chi cui
            dove come quando si suo sua suoi sue più molto questo questa questi queste anche già tra
            fra al alla ai alle essere
            """
        ),
        .portuguese: WordList.words(
            """
            o a os as um uma uns umas de do da dos das e ou mas não é são era eram foi foram há em
            no na nos nas por para com sem sobre entre que quem cujo onde como quando se seu sua
            seus suas mais muito este esta estes estas também já desde até ao à pelo pela ser
            """
        ),
        .dutch: WordList.words(
            """
            de het een en of maar niet is zijn was waren wordt worden werd werden heeft hebben had
            in op van voor met zonder over tussen dat die wie waar hoe als wanneer zich haar hun
            meer zeer deze dit ook al om te er bij uit naar door tot aan kan kunnen
            """
        ),
    ]

    private static let articles: [Language: Set<String>] = [
        .german: WordList.words("der die das den dem des ein eine einen einem einer eines"),
        .french: WordList.words("le la les un une des du au aux cette ce cet"),
        .spanish: WordList.words("el la los las un una del al"),
        .italian: WordList.words(
            "il lo la i gli le un uno una del della dei delle dello al alla nel"
        ),
        .portuguese: WordList.words("o a os as um uma do da dos das ao no na"),
        .dutch: WordList.words("de het een"),
    ]

    private static let pointingStarters: [Language: Set<String>] = [
        .german: WordList.words(
            "dies diese dieser dieses diesem es er sie wir ich man hier dort dabei damit dadurch "
                + "daher deshalb dann so solche ihr ihre sein seine aber und doch denn jene"
        ),
        .french: WordList.words(
            "ce cet cette ces il elle ils elles on nous je cela ceci celui celle ici là alors donc "
                + "ainsi mais et leur leurs son sa ses tel telle"
        ),
        .spanish: WordList.words(
            "este esta estos estas ese esa eso esto él ella ellos así entonces pero y su sus aquí "
                + "por también tal"
        ),
        .italian: WordList.words(
            "questo questa questi queste esso essa lui lei loro così allora ma e suo sua qui tale"
        ),
        .portuguese: WordList.words(
            "este esta estes estas esse essa isso isto ele ela eles elas assim então mas e seu sua "
                + "aqui tal"
        ),
        .dutch: WordList.words(
            "dit deze dat die het hij zij ze wij hier daar dan dus maar en zijn hun"
        ),
    ]

    private static let definingVerbs: [Language: Set<String>] = [
        .german: WordList.words("ist sind heißt bezeichnet nennt genannt besteht bestehen"),
        .french: WordList.words("est sont appelle appelé appelée désigne nommé nommée signifie"),
        .spanish: WordList.words("es son llama llamado llamada denomina significa consiste"),
        .italian: WordList.words("è sono chiama chiamato chiamata significa consiste"),
        .portuguese: WordList.words("é são chama chamado chamada significa consiste"),
        .dutch: WordList.words("is zijn heet noemt genoemd betekent bestaat"),
    ]
}
