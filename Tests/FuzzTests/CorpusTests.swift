// SPDX-License-Identifier: Apache-2.0

import FuzzTargets
import Glibc
import Testing

@Suite("What the fuzzers came across, replayed")
struct CorpusTests {
    @Test("every input of the corpora keeps the rules", arguments: FuzzTarget.allCases)
    func replay(_ target: FuzzTarget) throws {
        let inputs = try Corpus.inputs(of: target)
        #expect(inputs.count >= 10, "the corpus of \(target.rawValue) is missing")
        #expect(inputs.count <= Corpus.inputsMax, "make it smaller: libFuzzer's -merge=1")
        for (name, bytes) in inputs {
            #expect(throws: Never.self, "\(target.rawValue)/\(name)") { try target.check(bytes) }
        }
    }

    @Test("so does every prefix of them", arguments: FuzzTarget.allCases)
    func prefixes(_ target: FuzzTarget) throws {
        for (name, bytes) in try Corpus.inputs(of: target) where bytes.count <= 100 {
            for length in bytes.indices {
                #expect(throws: Never.self, "\(target.rawValue)/\(name), \(length) bytes") {
                    try target.check(Array(bytes[..<length]))
                }
            }
        }
    }
}

/// The inputs under `Tests/Fixtures/corpora`, a folder for each target.
private enum Corpus {
    static let inputsMax = 200

    private static let root: String = {
        let parts = #filePath.split(separator: "/").dropLast(2)
        return "/" + parts.joined(separator: "/") + "/Fixtures/corpora"
    }()

    static func inputs(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let folder = "\(self.root)/\(target.rawValue)"
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var inputs: [(name: String, bytes: [UInt8])] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix(".") else { continue }
            inputs.append((name, try self.read("\(folder)/\(name)")))
        }
        return inputs.sorted { $0.name < $1.name }
    }

    private static func read(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"), "\(path) cannot be opened")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&block, 1, block.count, file), count > 0 {
            bytes += block[..<count]
        }
        return bytes
    }
}
