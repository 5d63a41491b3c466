// SPDX-License-Identifier: Apache-2.0

/// Finds years, quantities and counts.
struct NumberTerms {
    /// A number that a question can ask for.
    struct Finding: Equatable {
        var kind: TermKind
        var tokens: Range<Int>
    }

    /// Years are looked for in this range.
    static let years = 1000...2099

    private static let units = WordList.words(
        """
        percent km m cm mm nm µm g kg mg t s ms h hz khz mhz ghz j kj w kw mw v mv pa kpa bar atm
        mol k l ml dl kcal cal ppm db ev metres meters kilometres kilometers centimetres centimeters
        millimetres millimeters nanometres nanometers micrometres micrometers miles feet inches
        litres liters grams kilograms tonnes tons years days hours minutes seconds weeks months
        centuries degrees volts watts kilowatts megawatts joules hertz bits bytes kilobytes
        megabytes gigabytes kelvin pascals moles newtons calories amperes ohms prozent meter
        kilometer jahre jahren tage stunden minuten sekunden tonnen grad mètres kilomètres ans jours
        heures secondes degrés metros kilómetros años días horas metri chilometri anni giorni ore
        """
    )
    private static let scales = WordList.words(
        "hundred thousand million billion trillion millionen milliarden millions milliards millones"
    )
    private static let symbols: Set<String> = ["%", "‰", "°C", "°F", "°", "°K"]
    private static let yearMarkers = WordList.words(
        """
        in of since by until till from to between and around about before after during late early
        year spring summer autumn winter end beginning im jahr seit bis vor nach um von en depuis
        avant après vers dès el del desde hasta año nel dal anno em
        """
    )

    /// Whether `word`, in lower case, is a unit of measurement.
    static func isUnit(_ word: String) -> Bool { self.units.contains(word) }

    let language: Language

    /// The numbers in `sentence`; `classes` are those of its tokens, when they are known.
    func find(in sentence: Sentence, classes: [WordClass]?) -> [Finding] {
        var findings: [Finding] = []
        for (index, token) in sentence.tokens.enumerated() {
            if token.isNumber {
                let finding =
                    self.year(at: index, in: sentence, classes: classes)
                    ?? self.quantity(at: index, in: sentence, classes: classes)
                if let finding { findings.append(finding) }
            } else if token.isWord, self.isDecade(token.text) {
                findings.append(Finding(kind: .decade, tokens: index..<index + 1))
            } else if token.isWord, EnglishWords.numbers.contains(token.text), let classes,
                let next = classes.indices.contains(index + 1) ? classes[index + 1] : nil,
                next.isNominal, !self.isPartOfRange(index, in: sentence)
            {
                findings.append(Finding(kind: .numberWord, tokens: index..<index + 1))
            }
        }
        return findings
    }

    /// Whether `text` is a decade such as "1970s".
    private func isDecade(_ text: String) -> Bool {
        guard text.count == 5, text.hasSuffix("0s"), let year = Int(text.dropLast()) else {
            return false
        }
        return Self.years.contains(year)
    }

    private func year(at index: Int, in sentence: Sentence, classes: [WordClass]?) -> Finding? {
        let token = sentence.tokens[index]
        guard token.text.count == 4, let year = Int(token.text), Self.years.contains(year) else {
            return nil
        }
        let next = sentence.token(at: index + 1)
        if next?.text == "年" { return Finding(kind: .year, tokens: index..<index + 1) }
        if next?.shape == .symbol || self.isPartOfRange(index, in: sentence) { return nil }
        if let next, Self.units.contains(next.lowercased) || Self.scales.contains(next.lowercased) {
            return nil
        }
        // "1600 vacuum tubes" is a count, "the census of 1890 took" is not.
        if let classes, classes.indices.contains(index + 1), classes[index + 1].isNominal {
            return nil
        }
        guard index > 0 else { return nil }
        let previous = sentence.tokens[index - 1]
        let isDated =
            Self.yearMarkers.contains(previous.lowercased) || previous.text == "("
            || previous.text == "," || previous.isNumber || self.isMonth(previous.lowercased)
        return isDated ? Finding(kind: .year, tokens: index..<index + 1) : nil
    }

    private func isMonth(_ word: String) -> Bool {
        if EnglishWords.months.contains(word) { return true }
        return Self.foreignMonths.contains(word)
    }

    private static let foreignMonths = WordList.words(
        """
        januar februar märz mai juni juli oktober dezember janvier février mars avril juin juillet
        août septembre octobre novembre décembre enero febrero marzo abril mayo junio julio agosto
        septiembre octubre noviembre diciembre gennaio febbraio aprile maggio giugno luglio
        settembre ottobre dicembre janeiro fevereiro março maio junho julho setembro outubro
        novembro dezembro
        """
    )

    private func quantity(at index: Int, in sentence: Sentence, classes: [WordClass]?) -> Finding? {
        guard !self.isPartOfRange(index, in: sentence), !self.isLabel(index, in: sentence) else {
            return nil
        }
        var end = index + 1
        var unit = ""
        if let scale = sentence.token(at: end), Self.scales.contains(scale.lowercased) {
            unit = scale.lowercased
            end += 1
        }
        guard let next = sentence.token(at: end) else { return nil }
        if Self.symbols.contains(next.text) || (next.isWord && Self.units.contains(next.lowercased))
        {
            unit += " " + EnglishMorphology.singular(next.lowercased)
            return Finding(kind: .quantity(unit: unit), tokens: index..<end + 1)
        }
        if !unit.isEmpty { return Finding(kind: .quantity(unit: unit), tokens: index..<end) }
        guard let classes, classes.indices.contains(end), classes[end].isNominal else { return nil }
        guard classes[end] != .name else { return nil }
        return Finding(kind: .count, tokens: index..<end)
    }

    /// Whether it is one end of a range, which the other gives away: "between 20 and 100".
    private func isPartOfRange(_ index: Int, in sentence: Sentence) -> Bool {
        let previous = sentence.token(at: index - 1)
        let next = sentence.token(at: index + 1)
        if let next, ["–", "-", "—", "×", "/", "^", "="].contains(next.text) { return true }
        guard let previous else { return false }
        if ["–", "-", "—", "×", "/", "^", "=", "+", "<", ">", "$", "€", "£"].contains(previous.text)
        {
            return true
        }
        if previous.lowercased == "between" || previous.lowercased == "zwischen" { return true }
        guard ["and", "to", "or"].contains(previous.lowercased) else { return false }
        // The other end lies at most three tokens before the "and".
        let nearby = max(0, index - 4)..<(index - 1)
        return sentence.tokens[nearby].contains { $0.isNumber }
    }

    /// "Figure 3", "chapter 2", "Intel 4004": a number that names and does not count.
    private func isLabel(_ index: Int, in sentence: Sentence) -> Bool {
        guard let previous = sentence.token(at: index - 1) else { return false }
        return previous.isWord && previous.isCapitalized && index > 1
            && !EnglishWords.determiners.contains(previous.lowercased)
            && !EnglishWords.prepositions.contains(previous.lowercased)
    }
}
