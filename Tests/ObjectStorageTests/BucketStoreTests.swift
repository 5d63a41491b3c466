// SPDX-License-Identifier: Apache-2.0

import Bytes
import EventLoop
import Glibc
import HTTP
import Testing

@testable import ObjectStorage

@Suite("Bucket store: files")
struct BucketStoreTests {
    let temporary: TemporaryFolder

    init() throws { self.temporary = try TemporaryFolder() }

    /// Collects what a store reports.
    final class Reports {
        var sentences: [String] = []
    }

    private func open(_ reports: Reports = Reports()) throws -> BucketStore {
        try BucketStore(folder: StateFolder(self.temporary.path)) { reports.sentences.append($0) }
    }

    private static func key(_ text: String) throws -> ObjectKey {
        try ObjectKey(validating: Array(text.utf8))
    }

    private static func put(
        _ bytes: [UInt8],
        _ keyText: String,
        in store: BucketStore,
        bucket: String = "exams",
        at nanoseconds: UInt64 = 1
    ) throws {
        let writer = try store.folder.makeWriter()
        try bytes.withUnsafeBytes { try writer.write($0) }
        var metadata = ObjectMetadata(key: keyText, userMetadata: ["course": "é\u{1}\"\\"])
        metadata.lengthBytes = UInt64(bytes.count)
        metadata.eTag = Hex.encode(Digest.hash(bytes, with: .md5))
        metadata.modifiedNanoseconds = nanoseconds
        try writer.seal(metadata)
        try store.commit(writer, metadata, to: self.key(keyText), in: bucket)
    }

    private static func get(
        _ keyText: String,
        in store: BucketStore,
        bucket: String = "exams"
    ) throws -> [UInt8] {
        let object = try store.open(self.key(keyText), in: bucket)
        return try FileIO.read(Int(object.metadata.lengthBytes), at: 0, of: object.file)
    }

    static let keys = [
        "a", "a b", "a+b", "a%2Fb", "é", "e\u{301}", "😀", "a//b", "../../etc/passwd", ".", "..",
        "/",
        "a/../b", "\u{1}\n", String(repeating: "n", count: 900),
        String(repeating: "é", count: 512),
    ]

    @Test("objects of any key survive a restart; no key becomes a path")
    func restart() throws {
        do {
            let store = try self.open()
            try store.createBucket("exams", at: 7)
            for (index, key) in Self.keys.enumerated() {
                try Self.put(Array(key.utf8), key, in: store, at: UInt64(index + 1))
            }
        }
        let reports = Reports()
        let store = try self.open(reports)
        #expect(reports.sentences.isEmpty)
        #expect(store.buckets.map(\.name) == ["exams"])
        #expect(store.buckets.first?.created == Timestamp(nanosecondsSinceEpoch: 7))
        #expect(store.modifiedNanosecondsMax == UInt64(Self.keys.count))
        for key in Self.keys {
            #expect(try Self.get(key, in: store) == Array(key.utf8))
            let metadata = try store.open(Self.key(key), in: "exams").metadata
            #expect(metadata.userMetadata == ["course": "é\u{1}\"\\"])
        }
        #expect(try store.bucket("exams").index.count == Self.keys.count)
        for file in try self.temporary.files(in: "buckets/exams/objects") {
            let name = file.split(separator: "/").last ?? ""
            #expect(name.utf8.count == 64 && name.utf8.allSatisfy { Hex.value(of: $0) != nil })
        }
    }

    @Test("an empty object is an object")
    func emptyObject() throws {
        let store = try self.open()
        try store.createBucket("exams", at: 1)
        try Self.put([], "empty", in: store)
        #expect(try Self.get("empty", in: store).isEmpty)
    }

    @Test("a replaced or deleted object can still be read by who opened it")
    func openedObject() throws {
        let store = try self.open()
        try store.createBucket("exams", at: 1)
        try Self.put([1, 2, 3], "k", in: store, at: 1)
        let old = try store.open(Self.key("k"), in: "exams")
        try Self.put([4], "k", in: store, at: 2)
        let new = try store.open(Self.key("k"), in: "exams")
        #expect(try store.delete(Self.key("k"), in: "exams"))
        #expect(try FileIO.read(3, at: 0, of: old.file) == [1, 2, 3])
        #expect(try FileIO.read(1, at: 0, of: new.file) == [4])
        expectBucketError(.noSuchKey) { _ = try store.open(Self.key("k"), in: "exams") }
        #expect(try !store.delete(Self.key("k"), in: "exams"))
    }

    @Test("of two uploads at once the later one wins, whichever ends last")
    func laterWins() throws {
        let store = try self.open()
        try store.createBucket("exams", at: 1)
        try Self.put([2], "k", in: store, at: 20)
        try Self.put([1], "k", in: store, at: 10)
        #expect(try Self.get("k", in: store) == [2])
        #expect(try self.temporary.files(in: "tmp").isEmpty)
    }

    @Test("a file that nobody commits is removed; those of a crash go at the start")
    func leftovers() throws {
        do {
            let store = try self.open()
            try store.createBucket("exams", at: 1)
            var writer: ObjectFileWriter? = try store.folder.makeWriter()
            try [UInt8](repeating: 1, count: 10).withUnsafeBytes { try writer?.write($0) }
            #expect(try self.temporary.files(in: "tmp").count == 1)
            writer = nil
            #expect(try self.temporary.files(in: "tmp").isEmpty)
        }
        try FileIO.makeFolders("\(self.temporary.path)/tmp/folder/inner")
        try self.temporary.write([1], to: "tmp/folder/inner/file")
        try self.temporary.write([1], to: "tmp/17")
        let reports = Reports()
        _ = try self.open(reports)
        #expect(try self.temporary.files(in: "tmp").isEmpty)
        #expect(reports.sentences.isEmpty)
    }

    @Test("an object cut at any place is set aside, never served and never a crash")
    func truncated() throws {
        let whole: [UInt8]
        let name: String
        do {
            let store = try self.open()
            try store.createBucket("exams", at: 1)
            try Self.put(Array("content".utf8), "k", in: store)
            name = "buckets/exams/objects/\(try Self.key("k").fileName)"
            whole = try self.temporary.read(name)
        }
        for count in 0..<whole.count {
            try self.temporary.write(Array(whole[..<count]), to: name)
            let reports = Reports()
            let store = try self.open(reports)
            #expect(try store.bucket("exams").index.count == 0, "cut at \(count)")
            #expect(reports.sentences.count == 1)
            #expect(try self.temporary.files(in: "buckets/exams/objects").isEmpty)
            #expect(try self.temporary.files(in: "damaged").count == 1)
        }
        try self.temporary.write(whole, to: name)
        #expect(try self.open().bucket("exams").index.count == 1)
    }

    @Test("any changed byte of the metadata or the footer is noticed")
    func flippedBytes() throws {
        let whole: [UInt8]
        let name: String
        do {
            let store = try self.open()
            try store.createBucket("exams", at: 1)
            try Self.put([1, 2, 3], "k", in: store)
            name = "buckets/exams/objects/\(try Self.key("k").fileName)"
            whole = try self.temporary.read(name)
        }
        for index in 3..<whole.count {
            var bytes = whole
            bytes[index] ^= 0x20
            try self.temporary.write(bytes, to: name)
            #expect(try self.open().bucket("exams").index.count == 0, "byte \(index)")
        }
    }

    @Test("an object under another's name is set aside")
    func wrongName() throws {
        do {
            let store = try self.open()
            try store.createBucket("exams", at: 1)
            try Self.put([1], "k", in: store)
        }
        let objects = "\(self.temporary.path)/buckets/exams/objects"
        let wrong = try Self.key("other").fileName
        try FileIO.rename("\(objects)/\(Self.key("k").fileName)", to: "\(objects)/\(wrong)")
        let reports = Reports()
        #expect(try self.open(reports).bucket("exams").index.count == 0)
        #expect(reports.sentences.first?.contains("contradicts itself") == true)
    }

    @Test("links and folders among the objects are not followed")
    func linksAndFolders() throws {
        try self.open().createBucket("exams", at: 1)
        let objects = "\(self.temporary.path)/buckets/exams/objects"
        symlink("/etc/passwd", "\(objects)/link")
        try FileIO.makeFolder("\(objects)/folder")
        let reports = Reports()
        #expect(try self.open(reports).bucket("exams").index.count == 0)
        #expect(reports.sentences.count == 2)
    }

    @Test("a file that vanished or broke while we run is an error once, then no object")
    func brokenWhileRunning() throws {
        let store = try self.open()
        try store.createBucket("exams", at: 1)
        try Self.put([1], "gone", in: store)
        try Self.put([1], "broken", in: store)
        let objects = "buckets/exams/objects"
        try FileIO.remove("\(self.temporary.path)/\(objects)/\(Self.key("gone").fileName)")
        try self.temporary.write([9], to: "\(objects)/\(try Self.key("broken").fileName)")
        for key in ["gone", "broken"] {
            expectBucketError(.internalError) { _ = try store.open(Self.key(key), in: "exams") }
            expectBucketError(.noSuchKey) { _ = try store.open(Self.key(key), in: "exams") }
        }
    }

    @Test("a full disk is 507 in one sentence, and the object before stays")
    func diskFull() throws {
        let full = try FileIO.open("/dev/full", O_WRONLY)
        let writer = ObjectFileWriter(file: full, path: "\(self.temporary.path)/none")
        expectBucketError(.storageFull) {
            try [UInt8](repeating: 0, count: 10).withUnsafeBytes { try writer.write($0) }
        }
        #expect(S3ErrorCode.storageFull.status == 507)
        expectBucketError(.storageFull) { try writer.seal(ObjectMetadata(key: "k")) }
        #expect(BucketError(writing: SystemError("write", code: EDQUOT)).code == .storageFull)
        #expect(BucketError(writing: SystemError("write", code: EIO)).code == .internalError)
    }

    @Test("two processes cannot use one folder")
    func lock() throws {
        let first = try StateFolder(self.temporary.path)
        #expect(throws: StateFolderError.self) { try StateFolder(self.temporary.path) }
        #expect(first.deploymentID.utf8.count == 36)
    }

    @Test("the identifier of the state is kept")
    func deploymentID() throws {
        let first = try StateFolder(self.temporary.path).deploymentID
        #expect(try StateFolder(self.temporary.path).deploymentID == first)
    }

    @Test("a folder that cannot be made is one sentence")
    func impossibleFolder() {
        #expect {
            try StateFolder("/proc/nothing")
        } throws: { error in
            "\(error)".hasPrefix("The folder /proc/nothing cannot hold the buckets: mkdir")
        }
    }

    @Test("buckets: made once, deleted when empty, listed by name")
    func buckets() throws {
        let store = try self.open()
        try store.createBucket("zebra", at: 1)
        try store.createBucket("apple", at: 2)
        #expect(store.buckets.map(\.name) == ["apple", "zebra"])
        expectBucketError(.bucketAlreadyOwnedByYou) { try store.createBucket("apple", at: 3) }
        expectBucketError(.invalidBucketName) { try store.createBucket("../apple", at: 3) }
        try Self.put([1], "k", in: store, bucket: "apple")
        expectBucketError(.bucketNotEmpty) { try store.deleteBucket("apple") }
        _ = try store.delete(Self.key("k"), in: "apple")
        try store.deleteBucket("apple")
        expectBucketError(.noSuchBucket) { try store.deleteBucket("apple") }
        #expect(try FileIO.names(in: "\(self.temporary.path)/buckets") == ["zebra"])
    }

    @Test("the number of buckets is bounded")
    func bucketsMax() throws {
        let store = try self.open()
        for number in 0..<BucketStore.bucketsMax { try store.createBucket("b-\(number)", at: 1) }
        expectBucketError(.tooManyBuckets) { try store.createBucket("one-more", at: 1) }
    }

    @Test(
        "names of buckets",
        arguments: [
            ("abc", true), ("a-b.c", true), ("123", true),
            (String(repeating: "a", count: 63), true),
            ("ab", false), (String(repeating: "a", count: 64), false), ("Abc", false),
            ("a_b", false), ("-abc", false), ("abc-", false), (".abc", false), ("a..b", false),
            ("192.168.1.1", false), ("1.2.3.x", true), ("a/b", false), ("", false), ("äbc", false),
            ("a.b.c.d", true),
        ]
    )
    func bucketNames(name: String, isValid: Bool) {
        #expect(BucketName.isValid(name) == isValid)
    }

    @Test("keys: at the limit and one past it")
    func keyLimits() throws {
        _ = try ObjectKey(validating: [UInt8](repeating: 0x61, count: 1024))
        expectBucketError(.keyTooLong) {
            _ = try ObjectKey(validating: [UInt8](repeating: 0x61, count: 1025))
        }
        expectBucketError(.invalidArgument) { _ = try ObjectKey(validating: []) }
        expectBucketError(.invalidArgument) { _ = try ObjectKey(validating: [0x61, 0]) }
        expectBucketError(.invalidArgument) { _ = try ObjectKey(validating: [0xC3]) }
        #expect(try Self.key("é") != Self.key("e\u{301}"))
    }
}
