// SPDX-License-Identifier: Apache-2.0

/// What a term names; only terms of one kind stand side by side as options.
enum TermKind: Hashable, Sendable {
    case year
    /// "the 1970s"
    case decade
    /// A number with its unit: "40 °C", "21%", "2.4 billion".
    case quantity(unit: String)
    /// A number in digits that counts things: "2,300 transistors".
    case count
    /// A number in letters that counts things: "six molecules".
    case numberWord
    case person
    case place
    case organization
    case acronym
    /// A proper name of anything else.
    case name
    case noun

    /// Whether the options are numbers.
    var isNumeric: Bool {
        switch self {
        case .year, .decade, .quantity, .count, .numberWord: true
        case .person, .place, .organization, .acronym, .name, .noun: false
        }
    }
}

/// One place where a term stands.
struct Mention {
    /// What the sentence says about the term, the most telling first.
    enum Role: Int, Comparable {
        /// "A **pigment** is a substance that …"
        case defined
        /// "… is called a **granum**"
        case named
        /// "**Rubisco**, an enzyme that …"
        case explained
        case subject
        case other

        static func < (one: Role, other: Role) -> Bool { one.rawValue < other.rawValue }
    }

    /// The word that stands before the term, as far as it limits which terms fit there.
    enum Article: Hashable {
        case none
        case indefinite
        case definite
        /// Another language's article, which may show gender and number.
        case word(String)
    }

    /// The index of the sentence.
    var sentence: Int
    /// The tokens of the sentence that make up the term.
    var tokens: Range<Int>
    /// The term as it is written there.
    var text: String
    var role: Role = .other
    var article: Article = .none
    var isPlural = false
    /// What the sentence says that the term is one of: "enzyme" in "the enzyme rubisco".
    var genus: String?
    /// Offsets in the characters of the sentence, when the term is a part of a token.
    var characters: Range<Int>?
}

/// Something that a question can ask for, with all places where it stands.
struct Term {
    /// The same for all forms of the term: in lower case, the last word in the singular.
    let key: String
    let kind: TermKind
    let mentions: [Mention]
    /// The words of ``key``.
    let words: [String]
    /// What the document says that it is one of.
    let genera: Set<String>
    /// The words after which the document puts it.
    let articles: Set<Mention.Article>
    /// How the document writes it; `nil` when it never does in that number.
    let singular: String?
    let plural: String?
    /// Whether the document writes a part of it with a capital.
    let isCapitalized: Bool
    /// How much it is a term of the subject; a plain word has about 0.
    var technicality = 0.0

    init(key: String, kind: TermKind, mentions: [Mention]) {
        self.key = key
        self.kind = kind
        self.mentions = mentions
        self.words = key.split(separator: " ").map(String.init)
        self.genera = Set(mentions.compactMap(\.genus))
        self.articles = Set(mentions.map(\.article))
        self.singular = Self.form(of: mentions, isPlural: false)
        self.plural = Self.form(of: mentions, isPlural: true)
        self.isCapitalized = mentions.contains { $0.text.contains(where: \.isUppercase) }
    }

    var wordCount: Int { self.words.count }

    /// The term as it is written in the middle of a sentence, if it is anywhere.
    private static func form(of mentions: [Mention], isPlural: Bool) -> String? {
        let forms = mentions.lazy.filter { $0.isPlural == isPlural }.map(\.text)
        return forms.first { $0.first?.isUppercase == false } ?? forms.first
    }
}
