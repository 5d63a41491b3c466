// SPDX-License-Identifier: Apache-2.0

import Glibc
import Manifests
import Testing

/// Loads manifests in the ways that the tests need.
enum Load {
    /// Everything that is told about `text`, errors and warnings, one line each.
    static func diagnostics(
        _ text: String,
        limits: ManifestLimits = ManifestLimits()
    ) -> [String] {
        self.diagnostics(bytes: Array(text.utf8), limits: limits)
    }

    /// Everything that is told about `bytes`.
    static func diagnostics(
        bytes: [UInt8],
        limits: ManifestLimits = ManifestLimits()
    ) -> [String] {
        do throws(ManifestError) {
            let set = try ManifestLoader.load(bytes: bytes, file: "m", limits: limits)
            return set.diagnostics.map(\.description)
        } catch {
            return error.diagnostics.map(\.description)
        }
    }

    /// The set that `text` declares.
    static func set(_ text: String) throws -> ManifestSet {
        try ManifestLoader.load(text: text, file: "m")
    }

    /// A file of the repository, by its path from the top.
    static func repositoryPath(_ path: String) -> String {
        let parts = #filePath.split(separator: "/").dropLast(3)
        return "/" + parts.joined(separator: "/") + "/" + path
    }

    /// The bytes of a file of the repository.
    static func repositoryFile(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(self.repositoryPath(path), "r"), "\(path)")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var byte = getc(file)
        while byte != EOF {
            bytes.append(UInt8(truncatingIfNeeded: byte))
            byte = getc(file)
        }
        return bytes
    }
}

/// One replacement in a manifest that is right, and what is told then.
struct Mistake: CustomTestStringConvertible, Sendable {
    let old: String
    let new: String
    let told: [String]

    init(_ old: String, _ new: String, _ told: String...) {
        self.old = old
        self.new = new
        self.told = told
    }

    var testDescription: String { "\(self.old) → \(self.new)" }

    /// Replaces, loads and compares.
    func check(in manifest: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let broken = manifest.replacing(self.old, with: self.new, maxReplacements: 1)
        #expect(broken != manifest, "nothing was replaced", sourceLocation: sourceLocation)
        #expect(
            Load.diagnostics(broken) == self.told.map { "m:" + $0 },
            sourceLocation: sourceLocation
        )
    }
}
