// SPDX-License-Identifier: Apache-2.0

import Bytes
import Glibc
import HTTP
package import HTTPClient

/// Talks to an S3 server: Amazon's, MinIO, or the embedded bucket; path-style addresses.
///
/// Requests that fail for a reason that may go away are repeated, with growing random pauses. All
/// methods throw ``S3Error``, or `CancellationError` when the task is cancelled in a pause.
package final class S3Client: Sendable {
    /// An error document is read up to here whatever the caller's limit is.
    private static let errorBytesMax = 64 * 1024
    /// Most objects that ``listObjects(bucket:prefix:)`` collects.
    package static let listedObjectsMax = 1_000_000

    let configuration: S3Configuration
    private let client: HTTPClient
    private let pause: @Sendable (Duration) async throws -> Void

    /// Makes a client.
    ///
    /// - Parameters:
    ///   - client: Sends the requests; stays its owner's.
    ///   - configuration: Server and keys.
    package convenience init(client: HTTPClient, configuration: S3Configuration) {
        self.init(client: client, configuration: configuration) { try await Task.sleep(for: $0) }
    }

    /// As the other one, with another way to wait.
    init(
        client: HTTPClient,
        configuration: S3Configuration,
        pause: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.client = client
        self.configuration = configuration
        self.pause = pause
    }

    // MARK: Reading

    /// Reads an object into memory.
    ///
    /// - Throws: ``S3Error`` with the code `responseTooLarge` when it has more than `bytesMax`.
    package func getObject(
        bucket: String,
        key: String,
        bytesMax: Int
    ) async throws -> S3Object {
        var call = S3Call(method: .get, bucket: bucket, key: key)
        call.timeout = self.configuration.transferTimeout
        call.responseBytesMax = max(bytesMax, Self.errorBytesMax)
        let response = try await self.send(call)
        guard response.body.count <= bytesMax else { throw Self.tooLarge(bytesMax) }
        return S3Object(
            info: S3ObjectInfo(response.fields, size: response.body.count),
            body: response.body
        )
    }

    /// Reads an object into a file, from the file's position on.
    ///
    /// The descriptor stays the caller's. After an error the file may hold a part of the object.
    package func getObject(
        bucket: String,
        key: String,
        toFile descriptor: Int32,
        bytesMax: Int
    ) async throws -> S3ObjectInfo {
        var call = S3Call(method: .get, bucket: bucket, key: key)
        call.timeout = self.configuration.transferTimeout
        call.responseBytesMax = max(bytesMax, Self.errorBytesMax)
        call.sink = .file(descriptor: descriptor)
        let start = lseek(descriptor, 0, SEEK_CUR)
        let response = try await self.send(call) {
            // What came of an earlier attempt is written over; a pipe cannot take it back.
            start >= 0 && lseek(descriptor, start, SEEK_SET) == start
                && ftruncate(descriptor, start) == 0
        }
        let length =
            response.fields["content-length"].flatMap { Int($0) }
            ?? max(0, lseek(descriptor, 0, SEEK_CUR) - start)
        guard length <= bytesMax else { throw Self.tooLarge(bytesMax) }
        return S3ObjectInfo(response.fields, size: length)
    }

    /// What the server tells about an object; `nil` when there is none.
    package func headObject(bucket: String, key: String) async throws -> S3ObjectInfo? {
        do {
            let response = try await self.send(S3Call(method: .head, bucket: bucket, key: key))
            let length = response.fields["content-length"].flatMap { Int($0) } ?? 0
            return S3ObjectInfo(response.fields, size: length)
        } catch let error as S3Error where error.status == .notFound {
            return nil
        }
    }

    /// All objects of a bucket whose keys start with `prefix`, in the order of their keys.
    package func listObjects(
        bucket: String,
        prefix: String = ""
    ) async throws -> [S3ObjectSummary] {
        var call = S3Call(method: .get, bucket: bucket)
        call.responseBytesMax = S3ListPage.bytesMax
        var objects: [S3ObjectSummary] = []
        var token: String?
        repeat {
            call.query = QueryItems()
            call.query.append("list-type", "2")
            call.query.append("encoding-type", "url")
            if !prefix.isEmpty { call.query.append("prefix", prefix) }
            if let token { call.query.append("continuation-token", token) }
            let page = try S3ListPage(parsing: try await self.send(call).body)
            objects.append(contentsOf: page.objects)
            guard objects.count <= Self.listedObjectsMax else {
                throw S3Error(
                    code: "listingTooLong",
                    message: "The bucket \(bucket) has more than \(Self.listedObjectsMax) objects"
                        + " of that prefix."
                )
            }
            token = page.nextToken
        } while token != nil
        return objects
    }

    // MARK: Writing

    /// Stores an object.
    ///
    /// - Returns: Its entity tag, without quotes.
    @discardableResult
    package func putObject(
        bucket: String,
        key: String,
        body: [UInt8],
        contentType: String,
        userMetadata: [String: String] = [:]
    ) async throws -> String {
        var call = S3Call(method: .put, bucket: bucket, key: key)
        call.fields = Self.fields(contentType, userMetadata)
        call.body = .bytes(body)
        call.payloadHash = .hash(Digest.hash(body, with: .sha256))
        call.timeout = self.configuration.transferTimeout
        return try Self.eTag(of: try await self.send(call))
    }

    /// Deletes an object; one that is not there is as good as deleted.
    package func deleteObject(bucket: String, key: String) async throws {
        _ = try await self.send(S3Call(method: .delete, bucket: bucket, key: key))
    }

    /// Makes a bucket; one that is ours already is as good as made.
    package func createBucket(_ bucket: String) async throws {
        var call = S3Call(method: .put, bucket: bucket)
        if self.configuration.region != "us-east-1" {
            let body = XMLWriter.document("CreateBucketConfiguration") { xml in
                xml.element("LocationConstraint", self.configuration.region)
            }
            call.body = .bytes(body)
            call.payloadHash = .hash(Digest.hash(body, with: .sha256))
        }
        do {
            _ = try await self.send(call)
        } catch let error as S3Error where error.code == "BucketAlreadyOwnedByYou" {
            return
        }
    }

    static func fields(_ contentType: String, _ userMetadata: [String: String]) -> HTTPFields {
        var fields = HTTPFields()
        fields.append("content-type", contentType)
        for (name, value) in userMetadata.sorted(by: { $0.key < $1.key }) {
            fields.append("x-amz-meta-" + name.lowercased(), value)
        }
        return fields
    }

    static func eTag(of response: HTTPClientResponse) throws(S3Error) -> String {
        guard let eTag = response.fields["etag"] else {
            throw S3Error(
                code: "invalidAnswer",
                message: "The S3 server took the object but named no entity tag."
            )
        }
        return Preconditions.unquote(eTag)
    }

    private static func tooLarge(_ bytesMax: Int) -> S3Error {
        S3Error(
            code: HTTPClientError.Kind.responseTooLarge.rawValue,
            message: "The object is larger than the limit of \(bytesMax) bytes."
        )
    }

    // MARK: Sending

    /// Sends a request until it succeeds, fails for good, or failed often enough.
    ///
    /// - Parameters:
    ///   - call: The request; only such as may be sent twice.
    ///   - mayRepeat: Asked before each further attempt; prepares it.
    /// - Returns: The answer, of status 2xx.
    /// - Throws: ``S3Error`` of the last attempt.
    func send(
        _ call: S3Call,
        mayRepeat: () -> Bool = { true }
    ) async throws -> HTTPClientResponse {
        var failures = 0
        while true {
            let error: S3Error
            var retryAfter: Duration?
            do {
                let now = Timestamp(nanosecondsSinceEpoch: WallClock.nanoseconds())
                let request = call.request(for: self.configuration, at: now)
                let response = try await self.client.send(request)
                if response.status.isSuccess { return response }
                error = S3Error(status: response.status, body: response.body)
                retryAfter = response.fields["retry-after"].flatMap { Int($0) }
                    .map { .seconds(min(max($0, 0), 3600)) }
            } catch let failure as HTTPClientError {
                try Task.checkCancellation()
                error = S3Error(failure)
            }
            failures += 1
            let pause = self.configuration.retry.pause(
                afterFailures: failures,
                retryAfter: retryAfter,
                fraction: Double.random(in: 0...1)
            )
            guard error.isRetriable, let pause, mayRepeat() else { throw error }
            try await self.pause(pause)
        }
    }
}
