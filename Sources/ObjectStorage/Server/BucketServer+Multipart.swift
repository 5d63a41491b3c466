// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP

extension BucketServer {
    /// Most entries of one page of parts or uploads.
    private static let entriesMax = 1000

    func createMultipartUpload(_ request: S3Request) throws {
        let key = try request.key()
        _ = try self.store.bucket(request.bucket)
        let record = MultipartStore.Record(
            bucket: request.bucket,
            template: try RequestMetadata.make(for: key, request.fields),
            initiatedNanoseconds: self.nextMoment()
        )
        let upload = try self.uploads.begin(record, key: key)
        let document = XMLWriter.document("InitiateMultipartUploadResult") { xml in
            xml.element("Bucket", request.bucket)
            xml.element("Key", key.text)
            xml.element("UploadId", upload.id)
        }
        self.answer(request, xml: document)
    }

    func uploadPart(_ request: S3Request, number: Int, uploadID: String) async throws {
        let key = try request.key()
        let upload = try self.uploads.upload(uploadID, bucket: request.bucket, key: key)
        let (writer, outcome) = try await self.receive(request)
        var metadata = ObjectMetadata(key: key.text)
        metadata.lengthBytes = outcome.lengthBytes
        metadata.eTag = outcome.md5
        metadata.modifiedNanoseconds = self.nextMoment()
        try await self.seal(writer, metadata)
        try self.uploads.commit(writer, metadata, number: number, of: upload)
        var fields: HTTPFields = ["ETag": "\"\(outcome.md5)\""]
        for (name, value) in outcome.checksums { fields.append(name, value) }
        self.answer(request, .ok, fields)
    }

    func completeMultipartUpload(_ request: S3Request, uploadID: String) async throws {
        let key = try request.key()
        let body = try await self.collectXML(request)
        let upload = try self.uploads.upload(uploadID, bucket: request.bucket, key: key)
        let chosen = try Self.chosenParts(body)
        let plan = try self.uploads.plan(upload, chosen)
        guard plan.lengthBytes <= self.configuration.objectBytesMax else {
            throw BucketError(
                .entityTooLarge,
                "The parts make an object of more than \(self.configuration.objectBytesMax) bytes."
            )
        }
        upload.isCompleting = true
        // On success the upload is gone; after a failure it can be completed once more.
        defer { upload.isCompleting = false }
        let writer = try self.store.folder.makeWriter()
        try await self.disk.run { try plan.run(into: writer) }
        var metadata = upload.record.template
        metadata.lengthBytes = plan.lengthBytes
        metadata.eTag = plan.eTag
        try await self.store(
            writer,
            &metadata,
            key,
            .createdCompleteMultipartUpload,
            request
        )
        try self.uploads.remove(upload)
        let document = XMLWriter.document("CompleteMultipartUploadResult") { xml in
            xml.element("Location", "/\(request.bucket)/\(S3Path.encode(key.text))")
            xml.element("Bucket", request.bucket)
            xml.element("Key", key.text)
            xml.element("ETag", "\"\(metadata.eTag)\"")
        }
        self.answer(request, xml: document)
    }

    private static func chosenParts(
        _ body: [UInt8]
    ) throws(BucketError) -> [(number: Int, eTag: String)] {
        let root = try self.parse(body, root: "CompleteMultipartUpload")
        var chosen: [(number: Int, eTag: String)] = []
        for part in root.all("Part") {
            guard let number = part["PartNumber"].flatMap({ Int($0.text.trimmingSpaces()) }),
                MultipartStore.partNumbers ~= number, let eTag = part["ETag"]?.text
            else {
                throw BucketError(.malformedXML, "A part needs a PartNumber and an ETag.")
            }
            chosen.append((number, Preconditions.unquote(eTag.trimmingSpaces()).lowercased()))
        }
        return chosen
    }

    func abortMultipartUpload(_ request: S3Request, uploadID: String) throws {
        let key = try request.key()
        let upload = try self.uploads.upload(uploadID, bucket: request.bucket, key: key)
        try self.uploads.remove(upload)
        self.answer(request, .noContent)
    }

    func listParts(_ request: S3Request, uploadID: String) throws {
        let key = try request.key()
        let upload = try self.uploads.upload(uploadID, bucket: request.bucket, key: key)
        let after = try request.number("part-number-marker", default: 0)
        let entriesMax = min(
            try request.number("max-parts", default: Self.entriesMax),
            Self.entriesMax
        )
        let rest = upload.parts.filter { $0.number > after }
        let parts = rest.prefix(entriesMax)
        let document = XMLWriter.document("ListPartsResult") { xml in
            xml.element("Bucket", request.bucket)
            xml.element("Key", key.text)
            xml.element("UploadId", upload.id)
            S3Documents.owner(request.signature.accessKey, "Initiator", to: &xml)
            S3Documents.owner(request.signature.accessKey, to: &xml)
            xml.element("StorageClass", "STANDARD")
            xml.element("PartNumberMarker", after)
            if let last = parts.last { xml.element("NextPartNumberMarker", last.number) }
            xml.element("MaxParts", entriesMax)
            xml.element("IsTruncated", parts.count < rest.count ? "true" : "false")
            for part in parts {
                xml.element("Part") { xml in
                    xml.element("PartNumber", part.number)
                    xml.element("LastModified", S3Documents.time(part.modifiedNanoseconds))
                    xml.element("ETag", "\"\(part.eTag)\"")
                    xml.element("Size", part.lengthBytes)
                }
            }
        }
        self.answer(request, xml: document)
    }

    func listMultipartUploads(_ request: S3Request) throws {
        _ = try self.store.bucket(request.bucket)
        let prefix = Array((request.query["prefix"] ?? "").utf8)
        let keyMarker = Array((request.query["key-marker"] ?? "").utf8)
        let idMarker = request.query["upload-id-marker"] ?? ""
        let entriesMax = min(
            try request.number("max-uploads", default: Self.entriesMax),
            Self.entriesMax
        )
        let matching = self.uploads.uploads(to: request.bucket).filter {
            $0.key.bytes.starts(with: prefix)
        }
        // With both markers the page begins behind that very upload, else behind the key.
        let start =
            matching.firstIndex { $0.key.bytes == keyMarker && $0.id == idMarker }.map { $0 + 1 }
            ?? matching.firstIndex { ObjectKey.isOrdered(keyMarker, $0.key.bytes) }
            ?? matching.count
        let rest = matching[start...]
        let page = rest.prefix(entriesMax)
        let encodesKeys = request.query["encoding-type"] == "url"
        let encode: (String) -> String = { encodesKeys ? S3Path.encode($0) : $0 }
        let document = XMLWriter.document("ListMultipartUploadsResult") { xml in
            xml.element("Bucket", request.bucket)
            xml.element("KeyMarker", encode(request.query["key-marker"] ?? ""))
            xml.element("UploadIdMarker", idMarker)
            if page.count < rest.count, let last = page.last {
                xml.element("NextKeyMarker", encode(last.key.text))
                xml.element("NextUploadIdMarker", last.id)
            }
            xml.element("Prefix", encode(request.query["prefix"] ?? ""))
            xml.element("MaxUploads", entriesMax)
            if encodesKeys { xml.element("EncodingType", "url") }
            xml.element("IsTruncated", page.count < rest.count ? "true" : "false")
            for upload in page {
                xml.element("Upload") { xml in
                    xml.element("Key", encode(upload.key.text))
                    xml.element("UploadId", upload.id)
                    S3Documents.owner(request.signature.accessKey, "Initiator", to: &xml)
                    S3Documents.owner(request.signature.accessKey, to: &xml)
                    xml.element("StorageClass", "STANDARD")
                    xml.element(
                        "Initiated",
                        S3Documents.time(upload.record.initiatedNanoseconds)
                    )
                }
            }
        }
        self.answer(request, xml: document)
    }
}
