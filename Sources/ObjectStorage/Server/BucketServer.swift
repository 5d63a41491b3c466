// SPDX-License-Identifier: Apache-2.0

import Bytes
import EventLoop
import HTTP
import HTTPServer
import Telemetry

/// Answers S3 requests out of a ``BucketStore``.
///
/// An actor on its loop: all state belongs to the loop's thread, which the compiler checks. Short
/// system calls are made right there; whatever waits for the disk or copies whole objects is done
/// on the thread of `disk`.
actor BucketServer {
    /// The longest body that is collected because its signed hash was not sent along, and the
    /// longest XML document.
    static let collectedBodyBytesMax = 2 * 1024 * 1024
    /// The bytes of an object that are read and sent at a time.
    static let sendBytes = 256 * 1024

    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { self.loop.asUnownedSerialExecutor() }

    let disk: EventLoop
    let configuration: EmbeddedBucketConfiguration
    let notifier: Notifier
    let logger: Logger
    let store: BucketStore
    let uploads: MultipartStore
    private let verifier: SignatureVerifier
    private let hostID: String
    private var clock: RequestClock
    private var endpoint = ""

    init(
        loop: EventLoop,
        disk: EventLoop,
        configuration: EmbeddedBucketConfiguration,
        notifier: Notifier,
        logger: Logger
    ) throws {
        let folder = try StateFolder(configuration.stateDirectory)
        let report: (String) -> Void = { logger.warning("The bucket's state.", ["found": $0]) }
        let now = WallClock.nanoseconds()
        self.store = try BucketStore(folder: folder, report: report)
        self.uploads = try MultipartStore(folder: folder, now: now, report: report)
        self.clock = RequestClock(after: self.store.modifiedNanosecondsMax)
        self.loop = loop
        self.disk = disk
        self.configuration = configuration
        self.notifier = notifier
        self.logger = logger
        self.verifier = SignatureVerifier(
            credentials: configuration.credentials,
            region: configuration.region
        )
        self.hostID = Hex.encode(Digest.hash(Array(folder.deploymentID.utf8), with: .sha256))
        let existing = Set(self.store.buckets.map(\.name))
        let wanted = Set(configuration.buckets + configuration.rules.map(\.bucket))
        for name in wanted.subtracting(existing).sorted() {
            do {
                try self.store.createBucket(name, at: now)
            } catch let error as BucketError {
                throw EmbeddedBucketError(
                    description: "The bucket \(name) cannot be created: \(error.message)"
                )
            }
        }
    }

    /// A moment that no other object and no other request has.
    func nextMoment() -> UInt64 { self.clock.next(at: WallClock.nanoseconds()) }

    /// Tells the URL that events give as their origin.
    func setEndpoint(_ endpoint: String) { self.endpoint = endpoint }

    /// What events tell of this server.
    var origin: ObjectEvent.Origin {
        ObjectEvent.Origin(
            region: self.configuration.region,
            hostID: self.hostID,
            deploymentID: self.store.folder.deploymentID,
            endpoint: self.endpoint
        )
    }

    // MARK: Requests

    /// Answers one request.
    func handle(_ exchange: HTTPExchange) async {
        let id = RequestClock.identifier(self.nextMoment())
        if self.answerHealth(exchange, id: id) { return }
        do {
            let (request, operation) = try await self.admit(exchange, id: id)
            try await self.perform(operation, request)
        } catch {
            self.report(error, to: exchange, id: id)
        }
    }

    /// MinIO's probes, which need no signature.
    private func answerHealth(_ exchange: HTTPExchange, id: String) -> Bool {
        let request = exchange.request
        guard request.method == .get || request.method == .head,
            request.path == "/minio/health/live" || request.path == "/minio/health/ready"
        else { return false }
        exchange.respond(.ok, self.answerFields(id: id))
        return true
    }

    /// Believes a request or refuses it, and tells what it asks for.
    private func admit(
        _ exchange: HTTPExchange,
        id: String
    ) async throws -> (S3Request, S3Operation) {
        let head = exchange.request
        let signable = SignableRequest(
            method: head.method.rawValue,
            path: head.path,
            query: head.query,
            fields: head.fields
        )
        let (signature, body) = try await self.verify(signable, exchange)
        let address = try S3Address(authority: head.authority, path: head.path)
        guard let query = QueryItems(head.query) else {
            throw BucketError(.invalidURI, "The query holds a broken escape.")
        }
        let operation = try S3Operation.route(
            head.method,
            address,
            query,
            isCopy: head.fields.contains("x-amz-copy-source")
        )
        let request = S3Request(
            exchange: exchange,
            id: id,
            address: address,
            query: query,
            signature: signature,
            collectedBody: body
        )
        return (request, operation)
    }

    private func verify(
        _ request: SignableRequest,
        _ exchange: HTTPExchange
    ) async throws -> (SignatureVerifier.Outcome, body: [UInt8]?) {
        let now = Timestamp(nanosecondsSinceEpoch: WallClock.nanoseconds())
        do throws(SignatureError) {
            return (try self.verifier.verify(request, at: now), nil)
        } catch {
            // curl before 8.1 signs the hash of a body that it holds in memory, and hides it.
            let length = request.fields["content-length"].flatMap { Int($0) } ?? 0
            guard error == .mismatch, !request.fields.contains("x-amz-content-sha256"),
                1...Self.collectedBodyBytesMax ~= length
            else { throw BucketError(error) }
        }
        let body = try await exchange.collectBody(upTo: Self.collectedBodyBytesMax)
        do throws(SignatureError) {
            let hash = Digest.hash(body, with: .sha256)
            return (try self.verifier.verify(request, at: now, bodyHash: hash), body)
        } catch {
            throw BucketError(error)
        }
    }

    private func perform(_ operation: S3Operation, _ request: S3Request) async throws {
        switch operation {
        case .listBuckets: self.listBuckets(request)
        case .createBucket: try await self.createBucket(request)
        case .headBucket: try self.headBucket(request)
        case .deleteBucket: try self.deleteBucket(request)
        case .getBucketLocation: try self.getBucketLocation(request)
        case .getBucketVersioning: try self.getBucketVersioning(request)
        case .getBucketNotification: try self.getBucketNotification(request)
        case .listObjects(let version): try self.listObjects(request, version: version)
        case .deleteObjects: try await self.deleteObjects(request)
        case .listMultipartUploads: try self.listMultipartUploads(request)
        case .putObject: try await self.putObject(request)
        case .copyObject: try await self.copyObject(request)
        case .getObject, .headObject: try await self.getObject(request)
        case .deleteObject: try await self.deleteObject(request)
        case .createMultipartUpload: try self.createMultipartUpload(request)
        case .uploadPart(let number, let id):
            try await self.uploadPart(request, number: number, uploadID: id)
        case .uploadPartCopy(let number, let id):
            try await self.uploadPartCopy(request, number: number, uploadID: id)
        case .completeMultipartUpload(let id):
            try await self.completeMultipartUpload(request, uploadID: id)
        case .abortMultipartUpload(let id):
            try self.abortMultipartUpload(request, uploadID: id)
        case .listParts(let id): try self.listParts(request, uploadID: id)
        }
    }

    // MARK: Answers

    /// The fields of every answer.
    private func answerFields(id: String) -> HTTPFields {
        var fields = HTTPFields()
        fields.append("x-amz-request-id", id)
        fields.append("x-amz-id-2", self.hostID)
        return fields
    }

    /// The fields of an answer, with `more` behind those that every answer has.
    func fields(for request: S3Request, _ more: HTTPFields = HTTPFields()) -> HTTPFields {
        var fields = self.answerFields(id: request.id)
        fields.append(contentsOf: more)
        return fields
    }

    /// Answers without a body.
    func answer(_ request: S3Request, _ status: HTTPStatus, _ more: HTTPFields = HTTPFields()) {
        request.exchange.respond(status, self.fields(for: request, more))
    }

    /// Answers 200 with an XML document.
    func answer(_ request: S3Request, xml: [UInt8], _ more: HTTPFields = HTTPFields()) {
        var fields = self.fields(for: request, more)
        fields["Content-Type"] = "application/xml"
        request.exchange.respond(.ok, fields, body: xml)
    }

    private func report(_ error: any Error, to exchange: HTTPExchange, id: String) {
        switch error {
        case let error as BucketError:
            self.refuse(error, exchange, id: id)
        case let error as AnswerWithFields:
            self.refuse(error.error, exchange, id: id, more: error.fields)
        case HTTPBodyError.tooLarge:
            self.refuse(
                BucketError(.entityTooLarge, "The body is larger than the bucket accepts."),
                exchange,
                id: id
            )
        case HTTPBodyError.timedOut:
            self.refuse(
                BucketError(.requestTimeout, "The body stopped coming before it was complete."),
                exchange,
                id: id
            )
        case is HTTPBodyError, is CancellationError:
            exchange.fail(with: error)
        default:
            self.logger.error("A request failed.", ["request": id, "error": "\(error)"])
            self.refuse(
                BucketError(.internalError, "The bucket failed; its log has the request's id."),
                exchange,
                id: id
            )
        }
    }

    private func refuse(
        _ error: BucketError,
        _ exchange: HTTPExchange,
        id: String,
        more: HTTPFields = HTTPFields()
    ) {
        guard !exchange.isStarted else { return exchange.abort() }
        if error.code.status.rawValue >= 500, error.code != .notImplemented {
            self.logger.error(
                "A request could not be carried out.",
                ["request": id, "code": error.code.rawValue, "error": error.message]
            )
        }
        var fields = self.answerFields(id: id)
        fields.append(contentsOf: more)
        fields["Content-Type"] = "application/xml"
        if error.code.status == .serviceUnavailable { fields["Retry-After"] = "1" }
        let body = S3Documents.error(
            error,
            resource: exchange.request.path,
            requestID: id,
            hostID: self.hostID,
            region: self.configuration.region
        )
        exchange.respond(error.code.status, fields, body: body)
    }
}

/// An error whose answer needs further fields, such as `Content-Range` of a 416.
struct AnswerWithFields: Error {
    var error: BucketError
    var fields: HTTPFields
}
