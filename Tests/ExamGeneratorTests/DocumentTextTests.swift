// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import exam_generator

@Suite("From the lines of a document to running text")
struct DocumentTextTests {
    @Test(
        "undoes what typesetting did to a line",
        arguments: [
            ("e\u{FB03}cient \u{FB02}ow", "efficient flow"), ("a\u{A0}b\t c  ", "a b c"),
            ("well\u{2010}known", "well-known"), ("a\u{200B}b\u{FEFF}\u{1}", "ab"),
            ("pho\u{AD}to", "photo"), ("photo\u{AD}", "photo-"), ("it's", "it’s"), ("   ", ""),
            ("e\u{301}\u{301}\u{301}\u{301}\u{301}x", "e\u{301}\u{301}\u{301}\u{301}x"),
        ]
    )
    func normalizes(_ raw: String, _ line: String) {
        #expect(TextNormalizer.line(raw[...]) == line)
    }

    @Test("pages end with form feeds, lines with line feeds or both characters")
    func pages() {
        let pages = TextNormalizer.pages(of: "one\r\ntwo\n\u{0C}three\n\u{0C}")
        #expect(pages == [["one", "two", ""], ["three", ""]])
        #expect(TextNormalizer.pages(of: "").isEmpty)
    }

    @Test(
        "knows the number of a page",
        arguments: [
            ("12", true), ("– 12 –", true), ("- 3 -", true), ("Page 3 of 9", true), ("xiv", true),
            ("Seite 4", true), ("3/12", true), ("[7]", true), ("", false), ("Page", false),
            ("12 apples", false), ("in 1945", false), ("1 2 3 4", false), ("vivid", false),
        ]
    )
    func pageNumbers(_ line: String, _ isNumber: Bool) {
        #expect(PageFurniture.isPageNumber(line) == isNumber)
    }

    @Test("running titles and page numbers go, text that comes once stays")
    func furniture() {
        let pages = (1...3).map { page in
            ["Biology, unit \(page)", "", "Text of page number \(page).", "", "\(page)"]
        }
        let furniture = PageFurniture(pages: pages.map { $0.map { $0 } })
        #expect(furniture.text(of: ["Biology, unit 2", "", "The cell.", "2"]) == ["The cell."])
        #expect(furniture.text(of: ["Chemistry", "The atom."]) == ["Chemistry", "The atom."])
        #expect(PageFurniture(pages: [["Title", "Text."]]).text(of: ["Title"]) == ["Title"])
    }

    @Test("a title at one of two pages stays, at both it goes")
    func furnitureThreshold() {
        let one = PageFurniture(pages: [["Title", "a."], ["Other", "b."]])
        #expect(one.text(of: ["Title", "a."]) == ["Title", "a."])
        let both = PageFurniture(pages: [["Title", "a."], ["Title", "b."]])
        #expect(both.text(of: ["Title", "a."]) == ["a."])
    }

    @Test(
        "joins lines, and words that were broken at their end",
        arguments: [
            ("photo-", "synthesis.", "photosynthesis."),
            ("the well-", "known plant", "the well-known plant"),
            ("long-", "term effects", "long-term effects"), ("Anglo-", "Saxon", "Anglo-Saxon"),
            ("of the", "cell", "of the cell"), ("in 1914-", "1918", "in 1914- 1918"),
            ("光合成は植物", "の反応である。", "光合成は植物の反応である。"),
        ]
    )
    func joins(_ text: String, _ line: String, _ joined: String) {
        let words = ["A well-known fact.", "A long time, a short term."]
        var running = text
        Hyphenation(lines: words).append(line, to: &running)
        #expect(running == joined)
    }

    static let width = String(repeating: "word ", count: 12)

    @Test("a paragraph goes on across a page, a heading ends one")
    func paragraphs() {
        let text = """
            1. The cell
            The cell is the smallest unit of all living things, and it is surrounded by a thin
            membrane that lets some things
            \u{0C}pass and keeps others out. Plants have cell walls besides their membranes, too.
            The nucleus
            The nucleus holds most of the hereditary material of a cell of plants and animals.
            """
        #expect(
            Paragraphs.of(text) == [
                "The cell is the smallest unit of all living things, and it is surrounded by a thin"
                    + " membrane that lets some things pass and keeps others out. Plants have cell"
                    + " walls besides their membranes, too.",
                "The nucleus holds most of the hereditary material of a cell of plants and animals.",
            ]
        )
    }

    @Test("lists, contents, captions and references are told from text")
    func matter() {
        let text = """
            Contents
            Introduction 1
            The cell . . . . . . . . . . . . . . 4
            Osmosis is the movement of water through a membrane that lets only water pass freely.

            • Water moves towards the higher concentration of dissolved substances in the cell.
            • Salt stays where it is.

            Figure 3: A cell in salt water.
            Cells burst when they take up too much water from their surroundings in the body.

            References
            [1] A. Author, A book about cells, 1999.
            Another author wrote another book about osmosis in the year 2001, which nobody read.
            """
        let paragraphs = Paragraphs.of(text)
        #expect(paragraphs.count == 4, "\(paragraphs)")
        #expect(paragraphs.first?.hasPrefix("Osmosis is") == true)
        #expect(paragraphs.contains("Salt stays where it is."))
        #expect(paragraphs.last?.hasPrefix("Cells burst") == true)
    }

    @Test("text beyond the limit is not looked at")
    func limit() {
        let end = "\n\nThe last sentence of a very long text.\n"
        let room = Paragraphs.scalarsMax - end.unicodeScalars.count
        let filling =
            String(repeating: "a.\n", count: room / 3) + String(repeating: "\n", count: room % 3)
        #expect(Paragraphs.of(filling + end).last == "The last sentence of a very long text.")
        #expect(
            Paragraphs.of(filling + "\n\n" + end).last != "The last sentence of a very long text."
        )
    }

    @Test("a paragraph without end is cut, so that nothing takes for ever")
    func endless() {
        let line = String(repeating: "a", count: 100)
        let text = Array(repeating: line, count: 2000).joined(separator: "\n")
        let longest = Paragraphs.of(text).map(\.count).max() ?? 0
        #expect(longest <= Paragraphs.charactersMax * 11 / 10)
    }
}
