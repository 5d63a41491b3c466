// SPDX-License-Identifier: Apache-2.0

import Bytes
import EventLoop
import Glibc
import HTTP
import HTTPClient
import Synchronization
import Telemetry

@testable import ObjectStorage

/// Keeps what is published, and fails when it is told to.
final class RecordingPublisher: NotificationPublisher {
    struct Record: Sendable, Equatable {
        var topic: String
        var key: String
        var notification: S3EventNotification
    }

    struct Refusal: Error {}

    private struct State {
        var records: [Record] = []
        var failuresLeft = 0
    }

    private let state = Mutex(State())

    var records: [Record] { self.state.withLock { $0.records } }

    /// The next `count` records are refused.
    func fail(_ count: Int) { self.state.withLock { $0.failuresLeft = count } }

    func publish(
        topic: String,
        key: [UInt8],
        value: [UInt8]
    ) async throws -> NotificationReceipt? {
        let record = Record(
            topic: topic,
            key: String(decoding: key, as: UTF8.self),
            notification: try S3EventNotification(json: value)
        )
        return try self.state.withLock { state in
            guard state.failuresLeft == 0 else {
                state.failuresLeft -= 1
                throw Refusal()
            }
            state.records.append(record)
            return NotificationReceipt(partition: 0, offset: Int64(state.records.count - 1))
        }
    }
}

/// Keeps milestones.
final class MilestoneLog: Sendable {
    private let milestones = Mutex<[Milestone]>([])

    var all: [Milestone] { self.milestones.withLock { $0 } }
    var recorder: MilestoneRecorder {
        MilestoneRecorder { milestone in self.milestones.withLock { $0.append(milestone) } }
    }
}

/// An embedded bucket on a free port, and a client for it, for the time of one test.
struct BucketHarness: Sendable {
    let publisher: RecordingPublisher
    let milestones: MilestoneLog
    let http: HTTPClient
    let s3: S3Client
    let configuration: S3Configuration
    let url: String

    /// A request with a signature.
    func signed(
        _ method: HTTPMethod,
        _ path: String,
        query: String? = nil,
        fields: HTTPFields = HTTPFields(),
        body: [UInt8] = [],
        payloadHash: PayloadHash? = nil,
        credentials: S3Credentials? = nil
    ) -> HTTPClientRequest {
        var fields = fields
        if !fields.contains("host") { fields.append("host", self.configuration.authority) }
        let signer = RequestSigner(
            credentials: credentials ?? self.configuration.credentials,
            region: "us-east-1"
        )
        let added = signer.sign(
            SignableRequest(method: method.rawValue, path: path, query: query, fields: fields),
            payloadHash: payloadHash ?? .hash(Digest.hash(body, with: .sha256)),
            time: Timestamp(nanosecondsSinceEpoch: WallClock.nanoseconds())
        )
        fields.append(contentsOf: added)
        return HTTPClientRequest(
            method: method,
            url: self.url + path + (query.map { "?" + $0 } ?? ""),
            fields: fields,
            body: body.isEmpty ? .none : .bytes(body),
            responseBytesMax: 64 * 1024 * 1024
        )
    }

    /// Sends a request with a signature, through nothing but the HTTP client.
    func send(
        _ method: HTTPMethod,
        _ path: String,
        query: String? = nil,
        fields: HTTPFields = HTTPFields(),
        body: [UInt8] = [],
        payloadHash: PayloadHash? = nil,
        credentials: S3Credentials? = nil
    ) async throws -> HTTPClientResponse {
        try await self.http.send(
            self.signed(
                method,
                path,
                query: query,
                fields: fields,
                body: body,
                payloadHash: payloadHash,
                credentials: credentials
            )
        )
    }

    struct NeverHappened: Error {}

    /// Waits until something holds, for four minutes at most.
    func eventually(_ condition: () throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(240)
        while try !condition() {
            guard ContinuousClock.now < deadline else { throw NeverHappened() }
            await self.http.loop.wait(for: .milliseconds(2))
        }
    }

    /// The code in the XML of an error.
    static func code(_ response: HTTPClientResponse) -> String? {
        (try? XMLReader.parse(response.body))?["Code"]?.text
    }

    /// Runs a test against a bucket, with the loop of server and client started and stopped.
    static func run(
        in folder: TemporaryFolder? = nil,
        configure: (inout EmbeddedBucketConfiguration) throws -> Void = { _ in },
        _ body: (Self) async throws -> Void
    ) async throws {
        let folder = try folder ?? TemporaryFolder()
        let serverLoop = try EventLoop(name: "bucket")
        let clientLoop = try EventLoop(name: "client")
        serverLoop.start()
        clientLoop.start()
        let client = HTTPClient(loop: clientLoop)
        let publisher = RecordingPublisher()
        let milestones = MilestoneLog()
        var configuration = EmbeddedBucketConfiguration(
            stateDirectory: folder.path,
            accessKey: "minio",
            secretKey: "minio123"
        )
        configuration.buckets = ["exams"]
        try configure(&configuration)
        let bucket = try EmbeddedBucket(
            loop: serverLoop,
            configuration: configuration,
            publisher: publisher,
            milestones: milestones.recorder,
            logger: Logger(label: "test", sink: .none)
        )
        let address = try await bucket.start(on: .ipv4Loopback(port: 0))
        let settings = try S3Configuration(
            endpoint: "http://\(address)",
            accessKey: "minio",
            secretKey: "minio123"
        )
        let harness = Self(
            publisher: publisher,
            milestones: milestones,
            http: client,
            s3: S3Client(client: client, configuration: settings) { _ in },
            configuration: settings,
            url: "http://\(address)"
        )
        var failure: (any Error)?
        do { try await body(harness) } catch { failure = error }
        await client.close()
        await bucket.stop(deadline: .seconds(5))
        serverLoop.stop()
        clientLoop.stop()
        serverLoop.join()
        clientLoop.join()
        if let failure { throw failure }
    }
}
