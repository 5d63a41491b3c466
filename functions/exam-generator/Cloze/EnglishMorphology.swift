// SPDX-License-Identifier: Apache-2.0

/// The forms of English words, by rules and short lists.
enum EnglishMorphology {
    /// The forms that a word can have as a verb.
    struct VerbForms: OptionSet {
        let rawValue: UInt8

        static let base = VerbForms(rawValue: 1)
        static let thirdPerson = VerbForms(rawValue: 2)
        static let past = VerbForms(rawValue: 4)
        static let gerund = VerbForms(rawValue: 8)
    }

    private static let irregularPlurals: [String: String] = [
        "people": "person", "children": "child", "men": "man", "women": "woman", "mice": "mouse",
        "feet": "foot", "teeth": "tooth", "geese": "goose", "bacteria": "bacterium",
        "mitochondria": "mitochondrion", "stomata": "stoma", "algae": "alga", "fungi": "fungus",
        "nuclei": "nucleus", "phenomena": "phenomenon", "criteria": "criterion", "grana": "granum",
        "larvae": "larva", "vertebrae": "vertebra", "alveoli": "alveolus", "stimuli": "stimulus",
        "axes": "axis", "matrices": "matrix", "vertices": "vertex", "indices": "index",
        "formulae": "formula", "antennae": "antenna", "radii": "radius", "genera": "genus",
        "cacti": "cactus", "villi": "villus", "spectra": "spectrum", "quanta": "quantum",
        "ova": "ovum", "capilli": "capillus", "cyanobacteria": "cyanobacterium", "sera": "serum",
        "halves": "half", "leaves": "leaf", "lives": "life", "wolves": "wolf", "shelves": "shelf",
        "knives": "knife", "wives": "wife", "loaves": "loaf", "cilia": "cilium", "data": "datum",
        "media": "medium", "flagella": "flagellum", "oxen": "ox", "crises": "crisis",
        "atria": "atrium", "septa": "septum", "strata": "stratum", "bacilli": "bacillus",
        "cocci": "coccus", "hyphae": "hypha", "pupae": "pupa", "nebulae": "nebula",
        "supernovae": "supernova", "amoebae": "amoeba", "curricula": "curriculum",
        "millennia": "millennium", "equilibria": "equilibrium", "maxima": "maximum",
        "minima": "minimum", "ganglia": "ganglion", "alumni": "alumnus", "foci": "focus",
        "loci": "locus", "bronchi": "bronchus", "appendices": "appendix", "cortices": "cortex",
        "helices": "helix", "codices": "codex", "vortices": "vortex", "automata": "automaton",
        "theses": "thesis", "hypotheses": "hypothesis", "analyses": "analysis", "bases": "base",
    ]

    private static let singularsInS = WordList.words(
        """
        gas bus lens plus bias atlas canvas chaos cosmos ethos pathos tennis christmas texas kansas
        physics mathematics economics politics genetics mechanics optics electronics statistics
        dynamics thermodynamics acoustics ethics linguistics kinetics robotics aerobics news
        diabetes herpes series species mars paris athens naples brussels xerox thales archimedes
        pythagoras socrates hercules achilles aristophanes euripides sophocles charles james thomas
        louis nicolas columbus los angeles asbestos calculus abacus
        """
    )

    private static let wordsInUse = WordList.words(
        "use cause house pause clause excuse spouse mouse fuse abuse blouse"
            + " warehouse greenhouse muse"
    )

    /// Whether `word`, in lower case, is a plural.
    static func isPlural(_ word: String) -> Bool {
        if self.irregularPlurals[word] != nil { return true }
        guard word.count > 3, word.last == "s" else { return false }
        if self.singularsInS.contains(word) { return false }
        return !["ss", "us", "is", "’s"].contains { word.hasSuffix($0) }
    }

    /// The singular of `word`, in lower case; itself when it is none.
    static func singular(_ word: String) -> String {
        if let singular = self.irregularPlurals[word] { return singular }
        guard self.isPlural(word) else { return word }
        if word.hasSuffix("ies"), word.count > 4 { return word.dropLast(3) + "y" }
        if word.hasSuffix("es"), self.singularsInS.contains(String(word.dropLast(2))) {
            return String(word.dropLast(2))
        }
        if word.hasSuffix("uses"), !self.wordsInUse.contains(String(word.dropLast())) {
            return String(word.dropLast(2))
        }
        for ending in ["sses", "shes", "ches", "xes", "zes", "oes"] where word.hasSuffix(ending) {
            return String(word.dropLast(2))
        }
        return String(word.dropLast())
    }

    /// The forms of a verb that `word`, in lower case, can be.
    static func verbForms(_ word: String) -> VerbForms {
        var forms: VerbForms = []
        if self.isVerb(word) { forms.insert(.base) }
        if self.isIrregularPast(word) { forms.insert(.past) }
        if word.hasSuffix("s"), self.stems(word, ending: "s").contains(where: self.isVerb) {
            forms.insert(.thirdPerson)
        }
        if word.hasSuffix("ed"), word.count > 3, !self.nounsInED.contains(word) {
            let isKnown = self.stems(word, ending: "ed").contains(where: self.isVerb)
            if isKnown || word.count > 4 { forms.insert(.past) }
        }
        if word.hasSuffix("ing"), word.count > 5, !self.nounsInING.contains(word) {
            forms.insert(.gerund)
        }
        return forms
    }

    /// "drew", and with a prefix "redrew", "withdrew", "overran".
    private static func isIrregularPast(_ word: String) -> Bool {
        if EnglishVerbs.irregularPasts.contains(word) { return true }
        return ["re", "over", "under", "mis", "out", "up", "fore"].contains { prefix in
            word.hasPrefix(prefix)
                && EnglishVerbs.irregularPasts.contains(String(word.dropFirst(prefix.count)))
                && word.count > prefix.count + 3
        }
    }

    /// Whether `word` is a form of a verb that is a noun just as often.
    static func isAlsoNoun(_ word: String) -> Bool {
        EnglishVerbs.alsoNouns.contains(word)
            || EnglishVerbs.alsoNouns.contains(self.singular(word))
            || word.hasSuffix("s")
                && self.stems(word, ending: "s").contains(where: EnglishVerbs.alsoNouns.contains)
    }

    private static let nounsInED = WordList.words(
        "seed weed breed speed hundred shed bleed reed exceed proceed succeed embed"
    )
    private static let nounsInING = WordList.words(
        """
        thing king ring wing string spring nothing something everything anything evening morning
        ceiling sibling
        """
    )

    private static func isVerb(_ base: String) -> Bool {
        if EnglishVerbs.bases.contains(base) || EnglishVerbs.alsoNouns.contains(base) {
            return true
        }
        return ["ise", "ize", "ify"].contains { base.hasSuffix($0) && base.count > 6 }
    }

    /// What can stand before `ending`: "carries" → carry, "stopped" → stop, "used" → use.
    private static func stems(_ word: String, ending: String) -> [String] {
        let stem = String(word.dropLast(ending.count))
        var stems = [stem]
        if ending == "s" {
            if stem.hasSuffix("ie") { stems.append(stem.dropLast(2) + "y") }
            if stem.hasSuffix("e") { stems.append(String(stem.dropLast())) }
            if word == "leaves" { stems.append("leave") }
            return stems
        }
        stems.append(stem + "e")
        if stem.hasSuffix("i") { stems.append(stem.dropLast() + "y") }
        if let last = stem.last, stem.dropLast().last == last {
            stems.append(String(stem.dropLast()))
        }
        return stems
    }

    /// Whether two words are forms of one: "photosynthesis" and "photosynthetic".
    static func areRelated(_ one: String, _ other: String) -> Bool {
        if one == other || self.singular(one) == self.singular(other) { return true }
        let common = zip(one, other).prefix { $0 == $1 }.count
        let shorter = min(one.count, other.count)
        return common >= 5 && common * 10 >= shorter * 7
    }
}
