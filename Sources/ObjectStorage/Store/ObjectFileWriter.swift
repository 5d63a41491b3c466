// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc

/// An object's file while it is written: under a temporary name, and removed if nobody commits it.
///
/// `@unchecked Sendable`: used by one task at a time, on the bucket's loop or on its disk thread.
final class ObjectFileWriter: @unchecked Sendable {
    /// The file, open for reading and writing.
    let file: OpenFile
    /// How many bytes of the object were written.
    private(set) var lengthBytes: UInt64 = 0
    private let path: String
    private var isCommitted = false

    /// Makes a file that does not exist yet.
    convenience init(temporaryPath path: String) throws {
        let file = try FileIO.open(path, O_RDWR | O_CREAT | O_EXCL)
        self.init(file: file, path: path)
    }

    /// Takes over a file that is open.
    init(file: OpenFile, path: String) {
        self.file = file
        self.path = path
    }

    deinit {
        if !self.isCommitted { unlink(self.path) }
    }

    /// Adds bytes to the object.
    ///
    /// - Throws: ``BucketError``, `storageFull` when the disk is.
    func write(_ bytes: UnsafeRawBufferPointer) throws(BucketError) {
        do {
            try FileIO.write(bytes, to: self.file)
        } catch {
            throw BucketError(writing: error)
        }
        self.lengthBytes += UInt64(bytes.count)
    }

    /// Adds a part of another file to the object.
    func append(_ length: UInt64, at offset: UInt64, of source: OpenFile) throws(BucketError) {
        do {
            try FileIO.copy(length, at: offset, of: source, to: self.file)
        } catch {
            throw BucketError(writing: error)
        }
        self.lengthBytes += length
    }

    /// Writes the end of the file; afterwards it only needs its name.
    func seal(_ metadata: ObjectMetadata) throws {
        precondition(metadata.lengthBytes == self.lengthBytes, "the metadata counts the bytes")
        let trailer = try ObjectFile.trailer(for: metadata)
        do {
            try FileIO.write(trailer, to: self.file)
        } catch {
            throw BucketError(writing: error)
        }
    }

    /// Waits until what was written is safe from a loss of power.
    func synchronise() throws(BucketError) {
        do {
            try FileIO.synchronise(self.file)
        } catch {
            throw BucketError(writing: error)
        }
    }

    /// Gives the sealed file its name, in place of whatever had it.
    func commit(as path: String) throws(BucketError) {
        do {
            try FileIO.rename(self.path, to: path)
        } catch {
            throw BucketError(writing: error)
        }
        self.isCommitted = true
    }
}

extension BucketError {
    /// What a failed system call means for the client; the path stays out of the sentence.
    init(writing error: SystemError) {
        if error.isStorageFull || error.code == EFBIG {
            self.init(
                .storageFull,
                "The disk that holds the bucket is full; free some space, then try again."
            )
        } else {
            self.init(
                .internalError,
                "The object could not be stored: \(error)."
            )
        }
    }
}
