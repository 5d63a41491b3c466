// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import HTTPClient

extension S3Client {
    /// Files up to this length are sent by one request, longer ones in parts.
    static let singleBytesMax: Int64 = 64 * 1024 * 1024
    /// The length of a part, unless ten thousand of them would not do.
    static let partBytes: Int64 = 16 * 1024 * 1024
    static let partsMax: Int64 = 10_000

    /// Stores a file from its beginning on; its position is left alone.
    ///
    /// Up to 64 MiB go by one request, more in parts, so that memory stays flat and a lost
    /// connection costs one part.
    ///
    /// - Parameters:
    ///   - bucket: The bucket.
    ///   - key: The key of the object.
    ///   - descriptor: A regular file, which stays the caller's.
    ///   - length: How many bytes of it are sent.
    ///   - contentType: What the object is.
    ///   - userMetadata: What else to say of it.
    ///   - progress: Told now and then how many bytes the server has taken.
    /// - Returns: The entity tag, without quotes.
    /// - Throws: ``S3Error``.
    @discardableResult
    package func putObject(
        bucket: String,
        key: String,
        file descriptor: Int32,
        length: Int64,
        contentType: String,
        userMetadata: [String: String] = [:],
        progress: (@Sendable (_ sentBytes: Int64) -> Void)? = nil
    ) async throws -> String {
        let fields = Self.fields(contentType, userMetadata)
        progress?(0)
        guard length > Self.singleBytesMax else {
            var call = S3Call(method: .put, bucket: bucket, key: key)
            call.fields = fields
            try await self.setFile(descriptor, offset: 0, length: length, of: &call)
            let eTag = try Self.eTag(of: try await self.send(call))
            progress?(length)
            return eTag
        }
        let uploadID = try await self.createUpload(bucket, key, fields)
        do {
            let eTags = try await self.sendParts(
                (bucket, key, uploadID),
                of: descriptor,
                length: length,
                progress
            )
            return try await self.completeUpload(bucket, key, uploadID, eTags)
        } catch {
            // The server gives up abandoned uploads by itself in time; this is a courtesy.
            _ = try? await self.send(Self.call(.delete, bucket, key, uploadID))
            throw error
        }
    }

    /// Sets the body; over an open wire its hash is signed, so that a change on the way is noticed.
    private func setFile(
        _ descriptor: Int32,
        offset: Int64,
        length: Int64,
        of call: inout S3Call
    ) async throws {
        call.body = .file(descriptor: descriptor, offset: offset, length: length)
        call.timeout = self.configuration.transferTimeout
        call.payloadHash =
            self.configuration.isEncrypted
            ? .unsigned
            : .hash(try await FileHash.sha256(of: descriptor, offset: offset, length: length))
    }

    private static func call(
        _ method: HTTPMethod,
        _ bucket: String,
        _ key: String,
        _ uploadID: String
    ) -> S3Call {
        var call = S3Call(method: method, bucket: bucket, key: key)
        call.query.append("uploadId", uploadID)
        return call
    }

    private func createUpload(
        _ bucket: String,
        _ key: String,
        _ fields: HTTPFields
    ) async throws -> String {
        var call = S3Call(method: .post, bucket: bucket, key: key)
        call.query.append("uploads", "")
        call.fields = fields
        let body = try await self.send(call).body
        guard let root = try? XMLReader.parse(body), let id = root["UploadId"]?.text, !id.isEmpty
        else {
            throw S3Error(
                code: "invalidAnswer",
                message: "The S3 server began an upload in parts but named no identifier."
            )
        }
        return id
    }

    private func sendParts(
        _ upload: (bucket: String, key: String, id: String),
        of descriptor: Int32,
        length: Int64,
        _ progress: (@Sendable (_ sentBytes: Int64) -> Void)?
    ) async throws -> [String] {
        let partBytes = max(Self.partBytes, (length + Self.partsMax - 1) / Self.partsMax)
        var eTags: [String] = []
        var offset: Int64 = 0
        while offset < length {
            let count = min(partBytes, length - offset)
            var call = Self.call(.put, upload.bucket, upload.key, upload.id)
            call.query.append("partNumber", String(eTags.count + 1))
            try await self.setFile(descriptor, offset: offset, length: count, of: &call)
            eTags.append(try Self.eTag(of: try await self.send(call)))
            offset += count
            progress?(offset)
        }
        return eTags
    }

    private func completeUpload(
        _ bucket: String,
        _ key: String,
        _ uploadID: String,
        _ eTags: [String]
    ) async throws -> String {
        var call = Self.call(.post, bucket, key, uploadID)
        let body = XMLWriter.document("CompleteMultipartUpload") { xml in
            for (index, eTag) in eTags.enumerated() {
                xml.element("Part") { xml in
                    xml.element("PartNumber", index + 1)
                    xml.element("ETag", "\"\(eTag)\"")
                }
            }
        }
        call.body = .bytes(body)
        call.payloadHash = .hash(Digest.hash(body, with: .sha256))
        call.timeout = self.configuration.transferTimeout
        let answer = try await self.send(call).body
        // Amazon may answer 200 at once, and report a failure in the body.
        guard let root = try? XMLReader.parse(answer),
            root.name == "CompleteMultipartUploadResult", let eTag = root["ETag"]?.text
        else { throw S3Error(status: .internalServerError, body: answer) }
        return Preconditions.unquote(eTag)
    }
}

/// Hashes of parts of files.
private enum FileHash {
    private static let readBytes = 1024 * 1024

    /// The SHA-256 of a part of a file, worked out on the global pool, as it takes a while.
    static func sha256(of descriptor: Int32, offset: Int64, length: Int64) async throws -> [UInt8] {
        try await withTaskExecutorPreference(globalConcurrentExecutor) {
            try await self.read(descriptor, offset: offset, length: length)
        }
    }

    @concurrent
    private static func read(
        _ descriptor: Int32,
        offset: Int64,
        length: Int64
    ) async throws -> [UInt8] {
        let digest = Digest(.sha256)
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: self.readBytes,
            alignment: 16
        )
        defer { buffer.deallocate() }
        var done: Int64 = 0
        while done < length {
            try Task.checkCancellation()
            let wanted = Int(min(length - done, Int64(self.readBytes)))
            let count = pread(descriptor, buffer.baseAddress, wanted, off_t(offset + done))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw S3Error(
                    code: HTTPClientError.Kind.bodyUnreadable.rawValue,
                    message: count < 0
                        ? "The file to upload cannot be read: \(SystemError.last("pread"))."
                        : "The file to upload became shorter while it was read."
                )
            }
            digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            done += Int64(count)
        }
        return digest.finish()
    }
}
