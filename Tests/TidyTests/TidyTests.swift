// SPDX-License-Identifier: Apache-2.0

import Testing

/// House rules over all that is in the project.
@Suite("Tidy")
struct TidyTests {
    @Test("the project is found, and all of it")
    func found() {
        #expect(SourceTree.file("Package.swift") != nil, "looked in \(SourceTree.root)")
        #expect(SourceTree.swiftFiles.count > 300)
        for part in ["Sources/", "Tests/", "functions/"] {
            #expect(SourceTree.swiftFiles.contains { $0.path.hasPrefix(part) })
        }
    }

    @Test("every file begins with its licence", arguments: SourceTree.codeFiles)
    func licence(_ file: SourceFile) { #expect(HouseRules.licence(file) == []) }

    @Test("no line, function or file is too long", arguments: SourceTree.codeFiles)
    func measures(_ file: SourceFile) {
        #expect(HouseRules.measures(file) == [])
        #expect(HouseRules.functionLengths(file) == [])
    }

    @Test("nothing that is banned is used", arguments: SourceTree.swiftFiles)
    func bans(_ file: SourceFile) { #expect(HouseRules.bans(file) == []) }

    @Test("a C library has one owner, and what is pure stays so", arguments: SourceTree.swiftFiles)
    func imports(_ file: SourceFile) { #expect(HouseRules.imports(file) == []) }

    @Test("who is @unchecked Sendable says by whose word", arguments: SourceTree.swiftFiles)
    func uncheckedSendability(_ file: SourceFile) {
        #expect(HouseRules.uncheckedSendability(file) == [])
    }

    @Test("the project speaks of itself alone", arguments: SourceTree.files)
    func workplace(_ file: SourceFile) { #expect(HouseRules.workplace(file) == []) }

    @Test("the architecture names every target")
    func architecture() throws {
        let manifest = try #require(SourceTree.file("Package.swift"))
        let targets = HouseRules.targets(manifest)
        #expect(targets.contains("HTTP") && targets.contains("CLinux") && targets.contains("hello"))
        let page = try #require(SourceTree.file("ARCHITECTURE.md"))
        for target in targets {
            #expect(page.mayContain("`\(target)`"), "\(target) is missing")
        }
    }
}

/// The rules are code as well: each has to find what it is made to find.
@Suite("Tidy: the rules themselves")
struct HouseRuleTests {
    private static func file(_ text: String, _ path: String = "Sources/HTTP/A.swift") -> SourceFile
    {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return SourceFile(path: path, lines: lines)
    }

    @Test(
        "banned words are found as words",
        arguments: [
            ("import " + "Foundation", 1), ("internal import " + "Foundation", 1),
            ("import " + "FoundationEssentials", 0), ("x = tr" + "y! y()", 1), ("retr" + "y!", 0),
            ("fatal" + "Error()", 1), ("// TO" + "DO: later", 1), ("TO" + "DOs", 0),
            ("a.to" + "do", 0), ("pri" + "nt(1)", 1), ("debugPri" + "nt(1)", 0),
            ("try await Task.sle" + "ep(for: x)", 1), ("usle" + "ep(1)", 1), ("asle" + "ep(1)", 0),
        ]
    )
    func bans(_ line: String, _ count: Int) {
        #expect(HouseRules.bans(Self.file(line)).count == count)
    }

    @Test("programs may print")
    func programsPrint() {
        let line = "pri" + "nt(1)"
        #expect(HouseRules.bans(Self.file(line, "Sources/SwiftletCommand/A.swift")) == [])
        #expect(HouseRules.bans(Self.file(line, "functions/hello/A.swift")) == [])
    }

    @Test("measures: at the limit, and one past")
    func measures() {
        let column = String(repeating: "é", count: 100)
        #expect(HouseRules.measures(Self.file(column)) == [])
        #expect(HouseRules.measures(Self.file(column + "x")).count == 1)
        #expect(HouseRules.measures(Self.file(column + "https://a")) == [])
        let lines = Array(repeating: "x", count: 500)
        #expect(HouseRules.measures(SourceFile(path: "a", lines: lines)) == [])
        #expect(HouseRules.measures(SourceFile(path: "a", lines: lines + ["x"])).count == 1)
    }

    @Test(
        "functions: at the limit, and one past, however their head is written",
        arguments: [
            ["    func a() {"], ["    init?(a: Int) throws {"], ["    deinit {"],
            ["    func a(", "        b: Int", "    ) async throws", "        -> Int", "    {"],
        ]
    )
    func functions(_ head: [String]) {
        for (count, broken) in [(70, 0), (71, 1)] {
            let body = Array(repeating: "        a()", count: count - head.count - 3)
            let nested = ["", "        }"]
            let lines = head + nested + body + ["    }", "    func next() {", "    }"]
            let file = SourceFile(path: "A.swift", lines: lines)
            #expect(HouseRules.functionLengths(file).count == broken)
        }
    }

    @Test("functions without a body, or in one line, have no length")
    func bodiless() {
        let lines = ["    func a()", "    func b() -> Int { 1 }", "    var c: Int {", "    }"]
        #expect(HouseRules.endOfFunction(lines, at: 0) == nil)
        #expect(HouseRules.endOfFunction(lines, at: 1) == nil)
        #expect(HouseRules.endOfFunction(["// func a() {", "}"], at: 0) == nil)
    }

    @Test("licences and imports")
    func licencesAndImports() {
        let licence = "SPDX-License-Identifier: Apache-2.0"
        #expect(HouseRules.licence(Self.file("// \(licence)\nimport A")) == [])
        #expect(HouseRules.licence(Self.file("import A")).count == 1)
        #expect(HouseRules.licence(Self.file("/* \(licence) */", "Sources/CLinux/a.c")) == [])
        #expect(HouseRules.licence(Self.file("// swift-tools-version: 6.2", "Package.swift")) == [])

        #expect(HouseRules.imports(Self.file("internal import CKafka")).count == 1)
        #expect(HouseRules.imports(Self.file("import CKafka", "Sources/Kafka/A.swift")) == [])
        #expect(HouseRules.imports(Self.file("@preconcurrency import Glibc")).count == 1)
        #expect(HouseRules.imports(Self.file("import Glibc", "Sources/EventLoop/A.swift")) == [])
        #expect(HouseRules.imports(Self.file("// An import CKafka in words")) == [])
    }

    @Test("claims and words")
    func claimsAndWords() {
        let claim = "final class A: @unchecked " + "Sendable {"
        #expect(HouseRules.uncheckedSendability(Self.file("/// A.\n\(claim)")).count == 1)
        let reason =
            "/// `@unchecked " + "Sendable`: belongs to its loop.\n///\n/// More.\n@frozen\n"
        #expect(HouseRules.uncheckedSendability(Self.file(reason + claim)) == [])

        #expect(HouseRules.workplace(Self.file("see /WO" + "RK/main")).count == 1)
        #expect(HouseRules.workplace(Self.file("a network/workload")) == [])
    }

    @Test("targets of a manifest")
    func targets() {
        let manifest = """
            .library(name: "L", targets: ["A"]),
            .target(name: "A"),
            .executableTarget(
                name: "b-c",
            .systemLibrary(name: "CD", pkgConfig: "d"),
            .testTarget(name: "ATests"),
            """
        #expect(HouseRules.targets(Self.file(manifest)) == ["A", "b-c", "CD"])
    }
}
