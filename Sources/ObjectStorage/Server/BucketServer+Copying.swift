// SPDX-License-Identifier: Apache-2.0

import Bytes
import EventLoop
import HTTP

extension BucketServer {
    /// The bytes that are read, hashed and written at a time.
    private static let copyBytes: UInt64 = 1024 * 1024

    func copyObject(_ request: S3Request) async throws {
        let key = try request.key()
        _ = try self.store.bucket(request.bucket)
        let (source, object) = try self.openSource(request)
        var metadata = try RequestMetadata.make(for: key, request.fields)
        let replacesMetadata =
            request.fields["x-amz-metadata-directive"]?.uppercased() == "REPLACE"
        if !replacesMetadata {
            guard source.bucket != request.bucket || source.key != key else {
                throw BucketError(
                    .invalidRequest,
                    "An object copied to itself must get other metadata"
                        + " (x-amz-metadata-directive: REPLACE)."
                )
            }
            metadata = object.metadata
            metadata.key = key.text
        }
        let length = object.metadata.lengthBytes
        let writer = try self.store.folder.makeWriter()
        metadata.lengthBytes = length
        metadata.checksums = object.metadata.checksums
        metadata.eTag = try await self.disk.run {
            try Self.copy(length, at: 0, of: object.file, to: writer)
        }
        try await self.store(writer, &metadata, key, .createdCopy, request)
        self.answer(request, xml: Self.copyResult("CopyObjectResult", metadata))
    }

    func uploadPartCopy(_ request: S3Request, number: Int, uploadID: String) async throws {
        let key = try request.key()
        let upload = try self.uploads.upload(uploadID, bucket: request.bucket, key: key)
        let (_, object) = try self.openSource(request)
        let range = ByteRange(
            field: request.fields["x-amz-copy-source-range"],
            objectLength: object.metadata.lengthBytes
        )
        var offset: UInt64 = 0
        var length = object.metadata.lengthBytes
        switch range {
        case .whole: break
        case .part(let partOffset, let partLength): (offset, length) = (partOffset, partLength)
        case .unsatisfiable:
            throw BucketError(.invalidRange, "Nothing of the source lies in the range.")
        }
        let writer = try self.store.folder.makeWriter()
        var metadata = ObjectMetadata(key: key.text)
        metadata.lengthBytes = length
        metadata.eTag = try await self.disk.run { [offset, length] in
            try Self.copy(length, at: offset, of: object.file, to: writer)
        }
        metadata.modifiedNanoseconds = self.nextMoment()
        try await self.seal(writer, metadata)
        try self.uploads.commit(writer, metadata, number: number, of: upload)
        self.answer(request, xml: Self.copyResult("CopyPartResult", metadata))
    }

    /// Opens the object to copy, if the conditions on it hold.
    private func openSource(
        _ request: S3Request
    ) throws(BucketError) -> (CopySource, BucketStore.OpenObject) {
        let source = try CopySource(field: request.fields["x-amz-copy-source"] ?? "")
        let object = try self.store.open(source.key, in: source.bucket)
        let outcome = Preconditions.evaluate(
            request.fields,
            prefix: "x-amz-copy-source-",
            eTag: object.metadata.eTag,
            modified: object.metadata.modified
        )
        guard outcome == .proceed else {
            throw BucketError(
                .preconditionFailed,
                "A condition on the source of the copy does not hold."
            )
        }
        return (source, object)
    }

    /// Copies bytes; takes as long as the disk does.
    ///
    /// - Returns: Their MD5 in hexadecimal.
    private static func copy(
        _ length: UInt64,
        at offset: UInt64,
        of source: OpenFile,
        to writer: ObjectFileWriter
    ) throws -> String {
        let digest = Digest(.md5)
        var done: UInt64 = 0
        while done < length {
            let count = Int(min(length - done, self.copyBytes))
            let bytes = try FileIO.read(count, at: offset + done, of: source)
            guard bytes.count == count else { throw ObjectFileError.truncated }
            try bytes.withUnsafeBytes { buffer in
                digest.update(buffer)
                try writer.write(buffer)
            }
            done += UInt64(count)
        }
        return Hex.encode(digest.finish())
    }

    private static func copyResult(_ root: String, _ metadata: ObjectMetadata) -> [UInt8] {
        XMLWriter.document(root) { xml in
            xml.element("LastModified", S3Documents.time(metadata.modifiedNanoseconds))
            xml.element("ETag", "\"\(metadata.eTag)\"")
        }
    }
}
