// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The XML documents of answers.
enum S3Documents {
    /// An error.
    static func error(
        _ error: BucketError,
        resource: String,
        requestID: String,
        hostID: String,
        region: String
    ) -> [UInt8] {
        var xml = XMLWriter()
        xml.element("Error") { xml in
            xml.element("Code", error.code.rawValue)
            xml.element("Message", error.message)
            xml.element("Resource", resource)
            // Clients that signed for another region read the right one here.
            if error.code == .authorizationHeaderMalformed { xml.element("Region", region) }
            xml.element("RequestId", requestID)
            xml.element("HostId", hostID)
        }
        return xml.bytes
    }

    /// A moment as listings write it.
    static func time(_ nanoseconds: UInt64) -> String {
        Timestamp(nanosecondsSinceEpoch: nanoseconds).rfc3339(fractionDigits: 3)
    }

    /// The owner of everything.
    static func owner(_ accessKey: String, _ name: String = "Owner", to xml: inout XMLWriter) {
        xml.element(name) { xml in
            xml.element("ID", Hex.encode(Digest.hash(Array(accessKey.utf8), with: .sha256)))
            xml.element("DisplayName", accessKey)
        }
    }

    /// What ListObjects says, in either version.
    struct Listing {
        var bucket: String
        var version: Int
        var query: ListingQuery
        /// What the client sent as `marker` or `start-after`.
        var startAfter: String
        /// What the client sent as `continuation-token`.
        var continuationToken: String?
        var encodesKeys: Bool
        /// The owner to name with each object, if any.
        var owner: String?

        func document(_ page: ListingPage<BucketStore.Entry>) -> [UInt8] {
            XMLWriter.document("ListBucketResult") { xml in
                xml.element("Name", self.bucket)
                xml.element("Prefix", self.text(self.query.prefix))
                if self.version == 2 {
                    self.writeTokens(page, to: &xml)
                } else {
                    xml.element("Marker", self.encode(self.startAfter))
                    if let next = page.next { xml.element("NextMarker", self.text(next)) }
                }
                xml.element("MaxKeys", self.query.entriesMax)
                if !self.query.delimiter.isEmpty {
                    xml.element("Delimiter", self.text(self.query.delimiter))
                }
                if self.encodesKeys { xml.element("EncodingType", "url") }
                xml.element("IsTruncated", page.isTruncated ? "true" : "false")
                for (key, entry) in page.objects { self.write(key, entry, to: &xml) }
                for prefix in page.commonPrefixes {
                    xml.element("CommonPrefixes") { $0.element("Prefix", self.text(prefix)) }
                }
            }
        }

        private func writeTokens(
            _ page: ListingPage<BucketStore.Entry>,
            to xml: inout XMLWriter
        ) {
            if !self.startAfter.isEmpty {
                xml.element("StartAfter", self.encode(self.startAfter))
            }
            if let token = self.continuationToken { xml.element("ContinuationToken", token) }
            if let next = page.next {
                xml.element("NextContinuationToken", ContinuationToken.make(from: next))
            }
            xml.element("KeyCount", page.entries.count)
        }

        private func write(_ key: ObjectKey, _ entry: BucketStore.Entry, to xml: inout XMLWriter) {
            xml.element("Contents") { xml in
                xml.element("Key", self.text(key.bytes))
                xml.element("LastModified", S3Documents.time(entry.modifiedNanoseconds))
                xml.element("ETag", "\"\(entry.eTag)\"")
                xml.element("Size", entry.lengthBytes)
                if let owner = self.owner { S3Documents.owner(owner, to: &xml) }
                xml.element("StorageClass", "STANDARD")
            }
        }

        private func text(_ bytes: [UInt8]) -> String {
            self.encode(String(decoding: bytes, as: UTF8.self))
        }

        private func encode(_ text: String) -> String {
            self.encodesKeys ? S3Path.encode(text) : text
        }
    }
}

/// Where a listing goes on: opaque to clients, made of the last entry's bytes.
enum ContinuationToken {
    static func make(from bytes: [UInt8]) -> String { Base64.encode(bytes) }

    static func read(_ token: String) throws(BucketError) -> [UInt8] {
        guard let bytes = Base64.decode(token), bytes.count <= ObjectKey.lengthBytesMax else {
            throw BucketError(.invalidArgument, "The continuation token is none of ours.")
        }
        return bytes
    }
}
