// SPDX-License-Identifier: Apache-2.0

import Bytes
import EventLoop
import HTTP

extension BucketServer {
    func listBuckets(_ request: S3Request) {
        let document = XMLWriter.document("ListAllMyBucketsResult") { xml in
            S3Documents.owner(request.signature.accessKey, to: &xml)
            xml.element("Buckets") { xml in
                for bucket in self.store.buckets {
                    xml.element("Bucket") { xml in
                        xml.element("Name", bucket.name)
                        xml.element("CreationDate", bucket.created.rfc3339(fractionDigits: 3))
                    }
                }
            }
        }
        self.answer(request, xml: document)
    }

    func createBucket(_ request: S3Request) async throws {
        let body = try await self.collectXML(request)
        if !body.isEmpty {
            let root = try Self.parse(body, root: "CreateBucketConfiguration")
            let region = root["LocationConstraint"]?.text ?? ""
            guard region.isEmpty || region == self.configuration.region else {
                throw BucketError(
                    .invalidArgument,
                    "The buckets of this server are in the region \(self.configuration.region)."
                )
            }
        }
        try self.store.createBucket(request.bucket, at: self.nextMoment())
        try await self.synchroniseFolder(self.store.folder.bucketsPath)
        self.answer(request, .ok, ["Location": "/\(request.bucket)"])
    }

    func headBucket(_ request: S3Request) throws {
        _ = try self.store.bucket(request.bucket)
        self.answer(request, .ok, ["x-amz-bucket-region": self.configuration.region])
    }

    func deleteBucket(_ request: S3Request) throws {
        try self.store.deleteBucket(request.bucket)
        try self.uploads.removeAll(to: request.bucket)
        self.answer(request, .noContent)
    }

    func getBucketLocation(_ request: S3Request) throws {
        _ = try self.store.bucket(request.bucket)
        // Amazon's first region has the empty name here.
        let region = self.configuration.region == "us-east-1" ? "" : self.configuration.region
        self.answer(request, xml: XMLWriter.document("LocationConstraint", text: region))
    }

    func getBucketVersioning(_ request: S3Request) throws {
        _ = try self.store.bucket(request.bucket)
        self.answer(request, xml: XMLWriter.document("VersioningConfiguration") { _ in })
    }

    func getBucketNotification(_ request: S3Request) throws {
        _ = try self.store.bucket(request.bucket)
        let rules = self.notifier.rules.filter { $0.bucket == request.bucket }
        let document = XMLWriter.document("NotificationConfiguration") { xml in
            for rule in rules { Self.write(rule, to: &xml) }
        }
        self.answer(request, xml: document)
    }

    private static func write(_ rule: NotificationRule, to xml: inout XMLWriter) {
        xml.element("QueueConfiguration") { xml in
            xml.element("Id", rule.topic)
            for event in rule.events { xml.element("Event", event) }
            xml.element("Queue", "arn:minio:sqs::\(rule.topic):kafka")
            let affixes = [("prefix", rule.prefix), ("suffix", rule.suffix)]
                .filter { !$0.1.isEmpty }
            guard !affixes.isEmpty else { return }
            xml.element("Filter") { xml in
                xml.element("S3Key") { xml in
                    for (name, value) in affixes {
                        xml.element("FilterRule") { xml in
                            xml.element("Name", name)
                            xml.element("Value", value)
                        }
                    }
                }
            }
        }
    }

    // MARK: Documents in requests

    /// The body of a request that brings a document, checked like that of an upload.
    func collectXML(_ request: S3Request) async throws -> [UInt8] {
        let sent = request.fields["content-length"] ?? "0"
        let hasBody = sent != "0" || request.fields.contains("transfer-encoding")
        guard hasBody else { return [] }
        let document = DocumentBuffer()
        let upload = try ObjectUpload(
            request.fields,
            signature: request.signature,
            bytesMax: UInt64(Self.collectedBodyBytesMax)
        ) { document.bytes.append(contentsOf: $0) }
        try await request.receiveBody(into: upload)
        _ = try upload.finish()
        return document.bytes
    }

    /// Reads a document with a root of that name.
    static func parse(_ body: [UInt8], root name: String) throws(BucketError) -> XMLElement {
        let root: XMLElement
        do {
            root = try XMLReader.parse(body)
        } catch {
            throw BucketError(.malformedXML, "The XML of the body is not well-formed: \(error).")
        }
        guard root.name == name else {
            throw BucketError(.malformedXML, "The root of the XML is not \(name).")
        }
        return root
    }

    /// Waits until a folder's names are safe, when the configuration asks for it.
    func synchroniseFolder(_ path: String) async throws {
        guard self.configuration.synchronisesWrites else { return }
        try await self.disk.run { try FileIO.synchroniseFolder(path) }
    }
}

/// Where the pieces of a document come together.
private final class DocumentBuffer {
    var bytes: [UInt8] = []
}
