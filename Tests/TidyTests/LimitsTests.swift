// SPDX-License-Identifier: Apache-2.0

import Testing

/// The table of the server's limits says what the code says.
@Suite("Tidy: the table of limits")
struct LimitsTests {
    private static let table = "Sources/HTTPServer/LIMITS.md"
    private static let sources = [
        "Sources/HTTP/HTTPLimits.swift", "Sources/HTTPServer/HTTPServerConfiguration.swift",
        "Sources/HTTPServer/HTTP2Limits.swift",
    ]

    @Test("every limit is in the table, with its default", arguments: sources)
    func limits(_ path: String) throws {
        let source = try #require(SourceTree.file(path))
        let table = try #require(SourceTree.file(Self.table))
        let limits = source.lines.compactMap(Self.limit)
        #expect(limits.count >= 5, "the limits of \(path) are not found")
        for (name, value) in limits {
            let row = table.lines.first { $0.hasPrefix("| `\(name)`") } ?? ""
            let cells = row.split(separator: "|").map { $0.drop { $0 == " " } }
            #expect(cells.count == 3, "\(name) is missing in \(Self.table)")
            #expect(cells.dropFirst().first?.hasPrefix("\(value) ") == true, "\(name) is \(value)")
        }
    }

    @Test("defaults are written as people read them")
    func texts() throws {
        #expect(Self.limit("    package var aMax = 8 * 1024")?.value == "8 KiB")
        #expect(Self.limit("    package var aMax = 16 * 1024 * 1024")?.value == "16 MiB")
        #expect(Self.limit("    package var aMax = 20_000")?.value == "20000")
        #expect(Self.limit("    package var aTimeout = Duration.seconds(10)")?.value == "10 s")
        #expect(Self.limit("    package var name: String?") == nil)
        #expect(Self.limit("    package init() {}") == nil)
    }

    /// The name and the default of the limit that a line declares; `nil` for other lines.
    private static func limit(_ line: String) -> (name: String, value: String)? {
        let words = line.split(separator: " ").map(String.init)
        guard words.count >= 5, words[0] == "package", words[1] == "var", words[3] == "=" else {
            return nil
        }
        let text = words[4...].joined()
        if text.hasPrefix("Duration.seconds("), text.hasSuffix(")") {
            return (words[2], text.dropFirst("Duration.seconds(".count).dropLast() + " s")
        }
        let factors = text.split(separator: "*").map { Int($0.filter { $0 != "_" }) }
        guard !factors.isEmpty, !factors.contains(nil) else { return nil }
        let number = factors.compactMap { $0 }.reduce(1, *)
        return (words[2], Self.text(number))
    }

    private static func text(_ number: Int) -> String {
        if number % (1024 * 1024) == 0 { return "\(number / 1024 / 1024) MiB" }
        return number % 1024 == 0 ? "\(number / 1024) KiB" : "\(number)"
    }
}
