// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Swiftlet

@Suite("The table of settings")
struct SettingsDocumentTests {
    /// The project's folder, by way of this file's own place in it.
    private static let path =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        + "/functions/README.md"

    private static func lines() throws -> [String] {
        let file = try #require(fopen(self.path, "r"))
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n")
            .map(String.init)
    }

    @Test("functions/README.md has a row for every variable, as --help prints it")
    func table() throws {
        let rows = FunctionVariable.allCases.map {
            "| `\($0.rawValue)` | \($0.meaning) | \($0.defaultText) |"
        }
        let lines = try Self.lines()
        let start = try #require(lines.firstIndex { $0.hasPrefix("| variable ") }) + 2
        let found = Array(lines[start...].prefix { $0.hasPrefix("|") })
        #expect(found == rows, "the table should be:\n\(rows.joined(separator: "\n"))")
    }
}
