// SPDX-License-Identifier: Apache-2.0

/// Turns the characters that typesetting brings into those that a person would type.
enum TextNormalizer {
    /// Most accents above one letter; more are play.
    static let marksMax = 4

    /// The lines of each page of `text`; pages end with a form feed, as `pdftotext` writes them.
    static func pages(of text: String) -> [[String]] {
        var pages: [[String]] = []
        for page in text.unicodeScalars.split(separator: "\u{0C}", omittingEmptySubsequences: false)
        {
            let lines = page.split(omittingEmptySubsequences: false) { scalar in
                scalar == "\n" || scalar == "\u{2028}" || scalar == "\u{2029}"
            }
            pages.append(lines.map { self.line(Substring($0)) })
        }
        if pages.last?.allSatisfy(\.isEmpty) == true { pages.removeLast() }
        return pages
    }

    /// One line: ligatures undone, white space collapsed, invisible characters gone.
    static func line(_ raw: Substring) -> String {
        var line = String.UnicodeScalarView()
        var pendingSpace = false
        var marks = 0
        for scalar in raw.unicodeScalars {
            marks = scalar.properties.generalCategory == .nonspacingMark ? marks + 1 : 0
            if marks > Self.marksMax { continue }
            if scalar.properties.isWhitespace {
                pendingSpace = !line.isEmpty
                continue
            }
            if self.isInvisible(scalar) { continue }
            if pendingSpace {
                line.append(" ")
                pendingSpace = false
            }
            if let replacement = self.replacements[scalar] {
                line.append(contentsOf: replacement.unicodeScalars)
            } else {
                line.append(scalar)
            }
        }
        return self.softHyphensRemoved(String(line))
    }

    private static let replacements: [Unicode.Scalar: String] = [
        "\u{FB00}": "ff", "\u{FB01}": "fi", "\u{FB02}": "fl", "\u{FB03}": "ffi", "\u{FB04}": "ffl",
        "\u{FB05}": "st", "\u{FB06}": "st", "\u{2010}": "-", "\u{2011}": "-", "\u{2032}": "’",
        "'": "’", "\u{02BC}": "’", "\u{FFFD}": "",
    ]

    /// Control and format characters and private use, which no question may hold.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        // Joiners shape letters in Arabic and Indic scripts; a soft hyphen is looked at later.
        if scalar == "\u{200C}" || scalar == "\u{200D}" || scalar == "\u{AD}" { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .privateUse, .surrogate, .unassigned: return true
        default: return false
        }
    }

    /// A soft hyphen at the end of a line marks a word that goes on; elsewhere it means nothing.
    private static func softHyphensRemoved(_ line: String) -> String {
        guard line.unicodeScalars.contains("\u{AD}") else { return line }
        let endsWithOne = line.unicodeScalars.last == "\u{AD}"
        var kept = String.UnicodeScalarView()
        for scalar in line.unicodeScalars where scalar != "\u{AD}" { kept.append(scalar) }
        if endsWithOne { kept.append("-") }
        return String(kept)
    }
}
