// SPDX-License-Identifier: Apache-2.0

import Bytes
import EventLoop
import Glibc

/// Where the bucket's state lies, and the lock on it.
///
/// ```
/// buckets/<bucket>/bucket.json         when it was created
/// buckets/<bucket>/objects/<SHA-256>   one file an object, named by the hash of its key
/// multipart/<upload>/                  upload.json and one file a part
/// tmp/                                 files being written; emptied at the start
/// damaged/                             what was found and is no object, for a person to look at
/// deployment-id                        a UUID, made once
/// lock                                 held as long as a process uses the folder
/// ```
final class StateFolder {
    /// The folder itself.
    let path: String
    /// The identifier of this state, a UUID.
    let deploymentID: String
    private let lock: OpenFile
    private var temporaryCount: UInt64 = 0

    var bucketsPath: String { "\(self.path)/buckets" }
    var multipartPath: String { "\(self.path)/multipart" }
    private var temporaryFolderPath: String { "\(self.path)/tmp" }
    private var damagedPath: String { "\(self.path)/damaged" }

    /// Makes what is missing, takes the lock, and empties `tmp`.
    ///
    /// - Throws: ``StateFolderError`` in one sentence, also when another process has the lock.
    init(_ path: String) throws(StateFolderError) {
        do {
            try FileIO.makeFolders(path)
            self.path = path
            self.lock = try FileIO.open("\(path)/lock", O_RDWR | O_CREAT)
            guard flock(self.lock.descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw StateFolderError(
                    description: "The folder \(path) is in use by another process;"
                        + " stop that one, or choose another folder."
                )
            }
            self.deploymentID = try Self.readOrMakeIdentifier("\(path)/deployment-id")
            for name in ["buckets", "multipart", "tmp", "damaged"] {
                try FileIO.makeFolder("\(path)/\(name)")
            }
            for name in try FileIO.names(in: "\(path)/tmp") {
                try FileIO.removeTree("\(path)/tmp/\(name)")
            }
        } catch let error as StateFolderError {
            throw error
        } catch {
            throw StateFolderError(
                description: "The folder \(path) cannot hold the buckets: \(error)."
            )
        }
    }

    private static func readOrMakeIdentifier(_ path: String) throws -> String {
        let file = try FileIO.open(path, O_RDWR | O_CREAT)
        let text = String(decoding: try FileIO.read(36, at: 0, of: file), as: UTF8.self)
        let isIdentifier =
            text.utf8.count == 36
            && text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || Hex.value(of: $0) != nil }
        if isIdentifier { return text }
        let identifier = UUIDText.random()
        try FileIO.write(Array(identifier.utf8), to: file)
        return identifier
    }

    /// A path in `tmp` that no file has; on the file system of the rest, so that a rename moves.
    func temporaryPath() -> String {
        self.temporaryCount += 1
        return "\(self.temporaryFolderPath)/\(self.temporaryCount)"
    }

    /// A file in `tmp` for a new object.
    func makeWriter() throws(BucketError) -> ObjectFileWriter {
        do {
            return try ObjectFileWriter(temporaryPath: self.temporaryPath())
        } catch let error as SystemError {
            throw BucketError(writing: error)
        } catch {
            throw BucketError(.internalError, "The object could not be stored.")
        }
    }

    /// Takes a file that is no object out of the way; it is never deleted.
    func setAside(_ path: String) throws(SystemError) {
        let name = path.dropFirst(self.path.utf8.count + 1).split(separator: "/")
            .joined(separator: "-")
        try FileIO.rename(path, to: "\(self.damagedPath)/\(name)")
    }
}

/// Why the state's folder cannot be used; one sentence.
package struct StateFolderError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong.
    package var description: String
}
