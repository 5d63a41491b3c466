// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The house rules that swift-format cannot check; each gives the places where it is broken.
enum HouseRules {
    static let fileLinesMax = 500
    static let functionLinesMax = 70
    static let columnsMax = 100
    /// The tables of tests hold texts that read worse when they are cut.
    static let columnsOfTestsMax = 120

    // MARK: Layout

    /// The first line says the licence; `Package.swift` says its tools version before.
    static func licence(_ file: SourceFile) -> [String] {
        let licence = "SPDX-License-Identifier: Apache-2.0"
        let expected = file.isC ? "/* \(licence) */" : "// \(licence)"
        guard file.name != "Package.swift", file.lines.first != expected else { return [] }
        return ["\(file.path):1: the first line is not \(expected)"]
    }

    static func measures(_ file: SourceFile) -> [String] {
        var broken: [String] = []
        if file.lines.count > self.fileLinesMax {
            broken.append("\(file.path): \(file.lines.count) lines; split it")
        }
        let columnsMax =
            file.path.hasPrefix("Tests/") ? self.columnsOfTestsMax : self.columnsMax
        // An address cannot be wrapped.
        for (index, line) in file.lines.enumerated()
        where line.count > columnsMax && !line.contains("://") {
            broken.append("\(file.path):\(index + 1): \(line.count) columns; wrap it")
        }
        return broken
    }

    /// Functions that are too long, by the indentation that swift-format gives them.
    static func functionLengths(_ file: SourceFile) -> [String] {
        file.lines.indices.compactMap { index in
            guard let end = self.endOfFunction(file.lines, at: index) else { return nil }
            let length = end - index + 1
            guard length > self.functionLinesMax else { return nil }
            return "\(file.path):\(index + 1): a function of \(length) lines; split it"
        }
    }

    /// The line of the closing brace of a function that begins at a line.
    static func endOfFunction(_ lines: [String], at start: Int) -> Int? {
        let words = self.words(lines[start])
        let isFunction =
            words.contains("func") || words.contains("deinit")
            || words.contains { $0.hasPrefix("init(") || $0.hasPrefix("init?(") }
        guard isFunction, !self.trimmed(lines[start]).hasPrefix("//") else { return nil }
        let indentation = self.indentation(lines[start])
        var line = start
        // The head goes on while lines are indented further, or close its parentheses.
        while !lines[line].hasSuffix("{") {
            line += 1
            guard line < lines.count else { return nil }
            let text = self.trimmed(lines[line])
            let continues = [")", "->", "where", "{"].contains { text.hasPrefix($0) }
            guard self.indentation(lines[line]) > indentation || continues else { return nil }
        }
        return lines[(line + 1)...].firstIndex {
            self.indentation($0) == indentation && self.trimmed($0).hasPrefix("}")
        }
    }

    // MARK: Words

    struct Ban: Sendable {
        /// The text, which must not go on from a letter, or into one.
        var text: String
        var reason: String
        /// Whether the rule is about a file.
        var applies: @Sendable (SourceFile) -> Bool = { _ in true }
    }

    /// Texts are put together from two, so that this file keeps the rules too.
    static let bans: [Ban] = [
        Ban(
            text: "import " + "Foundation",
            reason: "tens of megabytes; FoundationEssentials instead"
        ),
        Ban(text: "tr" + "y!", reason: "handle it, or precondition() with a reason"),
        Ban(text: "fatal" + "Error(", reason: "precondition() with a reason, or throw"),
        Ban(text: "FIX" + "ME", reason: "finish it before it is merged"),
        Ban(text: "TO" + "DO", reason: "finish it before it is merged"),
        Ban(text: "pri" + "nt(", reason: "libraries log, or write where they are told") { file in
            file.path.hasPrefix("Sources/") && file.target != "SwiftletCommand"
        },
        Ban(text: "usle" + "ep(", reason: "wait for what is meant, with a deadline"),
        Ban(text: "nanosle" + "ep(", reason: "wait for what is meant, with a deadline"),
        Ban(text: "sle" + "ep(", reason: "wait for what is meant, with a deadline") { file in
            !Self.pausing.contains(file.path)
        },
    ]

    /// Where the pause between two attempts is made, which others pass in.
    private static let pausing: Set = [
        "Sources/ObjectStorage/Client/S3Client.swift",
        "functions/exam-generator/Service/ExamService+Live.swift",
    ]

    static func bans(_ file: SourceFile) -> [String] {
        var broken: [String] = []
        let bans = self.bans.filter { $0.applies(file) && file.mayContain($0.text) }
        for (index, line) in file.lines.enumerated() {
            for ban in bans where self.contains(line, ban.text) {
                broken.append("\(file.path):\(index + 1): \(ban.text): \(ban.reason)")
            }
        }
        return broken
    }

    /// Whether a line has a text that is not a part of a longer word.
    static func contains(_ line: String, _ text: String) -> Bool {
        let isWord = { (character: Character) in character.isLetter || character.isNumber }
        var rest = line[...]
        while let range = self.range(of: text, in: rest) {
            let before = line[..<range.lowerBound].last
            let after = line[range.upperBound...].first
            let endsInWord = text.last.map(isWord) ?? false
            if !(before.map(isWord) ?? false), !(endsInWord && (after.map(isWord) ?? false)) {
                return true
            }
            rest = line[range.upperBound...]
        }
        return false
    }

    // MARK: Ownership

    /// The targets that may import a C library: one, but for both sides of a protocol.
    static let owners = [
        "CKafka": ["Kafka"], "CCurl": ["HTTPClient"], "CCrypto": ["ObjectStorage"],
        "CYAML": ["Manifests"], "CNghttp2": ["HTTP2", "HTTPServer", "HTTP2Client"],
        "COpenSSL": ["HTTPServer"],
    ]
    /// Targets without I/O, lock or clock, and what they therefore never import.
    static let pureTargets: Set = ["Bytes", "HTTP", "CloudEvents", "Autoscaler"]
    static let impureModules: Set = [
        "CLinux", "Glibc", "Synchronization", "Dispatch", "FoundationEssentials", "EventLoop",
    ]

    static func imports(_ file: SourceFile) -> [String] {
        guard !file.path.hasPrefix("Tests/") else { return [] }
        var broken: [String] = []
        for (index, line) in file.lines.enumerated() {
            let words = line.split(separator: " ").map(String.init)
            guard let place = words.firstIndex(of: "import"), place + 1 < words.count,
                words[..<place].allSatisfy({ $0.hasPrefix("@") || $0.allSatisfy(\.isLowercase) })
            else { continue }
            let module = words[place + 1]
            if let owners = self.owners[module], !owners.contains(file.target) {
                let names = owners.joined(separator: " and ")
                broken.append("\(file.path):\(index + 1): only \(names) imports \(module)")
            }
            if self.pureTargets.contains(file.target), self.impureModules.contains(module) {
                broken.append("\(file.path):\(index + 1): \(file.target) is pure")
            }
        }
        return broken
    }

    /// Whoever claims to be safe says by whose word, in the comment above.
    static func uncheckedSendability(_ file: SourceFile) -> [String] {
        let claim = "@unchecked " + "Sendable"
        return file.lines.indices.compactMap { index in
            let line = self.trimmed(file.lines[index])
            guard line.contains(claim), !line.hasPrefix("//"), !line.contains("\"") else {
                return nil
            }
            var above = index - 1
            while above >= 0, !self.trimmed(file.lines[above]).hasPrefix("//"),
                !self.trimmed(file.lines[above]).isEmpty
            {
                above -= 1
            }
            while above >= 0, self.trimmed(file.lines[above]).hasPrefix("//") {
                if file.lines[above].contains("`\(claim)`") { return nil }
                above -= 1
            }
            return "\(file.path):\(index + 1): the comment above does not say why it is `\(claim)`"
        }
    }

    /// Words of the place where the project was written, which mean nothing elsewhere.
    static func workplace(_ file: SourceFile) -> [String] {
        let words = ["/wo" + "rk/", "help" + "er-", "sub" + "agent", "sha" + "red/seeds"]
        var broken: [String] = []
        for (index, line) in file.lines.enumerated() {
            let line = line.lowercased()
            for word in words where line.withCString({ strstr($0, word) != nil }) {
                broken.append("\(file.path):\(index + 1): \(word)")
            }
        }
        return broken
    }

    // MARK: Targets

    /// The names of the targets in a manifest, tests left out.
    static func targets(_ manifest: SourceFile) -> [String] {
        var names: [String] = []
        var isTarget = false
        for line in manifest.lines {
            if line.contains(".testTarget(") || line.contains(".library(") { isTarget = false }
            if [".target(", ".executableTarget(", ".systemLibrary("].contains(where: line.contains)
            {
                isTarget = true
            }
            guard isTarget, let start = self.range(of: "name: \"", in: line[...]) else { continue }
            names.append(String(line[start.upperBound...].prefix { $0 != "\"" }))
            isTarget = false
        }
        return names
    }

    // MARK: Text

    private static func words(_ line: String) -> [Substring] { line.split(separator: " ") }

    private static func trimmed(_ line: String) -> Substring { line.drop { $0 == " " } }

    private static func indentation(_ line: String) -> Int {
        // An empty line belongs to whatever it lies in.
        line.isEmpty ? .max : line.prefix { $0 == " " }.count
    }

    static func range(of text: String, in line: Substring) -> Range<String.Index>? {
        var start = line.startIndex
        while start < line.endIndex {
            if line[start...].hasPrefix(text) {
                return start..<line.index(start, offsetBy: text.count)
            }
            start = line.index(after: start)
        }
        return nil
    }
}
