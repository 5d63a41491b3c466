// SPDX-License-Identifier: Apache-2.0

import Bytes
import EventLoop
import FoundationEssentials
import Glibc

/// The buckets and their objects on disk, with a sorted index of the keys in memory.
///
/// Belongs to one thread. What it does itself is short: names, small reads and renames. Whoever
/// writes an object decides when to wait for the disk (``FileIO/synchronise(_:)``) before
/// ``commit(_:_:to:)``.
final class BucketStore {
    /// Most buckets of a store, Amazon's first limit too.
    static let bucketsMax = 100

    /// What the index knows of an object.
    struct Entry: Sendable, Equatable {
        var lengthBytes: UInt64
        var eTag: String
        var modifiedNanoseconds: UInt64

        init(_ metadata: ObjectMetadata) {
            self.lengthBytes = metadata.lengthBytes
            self.eTag = metadata.eTag
            self.modifiedNanoseconds = metadata.modifiedNanoseconds
        }
    }

    /// One bucket.
    final class Bucket {
        let name: String
        let created: Timestamp
        fileprivate(set) var index = SortedIndex<Entry>()

        fileprivate init(name: String, created: Timestamp) {
            self.name = name
            self.created = created
        }
    }

    /// An object that can be read; it stays readable when it is replaced or deleted.
    struct OpenObject: Sendable {
        var file: OpenFile
        var metadata: ObjectMetadata
    }

    private struct BucketRecord: Codable {
        var createdNanoseconds: UInt64
    }

    let folder: StateFolder
    private let report: (String) -> Void
    private var bucketsByName: [String: Bucket] = [:]
    /// The youngest time of any object, so that the clock goes on from there.
    private(set) var modifiedNanosecondsMax: UInt64 = 0

    /// Reads what the folder holds; what is damaged is set aside and reported, one sentence each.
    init(folder: StateFolder, report: @escaping (String) -> Void) throws {
        self.folder = folder
        self.report = report
        for name in try FileIO.names(in: folder.bucketsPath) {
            guard BucketName.isValid(name) else {
                report(
                    "\(folder.bucketsPath)/\(name) is not the folder of a bucket; it is ignored."
                )
                continue
            }
            try self.scan(name)
        }
    }

    // MARK: Buckets

    /// All buckets, sorted by name.
    var buckets: [Bucket] { self.bucketsByName.values.sorted { $0.name < $1.name } }

    /// A bucket that exists.
    func bucket(_ name: String) throws(BucketError) -> Bucket {
        guard let bucket = self.bucketsByName[name] else {
            throw BucketError(.noSuchBucket, "The bucket does not exist.")
        }
        return bucket
    }

    /// Makes a bucket.
    func createBucket(_ name: String, at nanoseconds: UInt64) throws {
        guard BucketName.isValid(name) else {
            throw BucketError(
                .invalidBucketName,
                "A bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens,"
                    + " starts and ends with a letter or digit, and is no IP address."
            )
        }
        guard self.bucketsByName[name] == nil else {
            throw BucketError(.bucketAlreadyOwnedByYou, "The bucket exists already, and is yours.")
        }
        guard self.bucketsByName.count < Self.bucketsMax else {
            throw BucketError(
                .tooManyBuckets,
                "There are \(Self.bucketsMax) buckets, which is the limit."
            )
        }
        let record = BucketRecord(createdNanoseconds: nanoseconds)
        let path = self.folder.temporaryPath()
        do {
            try FileIO.makeFolder(path)
            try FileIO.makeFolder("\(path)/objects")
            let file = try FileIO.open("\(path)/bucket.json", O_WRONLY | O_CREAT | O_EXCL)
            try FileIO.write(Array(try JSONEncoder().encode(record)), to: file)
            try FileIO.rename(path, to: self.path(of: name))
        } catch let error as SystemError {
            throw BucketError(writing: error)
        }
        self.bucketsByName[name] = Bucket(
            name: name,
            created: Timestamp(nanosecondsSinceEpoch: nanoseconds)
        )
    }

    /// Deletes a bucket that has no objects.
    func deleteBucket(_ name: String) throws(BucketError) {
        guard try self.bucket(name).index.count == 0 else {
            throw BucketError(.bucketNotEmpty, "The bucket still holds objects; delete them first.")
        }
        let path = self.folder.temporaryPath()
        do {
            try FileIO.rename(self.path(of: name), to: path)
            self.bucketsByName[name] = nil
            try FileIO.removeTree(path)
        } catch {
            throw BucketError(writing: error)
        }
    }

    private func path(of bucket: String) -> String { "\(self.folder.bucketsPath)/\(bucket)" }

    /// The folder with the files of a bucket's objects.
    func objectsPath(of bucket: String) -> String { "\(self.path(of: bucket))/objects" }

    private func path(of key: ObjectKey, in bucket: String) -> String {
        "\(self.objectsPath(of: bucket))/\(key.fileName)"
    }

    // MARK: Objects

    /// Gives a sealed file its place: from here on this is the object of that key.
    ///
    /// Of two uploads at once the one with the later time wins, whichever is committed last.
    func commit(
        _ writer: ObjectFileWriter,
        _ metadata: ObjectMetadata,
        to key: ObjectKey,
        in name: String
    ) throws(BucketError) {
        let bucket = try self.bucket(name)
        if let other = bucket.index[key], other.modifiedNanoseconds > metadata.modifiedNanoseconds {
            return
        }
        try writer.commit(as: self.path(of: key, in: name))
        bucket.index.set(key, Entry(metadata))
    }

    /// Opens an object.
    func open(_ key: ObjectKey, in name: String) throws(BucketError) -> OpenObject {
        let bucket = try self.bucket(name)
        guard bucket.index[key] != nil else { throw Self.noSuchKey }
        let path = self.path(of: key, in: name)
        do {
            let file = try FileIO.open(path, O_RDONLY | O_NOFOLLOW)
            return OpenObject(file: file, metadata: try ObjectFile.metadata(of: file))
        } catch let error as SystemError where error.code != ENOENT {
            // The object may well be whole: too many open files, for example.
            throw BucketError(.internalError, "The object could not be read: \(error).")
        } catch {
            bucket.index.remove(key)
            self.setAside(path, because: error)
            throw BucketError(
                .internalError,
                "The object's file is damaged or gone, so the object was taken out of the bucket;"
                    + " upload it again."
            )
        }
    }

    /// Deletes an object.
    ///
    /// - Returns: Whether there was one.
    func delete(_ key: ObjectKey, in name: String) throws(BucketError) -> Bool {
        let bucket = try self.bucket(name)
        guard bucket.index[key] != nil else { return false }
        do {
            try FileIO.remove(self.path(of: key, in: name))
        } catch {
            throw BucketError(writing: error)
        }
        bucket.index.remove(key)
        return true
    }

    static var noSuchKey: BucketError {
        BucketError(.noSuchKey, "The bucket has no object of that key.")
    }

    // MARK: Start

    private func scan(_ name: String) throws {
        let bucket = Bucket(name: name, created: self.readCreated(name))
        self.bucketsByName[name] = bucket
        let objectsPath = self.objectsPath(of: name)
        try FileIO.makeFolder(objectsPath)
        for fileName in try FileIO.names(in: objectsPath) {
            let path = "\(objectsPath)/\(fileName)"
            do {
                let file = try FileIO.open(path, O_RDONLY | O_NOFOLLOW)
                let metadata = try ObjectFile.metadata(of: file)
                let key = try ObjectKey(validating: Array(metadata.key.utf8))
                guard key.fileName == fileName else { throw ObjectFileError.inconsistent }
                bucket.index.set(key, Entry(metadata))
                self.modifiedNanosecondsMax = max(
                    self.modifiedNanosecondsMax,
                    metadata.modifiedNanoseconds
                )
            } catch let error as SystemError where error.code != EISDIR && error.code != ELOOP {
                // The object may well be whole: a disk that fails to read, for example.
                self.report("\(path) is left out, as it cannot be read: \(error).")
            } catch {
                self.setAside(path, because: error)
            }
        }
    }

    private func readCreated(_ name: String) -> Timestamp {
        do {
            let file = try FileIO.open("\(self.path(of: name))/bucket.json", O_RDONLY)
            let json = try FileIO.read(1024, at: 0, of: file)
            let record = try JSONDecoder().decode(BucketRecord.self, from: Data(json))
            return Timestamp(nanosecondsSinceEpoch: record.createdNanoseconds)
        } catch {
            self.report("The bucket \(name) has lost the time of its creation.")
            return Timestamp(secondsSinceEpoch: 0)
        }
    }

    private func setAside(_ path: String, because error: any Error) {
        let reason =
            switch error {
            case ObjectFileError.truncated: "is cut short"
            case ObjectFileError.inconsistent: "contradicts itself"
            case let error as SystemError: "cannot be read (\(error))"
            default: "has metadata that cannot be read"
            }
        do {
            try self.folder.setAside(path)
            self.report("\(path) \(reason); it was moved to \(self.folder.path)/damaged.")
        } catch {
            self.report("\(path) \(reason), and cannot be moved away: \(error).")
        }
    }
}
