// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTPClient
import ObjectStorage

/// The buckets of an S3 server.
struct S3ObjectStore: ObjectStore {
    let client: S3Client

    func head(bucket: String, key: String) async throws -> StoredObject? {
        try await self.client.headObject(bucket: bucket, key: key).map(Self.object)
    }

    func download(
        bucket: String,
        key: String,
        into file: ScratchFile,
        bytesMax: Int
    ) async throws -> StoredObject? {
        do {
            return Self.object(
                try await self.client.getObject(
                    bucket: bucket,
                    key: key,
                    toFile: file.descriptor,
                    bytesMax: bytesMax
                )
            )
        } catch let error as S3Error where error.status == .notFound {
            return nil
        } catch let error as S3Error
            where error.code == HTTPClientError.Kind.responseTooLarge.rawValue
        {
            throw PDFProblem.tooLarge(bytesMax: bytesMax)
        }
    }

    func upload(
        bucket: String,
        key: String,
        json: [UInt8],
        metadata: [String: String]
    ) async throws {
        try await self.client.putObject(
            bucket: bucket,
            key: key,
            body: json,
            contentType: "application/json",
            userMetadata: metadata
        )
    }

    func delete(bucket: String, key: String) async throws {
        try await self.client.deleteObject(bucket: bucket, key: key)
    }

    private static func object(_ info: S3ObjectInfo) -> StoredObject {
        StoredObject(eTag: info.eTag, metadata: info.userMetadata)
    }
}
