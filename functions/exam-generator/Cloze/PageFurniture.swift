// SPDX-License-Identifier: Apache-2.0

/// Finds what is printed around the text of a page: running titles and page numbers.
struct PageFurniture {
    /// How many lines at the top and at the bottom of a page may be furniture.
    static let edgeLinesMax = 4
    /// Longer lines are text, even when they come again.
    static let furnitureCharactersMax = 100

    private let repeatedShapes: Set<String>

    /// Learns which lines come again at the edges of `pages`.
    init(pages: [[String]]) {
        var pagesOfShape: [String: Int] = [:]
        for page in pages {
            let shapes = Self.edgeIndices(of: page).map { Self.shape(of: page[$0]) }
            for shape in Set(shapes) { pagesOfShape[shape, default: 0] += 1 }
        }
        let pagesMin =
            switch pages.count {
            case ...6: 2
            case ...10: 3
            default: 4
            }
        self.repeatedShapes = Set(pagesOfShape.filter { $0.value >= pagesMin }.keys)
    }

    /// `page` without its furniture and without the blank lines beside it.
    func text(of page: [String]) -> [String] {
        var furniture = Set<Int>()
        for index in Self.edgeIndices(of: page) {
            let line = page[index]
            guard line.count <= Self.furnitureCharactersMax else { continue }
            if Self.isPageNumber(line) || self.repeatedShapes.contains(Self.shape(of: line)) {
                furniture.insert(index)
            }
        }
        let kept = page.indices.filter { !furniture.contains($0) }.map { page[$0] }
        guard let first = kept.firstIndex(where: { !$0.isEmpty }),
            let last = kept.lastIndex(where: { !$0.isEmpty })
        else { return [] }
        return Array(kept[first...last])
    }

    /// Whether `line` holds nothing but the number of a page: "12", "– 12 –", "Page 3 of 9", "xiv".
    static func isPageNumber(_ line: String) -> Bool {
        let words = line.lowercased().split { character in
            character == " " || "-–—|·•/.[]()".contains(character)
        }
        guard !words.isEmpty, words.count <= 4 else { return false }
        let labels: Set<Substring> = [
            "page", "p", "pg", "seite", "página", "pagina", "pág", "of", "von", "sur", "de", "di",
        ]
        var numbers = 0
        for word in words where !labels.contains(word) {
            guard word.allSatisfy(\.isNumber) || Self.isSmallRomanNumeral(word) else {
                return false
            }
            numbers += 1
        }
        return (1...2).contains(numbers)
    }

    private static func isSmallRomanNumeral(_ word: Substring) -> Bool {
        word.count <= 6 && word.allSatisfy { "ivxl".contains($0) }
    }

    /// The lines that could be furniture: the first and the last few that are not blank.
    private static func edgeIndices(of page: [String]) -> [Int] {
        let filled = page.indices.filter { !page[$0].isEmpty }
        guard filled.count > 2 * self.edgeLinesMax else { return filled }
        return Array(filled.prefix(self.edgeLinesMax) + filled.suffix(self.edgeLinesMax))
    }

    /// `line` with every number replaced, so that "Page 3" and "Page 4" are the same.
    private static func shape(of line: String) -> String {
        var shape = ""
        for character in line.lowercased() {
            if character.isNumber {
                if shape.last != "#" { shape.append("#") }
            } else {
                shape.append(character)
            }
        }
        return shape
    }
}
