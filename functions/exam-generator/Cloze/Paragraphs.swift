// SPDX-License-Identifier: Apache-2.0

/// Puts the lines of a document together again: paragraphs of running text.
struct Paragraphs {
    /// Text beyond so many Unicode scalars is not looked at; about 250 pages.
    static let scalarsMax = 600_000
    /// Longer paragraphs are cut here: no sentence is that long.
    static let charactersMax = 20_000

    /// The width of a full line; shorter ones may be headings.
    private let fullLineCharacters: Int
    private let hyphenation: Hyphenation

    private var finished: [String] = []
    private var open = ""
    /// About the length of ``open``.
    private var openCharacters = 0
    /// Length of the last line in ``open``.
    private var lastLineCharacters = 0
    /// Whether a blank line or the end of a page came after ``open``.
    private var isInterrupted = false

    /// The paragraphs of `text`, which is what `pdftotext` wrote.
    ///
    /// Headings, lists of contents, references, captions, headers and footers are left out.
    static func of(_ text: String) -> [String] {
        let pages = TextNormalizer.pages(of: String(text.unicodeScalars.prefix(self.scalarsMax)))
        let furniture = PageFurniture(pages: pages)
        let bodies = Matter.body(of: pages.map { furniture.text(of: $0) })
        var paragraphs = Paragraphs(pages: bodies)
        for page in bodies { paragraphs.add(page: page) }
        paragraphs.finish()
        return paragraphs.finished.filter { !Matter.isCaption($0) }
    }

    private init(pages: [[String]]) {
        let lengths = pages.joined().map(\.count).filter { $0 > 20 }.sorted()
        self.fullLineCharacters = lengths.isEmpty ? 60 : lengths[lengths.count * 3 / 5]
        self.hyphenation = Hyphenation(lines: pages.joined())
    }

    private mutating func add(page: [String]) {
        for (index, line) in page.enumerated() {
            if line.isEmpty {
                self.isInterrupted = true
            } else {
                let next = index + 1 < page.count ? page[index + 1] : nil
                self.add(line: line, next: next)
            }
        }
        self.isInterrupted = true
    }

    private mutating func add(line: String, next: String?) {
        if let item = Self.listItem(line) {
            self.finish()
            self.append(item)
            return
        }
        if !self.goesOn(in: line) { self.finish() }
        self.isInterrupted = false
        if self.open.isEmpty || Self.isClosed(self.open), self.isHeading(line, next: next) {
            self.finish()
            return
        }
        if self.openCharacters > Self.charactersMax { self.finish() }
        self.append(line)
    }

    /// Whether `line` belongs to the open paragraph.
    ///
    /// Neither a blank line nor a page break ends a paragraph by itself: pictures and pages tear
    /// sentences apart. A whole sentence that ends in the middle of a line does.
    private func goesOn(in line: String) -> Bool {
        let wasFullLine = self.lastLineCharacters >= self.fullLineCharacters * 3 / 4
        if Self.isClosed(self.open) { return wasFullLine && !self.isInterrupted }
        return !self.isInterrupted || wasFullLine || line.first?.isLowercase == true
    }

    private mutating func append(_ line: String) {
        self.lastLineCharacters = line.count
        self.openCharacters += line.count
        self.hyphenation.append(line, to: &self.open)
    }

    private mutating func finish() {
        if !self.open.isEmpty { self.finished.append(self.open) }
        self.open = ""
        self.openCharacters = 0
        self.lastLineCharacters = 0
    }

    private static func isClosed(_ paragraph: String) -> Bool {
        guard let last = paragraph.last(where: { !"”’\")]»".contains($0) }) else { return true }
        return SentenceSplitter.terminators.contains(last) || last == ":" || last == ";"
    }

    /// The text after a bullet; `nil` when `line` is none.
    private static func listItem(_ line: String) -> String? {
        guard let first = line.first, "•◦▪■●‣*–—·".contains(first) || first == "-" else {
            return nil
        }
        let rest = line.dropFirst()
        guard rest.first == " " else { return nil }
        return String(rest.dropFirst())
    }

    /// Whether `line`, which follows a whole sentence, is a title and no text.
    private func isHeading(_ line: String, next: String?) -> Bool {
        guard let first = line.first, let last = line.last else { return false }
        if Self.isClosed(line) || ",-(".contains(last) { return false }
        if Self.isNumberedHeading(line), line.count <= 90 { return true }
        if line.contains(where: \.isCased), line == line.uppercased() { return true }
        guard line.count <= max(24, self.fullLineCharacters * 3 / 4) else { return false }
        guard first.isUppercase || first.isNumber || !first.isCased else { return false }
        guard let start = next?.first else { return true }
        return start.isUppercase || start.isNumber || !start.isCased || "“‘\"(•*-".contains(start)
    }

    /// Whether a number of digits or Roman numerals starts the line and a capital follows.
    private static func isNumberedHeading(_ line: String) -> Bool {
        guard let space = line.firstIndex(of: " ") else { return false }
        let label = line[..<space]
        let isLabel =
            label.contains(where: \.isNumber)
            && label.allSatisfy { $0.isNumber || $0 == "." || $0 == ")" }
        let isRoman = label.last == "." && label.dropLast().allSatisfy { "IVX".contains($0) }
        guard isLabel || isRoman, label.count <= 8 else { return false }
        return line[space...].dropFirst().first?.isUppercase == true
    }
}
