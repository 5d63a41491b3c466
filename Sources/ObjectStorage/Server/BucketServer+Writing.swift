// SPDX-License-Identifier: Apache-2.0

import Bytes
import EventLoop
import HTTP
import HTTPServer

extension BucketServer {
    func putObject(_ request: S3Request) async throws {
        let key = try request.key()
        try self.checkConditions(request, key)
        var metadata = try RequestMetadata.make(for: key, request.fields)
        let (writer, outcome) = try await self.receive(request)
        metadata.lengthBytes = outcome.lengthBytes
        metadata.eTag = outcome.md5
        metadata.checksums = outcome.checksums
        try await self.store(writer, &metadata, key, .createdPut, request)
        var fields: HTTPFields = ["ETag": "\"\(metadata.eTag)\""]
        for (name, value) in outcome.checksums { fields.append(name, value) }
        self.answer(request, .ok, fields)
    }

    /// Writes the body of a request into a file that has no name yet.
    func receive(
        _ request: S3Request
    ) async throws -> (ObjectFileWriter, ObjectUpload.Outcome) {
        let writer = try self.store.folder.makeWriter()
        let upload = try ObjectUpload(
            request.fields,
            signature: request.signature,
            bytesMax: self.configuration.objectBytesMax
        ) { bytes throws(BucketError) in try writer.write(bytes) }
        try await request.receiveBody(into: upload)
        return (writer, try upload.finish())
    }

    /// Writes the end of a file and waits until the disk has it, on the thread made for waiting.
    func seal(_ writer: ObjectFileWriter, _ metadata: ObjectMetadata) async throws {
        guard self.configuration.synchronisesWrites else { return try writer.seal(metadata) }
        try await self.disk.run {
            try writer.seal(metadata)
            try writer.synchronise()
        }
    }

    /// Makes a file the object of its key, and tells those who want to know.
    ///
    /// The notification is published before the client gets its answer. When that fails, the object
    /// stays and the client is told to send the request again: an event may then come twice, but
    /// none is lost.
    func store(
        _ writer: ObjectFileWriter,
        _ metadata: inout ObjectMetadata,
        _ key: ObjectKey,
        _ event: ObjectEventName,
        _ request: S3Request
    ) async throws {
        _ = try self.store.bucket(request.bucket)
        metadata.modifiedNanoseconds = self.nextMoment()
        try await self.seal(writer, metadata)
        // Another upload may have come first while this one was on its way.
        try self.checkConditions(request, key)
        try self.store.commit(writer, metadata, to: key, in: request.bucket)
        try await self.synchroniseFolder(self.store.objectsPath(of: request.bucket))
        self.notifier.recordStored(bucket: request.bucket, metadata)
        try await self.notify(
            event,
            key,
            sequencer: metadata.modifiedNanoseconds,
            metadata,
            request
        )
    }

    func notify(
        _ name: ObjectEventName,
        _ key: ObjectKey,
        sequencer: UInt64,
        _ metadata: ObjectMetadata?,
        _ request: S3Request
    ) async throws(BucketError) {
        let object = metadata.map { metadata in
            ObjectEvent.Object(
                lengthBytes: metadata.lengthBytes,
                eTag: metadata.eTag,
                contentType: metadata.contentType,
                userMetadata: RequestMetadata.eventMetadata(of: metadata)
            )
        }
        let event = ObjectEvent(
            name: name,
            time: Timestamp(nanosecondsSinceEpoch: sequencer),
            bucket: request.bucket,
            key: key.text,
            sequencer: sequencer,
            object: object,
            request: ObjectEvent.Request(
                accessKey: request.signature.accessKey,
                sourceAddress: request.exchange.peer.host,
                userAgent: request.fields["user-agent"] ?? "",
                requestID: request.id
            ),
            origin: self.origin
        )
        try await self.notifier.publish(event)
    }

    private func checkConditions(_ request: S3Request, _ key: ObjectKey) throws(BucketError) {
        let existing = try self.store.bucket(request.bucket).index[key]
        if existing == nil, request.fields.contains("if-match") { throw BucketStore.noSuchKey }
        guard Preconditions.mayWrite(request.fields, over: existing?.eTag) else {
            throw BucketError(.preconditionFailed, "A condition of the request does not hold.")
        }
    }
}
