// SPDX-License-Identifier: Apache-2.0

import Bytes
import Glibc
import Testing

@testable import ObjectStorage

@Suite("Multipart uploads: files")
struct MultipartStoreTests {
    let temporary: TemporaryFolder
    let key: ObjectKey

    init() throws {
        self.temporary = try TemporaryFolder()
        self.key = try ObjectKey(validating: Array("k/é".utf8))
    }

    private func open(
        _ folder: StateFolder,
        now: UInt64 = 0,
        _ reports: BucketStoreTests.Reports = .init()
    ) throws -> MultipartStore {
        try MultipartStore(folder: folder, now: now) { reports.sentences.append($0) }
    }

    private var record: MultipartStore.Record {
        MultipartStore.Record(
            bucket: "exams",
            template: ObjectMetadata(key: "k/é", contentType: "image/png"),
            initiatedNanoseconds: 1000
        )
    }

    private func putPart(
        _ number: Int,
        _ bytes: [UInt8],
        _ folder: StateFolder,
        _ store: MultipartStore,
        _ upload: MultipartStore.Upload
    ) throws {
        let writer = try folder.makeWriter()
        try bytes.withUnsafeBytes { try writer.write($0) }
        var metadata = ObjectMetadata(key: "k/é")
        metadata.lengthBytes = UInt64(bytes.count)
        metadata.eTag = Hex.encode(Digest.hash(bytes, with: .md5))
        try writer.seal(metadata)
        try store.commit(writer, metadata, number: number, of: upload)
    }

    @Test("an upload survives a restart and is put together")
    func restartAndComplete() throws {
        let big = [UInt8](repeating: 7, count: Int(MultipartStore.partBytesMin))
        let id: String
        do {
            let folder = try StateFolder(self.temporary.path)
            let store = try self.open(folder)
            let upload = try store.begin(self.record, key: self.key)
            id = upload.id
            try self.putPart(2, [1, 2, 3], folder, store, upload)
            try self.putPart(1, [9], folder, store, upload)
            try self.putPart(1, big, folder, store, upload)
        }
        let folder = try StateFolder(self.temporary.path)
        let store = try self.open(folder)
        let upload = try store.upload(id, bucket: "exams", key: self.key)
        #expect(upload.record == self.record)
        #expect(upload.parts.map(\.lengthBytes) == [UInt64(big.count), 3])
        let tags = upload.parts.map { (number: $0.number, eTag: $0.eTag) }
        let plan = try store.plan(upload, tags)
        let hashes = Digest.hash(big, with: .md5) + Digest.hash([1, 2, 3], with: .md5)
        #expect(plan.eTag == Hex.encode(Digest.hash(hashes, with: .md5)) + "-2")
        let writer = try folder.makeWriter()
        try plan.run(into: writer)
        #expect(writer.lengthBytes == plan.lengthBytes)
        #expect(
            try FileIO.read(.init(plan.lengthBytes), at: 0, of: writer.file) == big + [1, 2, 3]
        )
        try store.remove(upload)
        expectBucketError(.noSuchUpload) {
            _ = try store.upload(id, bucket: "exams", key: self.key)
        }
        #expect(try self.temporary.files(in: "multipart").isEmpty)
    }

    @Test("lists of parts that cannot be completed")
    func refusals() throws {
        let folder = try StateFolder(self.temporary.path)
        let store = try self.open(folder)
        let upload = try store.begin(self.record, key: self.key)
        let big = [UInt8](repeating: 7, count: Int(MultipartStore.partBytesMin))
        let small = Array(big.dropLast())
        try self.putPart(1, big, folder, store, upload)
        try self.putPart(2, small, folder, store, upload)
        try self.putPart(3, [], folder, store, upload)
        let tags = upload.parts.map(\.eTag)
        expectBucketError(.malformedXML) { _ = try store.plan(upload, []) }
        expectBucketError(.entityTooSmall) {
            _ = try store.plan(upload, [(1, tags[0]), (2, tags[1]), (3, tags[2])])
        }
        expectBucketError(.invalidPartOrder) {
            _ = try store.plan(upload, [(2, tags[1]), (1, tags[0])])
        }
        expectBucketError(.invalidPartOrder) {
            _ = try store.plan(upload, [(1, tags[0]), (1, tags[0])])
        }
        expectBucketError(.invalidPart) { _ = try store.plan(upload, [(1, tags[1])]) }
        expectBucketError(.invalidPart) { _ = try store.plan(upload, [(4, tags[0])]) }
        _ = try store.plan(upload, [(1, tags[0]), (3, tags[2])])
    }

    @Test("an upload belongs to its bucket and key")
    func foreignUpload() throws {
        let store = try self.open(StateFolder(self.temporary.path))
        let upload = try store.begin(self.record, key: self.key)
        let other = try ObjectKey(validating: [0x61])
        expectBucketError(.noSuchUpload) {
            _ = try store.upload(upload.id, bucket: "other", key: self.key)
        }
        expectBucketError(.noSuchUpload) {
            _ = try store.upload(upload.id, bucket: "exams", key: other)
        }
        expectBucketError(.noSuchUpload) {
            _ = try store.upload("../\(upload.id)", bucket: "exams", key: self.key)
        }
        upload.isCompleting = true
        expectBucketError(.noSuchUpload) {
            _ = try store.upload(upload.id, bucket: "exams", key: self.key)
        }
    }

    @Test(
        "uploads older than a day go at the start",
        arguments: [(0, true), (1, false)] as [(UInt64, Bool)]
    )
    func staleUploads(late: UInt64, isKept: Bool) throws {
        let id = try self.open(StateFolder(self.temporary.path))
            .begin(self.record, key: self.key).id
        let reports = BucketStoreTests.Reports()
        let now = 1000 + MultipartStore.ageNanosecondsMax + late
        let store = try self.open(StateFolder(self.temporary.path), now: now, reports)
        #expect(store.uploads(to: "exams").map(\.id) == (isKept ? [id] : []))
        #expect(reports.sentences.count == (isKept ? 0 : 1))
    }

    @Test("damaged uploads and parts go at the start")
    func damaged() throws {
        let id: String
        do {
            let folder = try StateFolder(self.temporary.path)
            let store = try self.open(folder)
            let upload = try store.begin(self.record, key: self.key)
            id = upload.id
            try self.putPart(1, [1], folder, store, upload)
        }
        try self.temporary.write([1, 2], to: "multipart/\(id)/part-00002")
        try FileIO.makeFolder("\(self.temporary.path)/multipart/broken")
        try self.temporary.write([1, 2], to: "multipart/broken/upload.json")
        let reports = BucketStoreTests.Reports()
        let store = try self.open(StateFolder(self.temporary.path), now: 0, reports)
        #expect(store.uploads(to: "exams").map { $0.parts.map(\.number) } == [[1]])
        #expect(reports.sentences.count == 2)
        #expect(
            try self.temporary.files(in: "multipart") == [
                "multipart/\(id)/part-00001", "multipart/\(id)/upload.json",
            ]
        )
    }

    @Test("uploads under way are bounded")
    func uploadsMax() throws {
        let store = try self.open(StateFolder(self.temporary.path))
        for _ in 0..<MultipartStore.uploadsMax {
            _ = try store.begin(self.record, key: self.key)
        }
        expectBucketError(.slowDown) { _ = try store.begin(self.record, key: self.key) }
        try store.removeAll(to: "exams")
        #expect(store.uploads(to: "exams").isEmpty)
    }
}
