// SPDX-License-Identifier: Apache-2.0

package import Bytes
import FoundationEssentials

/// Why a notification is refused; one sentence.
package struct S3EventError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong.
    package var description: String
}

/// A bucket's notification as it is received: MinIO's form, Amazon's, or another vendor's.
package struct S3EventNotification: Sendable, Equatable {
    /// One thing that happened to one object.
    package struct Record: Sendable, Equatable {
        /// For example `ObjectCreated:Put`, without MinIO's `s3:` in front.
        package var eventName: String
        /// For example `minio:s3` or `aws:s3`.
        package var eventSource: String
        /// The region; empty when the server has none.
        package var region: String
        /// When it happened; `nil` when that cannot be read.
        package var time: Timestamp?
        /// The bucket's name.
        package var bucket: String
        /// The object's key, decoded.
        package var key: String
        /// The entity tag; `nil` for removed objects.
        package var eTag: String?
        /// The length in bytes; 0 also where the server left it out.
        package var lengthBytes: UInt64
        /// The content type, which MinIO alone tells.
        package var contentType: String?
        /// What the uploader said of the object, which MinIO alone tells.
        package var userMetadata: [String: String]
        /// The version of the object in a versioned bucket.
        package var versionID: String?
        /// Orders the events of one key: hexadecimal, to be compared at equal length.
        package var sequencer: String?
        /// `x-amz-request-id` of the request behind it.
        package var requestID: String?
        /// `x-amz-id-2` of the request behind it.
        package var hostID: String?
    }

    /// What happened; empty for the test event that Amazon sends first.
    package var records: [Record]

    /// Reads a notification.
    ///
    /// - Throws: ``S3EventError`` when it is none.
    package init(json: [UInt8]) throws {
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: Data(json))
        } catch {
            throw S3EventError(
                description:
                    "The data is not an S3 event notification in JSON: \(Self.reason(error))."
            )
        }
        guard let records = document.records else {
            guard document.event == "s3:TestEvent" else {
                throw S3EventError(
                    description:
                        "The JSON has no member Records, so it is no S3 event notification."
                )
            }
            self.records = []
            return
        }
        self.records = try records.map { try Self.makeRecord($0) }
    }

    /// Tells where decoding stopped, never what stood there.
    private static func reason(_ error: any Error) -> String {
        func path(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? "the document" : path
        }
        switch error as? DecodingError {
        case .keyNotFound(let key, let context):
            return "\(key.stringValue) is missing in \(path(context))"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "\(path(context)) has another type than expected"
        default:
            return "it cannot be parsed"
        }
    }

    private static func makeRecord(_ raw: Document.Record) throws -> Record {
        guard let key = EventKeyCoding.decode(raw.s3.object.key) else {
            throw S3EventError(
                description: "The object's key in the notification has a broken escape."
            )
        }
        let hasPrefix = raw.eventName.hasPrefix("s3:")
        return Record(
            eventName: hasPrefix ? String(raw.eventName.dropFirst(3)) : raw.eventName,
            eventSource: raw.eventSource ?? "",
            region: raw.awsRegion ?? "",
            time: raw.eventTime.flatMap { Timestamp(rfc3339: $0) },
            bucket: raw.s3.bucket.name,
            key: key,
            eTag: raw.s3.object.eTag,
            lengthBytes: raw.s3.object.size ?? 0,
            contentType: raw.s3.object.contentType,
            userMetadata: raw.s3.object.userMetadata ?? [:],
            versionID: raw.s3.object.versionId,
            sequencer: raw.s3.object.sequencer,
            requestID: raw.responseElements?["x-amz-request-id"],
            hostID: raw.responseElements?["x-amz-id-2"]
        )
    }
}

/// The members of the JSON that are read; all others are ignored.
private struct Document: Decodable {
    struct Record: Decodable {
        var eventName: String
        var eventSource: String?
        var awsRegion: String?
        var eventTime: String?
        var responseElements: [String: String]?
        var s3: Entity
    }

    struct Entity: Decodable {
        var bucket: Bucket
        var object: Object
    }

    struct Bucket: Decodable {
        var name: String
    }

    struct Object: Decodable {
        var key: String
        var size: UInt64?
        var eTag: String?
        var contentType: String?
        var userMetadata: [String: String]?
        var versionId: String?
        var sequencer: String?
    }

    enum CodingKeys: String, CodingKey {
        case records = "Records"
        case event = "Event"
    }

    var records: [Record]?
    var event: String?
}
