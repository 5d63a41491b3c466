// SPDX-License-Identifier: Apache-2.0

import Bytes
import EventLoop
import FoundationEssentials
import Glibc

/// Uploads in parts that are under way; they survive a restart.
///
/// Belongs to the thread of its ``BucketStore``. Parts have the form of objects (``ObjectFile``).
final class MultipartStore {
    /// Uploads under way at once.
    static let uploadsMax = 1000
    /// Part numbers, as with Amazon.
    static let partNumbers = 1...10_000
    /// The least length of a part that is not the last one, as with Amazon.
    static let partBytesMin: UInt64 = 5 * 1024 * 1024
    /// At the start, uploads begun longer ago are given up, as MinIO does after a day.
    static let ageNanosecondsMax: UInt64 = 24 * 3600 * 1_000_000_000

    /// A part that was uploaded.
    struct Part: Sendable, Equatable {
        var number: Int
        var lengthBytes: UInt64
        /// The MD5 of its bytes in hexadecimal.
        var eTag: String
        var modifiedNanoseconds: UInt64
    }

    /// What an upload was begun with.
    struct Record: Codable, Equatable {
        var bucket: String
        /// The metadata of the object to be; length and entity tag are open.
        var template: ObjectMetadata
        var initiatedNanoseconds: UInt64
    }

    /// One upload.
    final class Upload {
        let id: String
        let key: ObjectKey
        let record: Record
        fileprivate var partsByNumber: [Int: Part] = [:]
        /// While the parts are put together, the upload can be neither changed nor ended.
        var isCompleting = false

        fileprivate init(id: String, key: ObjectKey, record: Record) {
            self.id = id
            self.key = key
            self.record = record
        }

        /// The parts in the order of their numbers.
        var parts: [Part] { self.partsByNumber.values.sorted { $0.number < $1.number } }
    }

    private let folder: StateFolder
    private let report: (String) -> Void
    private var uploadsByID: [String: Upload] = [:]

    /// Reads what the folder holds; uploads that are too old or damaged are removed.
    init(
        folder: StateFolder,
        now nanoseconds: UInt64,
        report: @escaping (String) -> Void
    ) throws {
        self.folder = folder
        self.report = report
        for id in try FileIO.names(in: folder.multipartPath) {
            do {
                try self.scan(id, now: nanoseconds)
            } catch {
                report("The multipart upload \(id) cannot be read; it was removed.")
                try FileIO.removeTree(self.path(of: id))
            }
        }
    }

    private func scan(_ id: String, now nanoseconds: UInt64) throws {
        let path = self.path(of: id)
        let file = try FileIO.open("\(path)/upload.json", O_RDONLY)
        let json = try FileIO.read(ObjectFile.metadataBytesMax, at: 0, of: file)
        let record = try JSONDecoder().decode(Record.self, from: Data(json))
        let key = try ObjectKey(validating: Array(record.template.key.utf8))
        let upload = Upload(id: id, key: key, record: record)
        guard
            record.initiatedNanoseconds > nanoseconds
                || nanoseconds - record.initiatedNanoseconds <= Self.ageNanosecondsMax
        else {
            self.report("The multipart upload \(id) is more than a day old; it was removed.")
            return try FileIO.removeTree(path)
        }
        for name in try FileIO.names(in: path) where name.hasPrefix("part-") {
            guard let number = Int(name.dropFirst(5)), Self.partNumbers ~= number,
                let partFile = try? FileIO.open("\(path)/\(name)", O_RDONLY | O_NOFOLLOW),
                let metadata = try? ObjectFile.metadata(of: partFile)
            else {
                self.report("A part of the multipart upload \(id) is damaged; it was removed.")
                try FileIO.removeTree("\(path)/\(name)")
                continue
            }
            upload.partsByNumber[number] = Part(number: number, metadata)
        }
        self.uploadsByID[id] = upload
    }

    private func path(of id: String) -> String { "\(self.folder.multipartPath)/\(id)" }

    private func path(of number: Int, of id: String) -> String {
        let digits = String(number)
        let zeros = String(repeating: "0", count: max(0, 5 - digits.utf8.count))
        return "\(self.path(of: id))/part-\(zeros)\(digits)"
    }

    /// Begins an upload.
    func begin(_ record: Record, key: ObjectKey) throws -> Upload {
        guard self.uploadsByID.count < Self.uploadsMax else {
            throw BucketError(
                .slowDown,
                "\(Self.uploadsMax) multipart uploads are under way, which is the limit;"
                    + " complete or abort some."
            )
        }
        let id = Hex.encode((0..<16).map { _ in UInt8.random(in: 0 ... .max) })
        let path = self.folder.temporaryPath()
        do {
            try FileIO.makeFolder(path)
            let file = try FileIO.open("\(path)/upload.json", O_WRONLY | O_CREAT | O_EXCL)
            try FileIO.write(Array(try JSONEncoder().encode(record)), to: file)
            try FileIO.rename(path, to: self.path(of: id))
        } catch let error as SystemError {
            throw BucketError(writing: error)
        }
        let upload = Upload(id: id, key: key, record: record)
        self.uploadsByID[id] = upload
        return upload
    }

    /// The upload of that identifier, if it is for that object and not being completed.
    func upload(_ id: String, bucket: String, key: ObjectKey) throws(BucketError) -> Upload {
        guard let upload = self.uploadsByID[id], upload.record.bucket == bucket, upload.key == key,
            !upload.isCompleting
        else {
            throw BucketError(
                .noSuchUpload,
                "There is no such multipart upload; it may have been completed or aborted."
            )
        }
        return upload
    }

    /// The uploads to a bucket, sorted by key and then by their beginning.
    func uploads(to bucket: String) -> [Upload] {
        self.uploadsByID.values.filter { $0.record.bucket == bucket && !$0.isCompleting }.sorted {
            ($0.key, $0.record.initiatedNanoseconds, $0.id)
                < ($1.key, $1.record.initiatedNanoseconds, $1.id)
        }
    }

    /// Gives a sealed part its place, instead of an earlier one of that number.
    func commit(
        _ writer: ObjectFileWriter,
        _ metadata: ObjectMetadata,
        number: Int,
        of upload: Upload
    ) throws(BucketError) {
        guard self.uploadsByID[upload.id] != nil, !upload.isCompleting else {
            throw BucketError(.noSuchUpload, "The multipart upload was ended meanwhile.")
        }
        try writer.commit(as: self.path(of: number, of: upload.id))
        upload.partsByNumber[number] = Part(number: number, metadata)
    }

    /// Forgets an upload and removes its parts.
    func remove(_ upload: Upload) throws(BucketError) {
        self.uploadsByID[upload.id] = nil
        do {
            try FileIO.removeTree(self.path(of: upload.id))
        } catch {
            throw BucketError(writing: error)
        }
    }

    /// Forgets all uploads to a bucket.
    func removeAll(to bucket: String) throws(BucketError) {
        for upload in self.uploadsByID.values where upload.record.bucket == bucket {
            try self.remove(upload)
        }
    }

    /// What has to be put together, checked against what the client says it uploaded.
    func plan(
        _ upload: Upload,
        _ chosen: [(number: Int, eTag: String)]
    ) throws(BucketError) -> AssemblyPlan {
        guard !chosen.isEmpty else {
            throw BucketError(.malformedXML, "The list of parts is empty.")
        }
        var plan = AssemblyPlan()
        var hashes: [UInt8] = []
        var previous: Part?
        for choice in chosen {
            if let previous {
                guard choice.number > previous.number else {
                    throw BucketError(
                        .invalidPartOrder,
                        "The parts are not listed in ascending order of their numbers."
                    )
                }
                guard previous.lengthBytes >= Self.partBytesMin else {
                    throw BucketError(
                        .entityTooSmall,
                        "Part \(previous.number) is smaller than \(Self.partBytesMin) bytes,"
                            + " which only the last part may be."
                    )
                }
            }
            guard let part = upload.partsByNumber[choice.number], part.eTag == choice.eTag,
                let hash = Hex.decode(part.eTag)
            else {
                throw BucketError(
                    .invalidPart,
                    "Part \(choice.number) was not uploaded, or with another entity tag."
                )
            }
            hashes.append(contentsOf: hash)
            plan.pieces.append((self.path(of: part.number, of: upload.id), part.lengthBytes))
            plan.lengthBytes += part.lengthBytes
            previous = part
        }
        plan.eTag = Hex.encode(Digest.hash(hashes, with: .md5)) + "-\(chosen.count)"
        return plan
    }
}

extension MultipartStore.Part {
    fileprivate init(number: Int, _ metadata: ObjectMetadata) {
        self.number = number
        self.lengthBytes = metadata.lengthBytes
        self.eTag = metadata.eTag
        self.modifiedNanoseconds = metadata.modifiedNanoseconds
    }
}

/// The files whose bytes make an object, one after the other.
struct AssemblyPlan: Sendable {
    var pieces: [(path: String, lengthBytes: UInt64)] = []
    var lengthBytes: UInt64 = 0
    /// The entity tag of the object: the MD5 of the parts' MD5s, and how many they are.
    var eTag = ""

    /// Copies the pieces; takes as long as the disk does.
    func run(into writer: ObjectFileWriter) throws(BucketError) {
        for piece in self.pieces {
            let file: OpenFile
            do {
                file = try FileIO.open(piece.path, O_RDONLY | O_NOFOLLOW)
            } catch {
                throw BucketError(.internalError, "A part could not be read: \(error).")
            }
            try writer.append(piece.lengthBytes, at: 0, of: file)
        }
    }
}
