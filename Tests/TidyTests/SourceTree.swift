// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// A text file of the project.
struct SourceFile: Sendable, CustomTestStringConvertible {
    /// From the project's folder on, for example `Sources/HTTP/HTTPText.swift`.
    let path: String
    let lines: [String]
    private let whole: String

    init(path: String, lines: [String]) {
        self.path = path
        self.lines = lines
        self.whole = lines.joined(separator: "\n")
    }

    var name: String { String(self.path.split(separator: "/").last ?? "") }
    var isSwift: Bool { self.path.hasSuffix(".swift") }
    var isC: Bool { self.path.hasSuffix(".c") || self.path.hasSuffix(".h") }
    /// The folder below `Sources`, `Tests` or `functions`: the target, as a rule.
    var target: String {
        let parts = self.path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }
    var testDescription: String { self.path }

    /// Whether a text occurs anywhere; much quicker than to look at each line.
    func mayContain(_ text: String) -> Bool {
        self.whole.withCString { strstr($0, text) != nil }
    }
}

/// What the project consists of, as it lies on disk.
enum SourceTree {
    /// The project's folder, by way of this file's own place in it.
    static let root: String = {
        let resolved = realpath(#filePath, nil)
        defer { free(resolved) }
        let path = resolved.map { String(cString: $0) } ?? #filePath
        return "/" + path.split(separator: "/").dropLast(3).joined(separator: "/")
    }()

    /// Folders that hold what people wrote; others hold what programs made.
    private static let folders = ["Sources", "functions", "Tests", "charts", ".ci"]
    /// What fuzzers made; it is data, and no text.
    private static let corpora = "Tests/Fixtures/corpora"
    private static let binaryEndings = [".pdf", ".png", ".svg", ".pyc", ".so", ".o"]

    /// Every text file of the project.
    static let files: [SourceFile] = {
        var paths = Self.entries(of: Self.root).filter { !Self.isFolder($0) }
        for folder in Self.folders { Self.collect(folder, into: &paths) }
        return paths.sorted().compactMap { path in
            guard !Self.binaryEndings.contains(where: { path.hasSuffix($0) }) else { return nil }
            return Self.read(path)
        }
    }()

    static let swiftFiles = Self.files.filter { $0.isSwift }
    static let codeFiles = Self.files.filter { $0.isSwift || $0.isC }

    static func file(_ path: String) -> SourceFile? { self.files.first { $0.path == path } }

    private static func isFolder(_ path: String) -> Bool {
        var information = stat()
        return stat("\(self.root)/\(path)", &information) == 0
            && information.st_mode & S_IFMT == S_IFDIR
    }

    /// The names in a folder, without those that begin with a dot.
    private static func entries(of folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix("."), name != "__pycache__" { names.append(name) }
        }
        return names
    }

    private static func collect(_ folder: String, into paths: inout [String]) {
        for name in self.entries(of: "\(self.root)/\(folder)") {
            let path = "\(folder)/\(name)"
            guard path != self.corpora else { continue }
            if self.isFolder(path) { self.collect(path, into: &paths) } else { paths.append(path) }
        }
    }

    private static func read(_ path: String) -> SourceFile? {
        guard let file = fopen("\(self.root)/\(path)", "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 * 1024)
        while case let count = fread(&block, 1, block.count, file), count > 0 {
            bytes += block[..<count]
        }
        let text = String(decoding: bytes, as: UTF8.self)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return SourceFile(path: path, lines: lines)
    }
}
