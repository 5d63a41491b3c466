// SPDX-License-Identifier: Apache-2.0

import Manifests
import Testing

@Suite("Manifests that are cut off or damaged")
struct PrefixTests {
    static let files = [
        "Tests/Fixtures/manifests/hello.yaml",
        "Tests/Fixtures/manifests/ks.yaml",
        "Tests/Fixtures/manifests/kafkasource-status.yaml",
    ]

    @Test("every prefix is read or refused, and never traps", arguments: files)
    func prefixes(_ file: String) throws {
        let bytes = try Load.repositoryFile(file)
        var refusals = 0
        for length in 0...bytes.count {
            let told = Load.diagnostics(bytes: Array(bytes[..<length]))
            if !told.isEmpty { refusals += 1 }
        }
        #expect(refusals > bytes.count / 2)
        #expect(Load.diagnostics(bytes: bytes) == [])
    }

    @Test("a file with one byte replaced is read or refused, and never traps", arguments: files)
    func damage(_ file: String) throws {
        let bytes = try Load.repositoryFile(file)
        // A fixed step and a few bytes that mean something keep the run short and the same.
        let replacements = Array("\n :-[{'\"&*!|%#\0\t".utf8) + [0x80, 0xFF]
        var told = 0
        for (turn, offset) in stride(from: 0, to: bytes.count, by: 3).enumerated() {
            var damaged = bytes
            damaged[offset] = replacements[turn % replacements.count]
            told += Load.diagnostics(bytes: damaged).count
        }
        #expect(told > 0)
    }
}
