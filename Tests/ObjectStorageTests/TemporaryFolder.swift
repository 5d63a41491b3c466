// SPDX-License-Identifier: Apache-2.0

import Glibc

@testable import ObjectStorage

/// A folder for one test, removed with its owner.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/object-storage-tests-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw BucketError(.internalError, "mkdtemp") }
        self.path = template.withUnsafeBufferPointer {
            $0.baseAddress.map { String(cString: $0) } ?? ""
        }
    }

    deinit { try? FileIO.removeTree(self.path) }

    /// All regular files below, as paths relative to the folder, sorted.
    func files(in part: String = "") throws -> [String] {
        var found: [String] = []
        for name in try FileIO.names(in: "\(self.path)/\(part)") {
            let path = part.isEmpty ? name : "\(part)/\(name)"
            if let inner = try? self.files(in: path) { found += inner } else { found.append(path) }
        }
        return found.sorted()
    }

    /// Replaces the bytes of a file.
    func write(_ bytes: [UInt8], to name: String) throws {
        let file = try FileIO.open("\(self.path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC)
        try FileIO.write(bytes, to: file)
    }

    /// The bytes of a file.
    func read(_ name: String) throws -> [UInt8] {
        let file = try FileIO.open("\(self.path)/\(name)", O_RDONLY)
        return try FileIO.read(Int(try FileIO.length(of: file)), at: 0, of: file)
    }
}
