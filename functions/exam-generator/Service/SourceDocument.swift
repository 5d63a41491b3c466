// SPDX-License-Identifier: Apache-2.0

import ObjectStorage

/// A document that was uploaded.
struct SourceDocument: Equatable, Sendable {
    var bucket: String
    var key: String
    /// As the record says; a newer one may be there by now.
    var eTag: String

    /// How the document is named in logs, as the subject of events and as their key.
    var path: String { "\(self.bucket)/\(self.key)" }
}

/// What a record of a notification asks for.
enum RecordDecision: Equatable {
    /// Make an exam of it.
    case process(SourceDocument)
    /// Nothing to do, because…
    case ignore(String)

    /// The events that mean that there is a new content.
    ///
    /// MinIO's `put` event stands for all of `s3:ObjectCreated:*`, so tagging and retention come
    /// along and must not make an exam anew.
    private static let creatingEvents: Set<String> = [
        "ObjectCreated:Put", "ObjectCreated:Post", "ObjectCreated:Copy",
        "ObjectCreated:CompleteMultipartUpload",
    ]

    /// Decides about `record`.
    init(_ record: S3EventNotification.Record) {
        let path = "\(record.bucket)/\(record.key)"
        if !Self.creatingEvents.contains(record.eventName) {
            self = .ignore("\(record.eventName) of \(path) brings no new content")
        } else if record.key.hasPrefix(ResultKeys.folder) {
            self = .ignore("\(path) is a result of this function")
        } else if !ResultKeys.isDocument(record.key) {
            self = .ignore("the name \(path) does not end in .pdf")
        } else {
            self = .process(
                SourceDocument(bucket: record.bucket, key: record.key, eTag: record.eTag ?? "")
            )
        }
    }

    /// The records in the data of an event: a notification, or a single record of one.
    ///
    /// - Throws: ``S3EventError`` when it is neither.
    static func records(in data: [UInt8]) throws -> [S3EventNotification.Record] {
        do {
            return try S3EventNotification(json: data).records
        } catch {
            // The S3 adapter of CloudEvents sends one record alone.
            let wrapped = Array("{\"Records\":[".utf8) + data + Array("]}".utf8)
            guard let records = try? S3EventNotification(json: wrapped).records, records.count == 1
            else { throw error }
            return records
        }
    }
}
