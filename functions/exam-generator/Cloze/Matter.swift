// SPDX-License-Identifier: Apache-2.0

/// Tells the text of a document from its table of contents, its references and its captions.
enum Matter {
    /// Lines after a heading "Contents" that can still be its entries.
    static let contentsLinesMax = 400

    private static let contentsTitles: Set<String> = [
        "contents", "table of contents", "inhalt", "inhaltsverzeichnis", "table des matières",
        "sommaire", "índice", "indice", "contenido", "sumário", "inhoud", "inhoudsopgave",
    ]

    private static let referencesTitles: Set<String> = [
        "references", "bibliography", "works cited", "literature", "further reading", "sources",
        "literatur", "literaturverzeichnis", "quellen", "références", "bibliographie",
        "referencias", "bibliografía", "riferimenti", "bibliografia", "referências",
        "acknowledgements", "acknowledgments", "index", "answers", "answer key",
    ]

    private static let captionLabels: Set<String> = [
        "figure", "fig", "table", "box", "plate", "listing", "equation", "chart", "photo", "source",
        "abbildung", "abb", "tabelle", "tab", "tableau", "figura", "tabla", "tabella", "note",
    ]

    /// `pages` without the table of contents and what follows the heading of the references.
    static func body(of pages: [[String]]) -> [[String]] {
        var contents = Contents()
        var bodies: [[String]] = []
        let linesTotal = pages.reduce(0) { $0 + $1.count }
        var linesSeen = 0
        for page in pages {
            var body: [String] = []
            for line in page {
                linesSeen += 1
                let title = self.title(line)
                // In the first half of a document such a heading is a chapter about sources.
                if self.referencesTitles.contains(title), linesSeen * 2 > linesTotal {
                    bodies.append(body)
                    return bodies
                }
                if contents.drops(line, isTitle: self.contentsTitles.contains(title)) { continue }
                if self.isReference(line) { continue }
                body.append(line)
            }
            bodies.append(body)
        }
        return bodies
    }

    /// Whether `paragraph` labels a figure or a table.
    static func isCaption(_ paragraph: String) -> Bool {
        let words = paragraph.split(separator: " ", maxSplits: 2)
        guard words.count > 1, let first = words.first else { return false }
        let label = first.lowercased().trimmed(where: { !$0.isLetter })
        guard self.captionLabels.contains(label) else { return false }
        return first.last == ":" || words[1].first?.isNumber == true
    }

    /// A heading without its number and its punctuation, in lower case.
    private static func title(_ line: String) -> String {
        guard line.count <= 40 else { return "" }
        return line.lowercased().trimmed(where: { !$0.isLetter })
    }

    /// Whether `line` is an entry of a list of references, such as "[12] Author: Title".
    private static func isReference(_ line: String) -> Bool {
        guard line.first == "[", let close = line.firstIndex(of: "]") else { return false }
        let label = line[line.index(after: line.startIndex)..<close]
        return !label.isEmpty && label.count <= 4 && label.allSatisfy(\.isNumber)
    }

    /// Where the reader stands with regard to a table of contents.
    private struct Contents {
        private var linesLeft = 0

        mutating func drops(_ line: String, isTitle: Bool) -> Bool {
            if isTitle {
                self.linesLeft = Matter.contentsLinesMax
                return true
            }
            if Self.hasLeader(line) { return true }
            guard self.linesLeft > 0, !line.isEmpty else { return false }
            self.linesLeft -= 1
            let isText = line.count > 60 && line.last?.isNumber == false
            let isSentence = line.last.map(SentenceSplitter.terminators.contains) ?? false
            guard !isText, !isSentence else {
                self.linesLeft = 0
                return false
            }
            return true
        }

        /// Dots that lead from a title to its page.
        private static func hasLeader(_ line: String) -> Bool {
            line.contains(".....") || line.contains(". . . .") || line.contains("…………")
        }
    }
}
