// SPDX-License-Identifier: Apache-2.0

package import EventLoop
internal import HTTP
internal import HTTPClient
package import Telemetry

/// Asks the API server of a cluster.
///
/// `@unchecked Sendable`: its variables belong to the thread of ``loop``.
package final class KubernetesClient: @unchecked Sendable {
    typealias Completion<Value> = (Result<Value, KubernetesError>) -> Void

    /// The longest answer that is no watch, in bytes.
    static let answerBytesMax = 32 * 1024 * 1024
    /// How long an answer that is no watch may take.
    static let timeout = Duration.seconds(15)
    /// How long a connection may take.
    static let connectTimeout = Duration.seconds(5)

    /// The loop that all happens on.
    package let loop: EventLoop
    private let access: KubernetesAccess
    private let client: HTTPClient
    private let metrics: Metrics
    private var tokenFile: BearerTokenFile?
    private var log: ProblemLog

    /// Makes a client; nothing is asked yet.
    package init(
        loop: EventLoop,
        access: KubernetesAccess,
        logger: Logger,
        metrics: Metrics = Metrics()
    ) {
        self.loop = loop
        self.access = access
        var configuration = HTTPClientConfiguration()
        configuration.authoritiesFile = access.authoritiesFile
        self.client = HTTPClient(loop: loop, configuration: configuration)
        self.metrics = metrics
        self.tokenFile = access.tokenFile.map { BearerTokenFile(path: $0) }
        self.log = ProblemLog(logger)
    }

    /// Ends everything; on the loop, before it stops.
    package func close() { self.client.closeNow() }

    // MARK: Requests; on the loop

    /// Sends a request and hands over the body of a 2xx answer.
    @discardableResult
    func send(
        _ request: APIRequest,
        _ completion: @escaping Completion<[UInt8]>
    ) -> HTTPClientTransfer? {
        self.start(request, stream: nil, timeout: Self.timeout) { [self] result in
            let outcome = result.flatMap { response in
                response.status.isSuccess
                    ? .success(response.body)
                    : .failure(
                        KubernetesError(
                            status: response.status,
                            fields: response.fields,
                            body: response.body,
                            purpose: request.purpose
                        )
                    )
            }
            completion(self.noted(outcome, request))
        }
    }

    /// Sends a request whose answer goes on and on.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - timeout: When the server should have ended it.
    ///   - receive: Called with each piece of a 2xx answer.
    ///   - completion: Called when it is over.
    /// - Returns: The request under way; `nil` when it could not be sent.
    func stream(
        _ request: APIRequest,
        timeout: Duration,
        receive: @escaping ([UInt8]) -> Void,
        _ completion: @escaping Completion<Void>
    ) -> HTTPClientTransfer? {
        let answer = StreamedAnswer(receive) { [self] in self.log.succeeded(request.purpose) }
        let sink = { @Sendable (event: HTTPClientRequest.StreamEvent, _: HTTPClientTransfer) in
            answer.received(event)
        }
        return self.start(request, stream: sink, timeout: timeout) { [self] result in
            let outcome = result.flatMap { response in
                response.status.isSuccess
                    ? .success(())
                    : .failure(
                        KubernetesError(
                            status: response.status,
                            fields: response.fields,
                            body: answer.explanation,
                            purpose: request.purpose
                        )
                    )
            }
            completion(self.noted(outcome, request))
        }
    }

    private func start(
        _ request: APIRequest,
        stream: (@Sendable (HTTPClientRequest.StreamEvent, HTTPClientTransfer) -> Void)?,
        timeout: Duration,
        _ completion: @escaping Completion<HTTPClientResponse>
    ) -> HTTPClientTransfer? {
        assert(self.loop.isCurrent, "the API server is asked from the client's loop")
        let owned = LoopOwned(completion)
        let message: HTTPClientRequest
        do {
            message = try self.message(request, stream: stream, timeout: timeout)
        } catch {
            // Never before this has returned.
            self.loop.execute { owned.value(.failure(error)) }
            return nil
        }
        return self.client.start(message) { result in
            owned.value(result.mapError { KubernetesError($0, purpose: request.purpose) })
        }
    }

    private func message(
        _ request: APIRequest,
        stream: (@Sendable (HTTPClientRequest.StreamEvent, HTTPClientTransfer) -> Void)?,
        timeout: Duration
    ) throws(KubernetesError) -> HTTPClientRequest {
        var fields = HTTPFields(["Accept": "application/json", "User-Agent": "swiftlet"])
        if let path = self.tokenFile?.path {
            guard let token = self.tokenFile?.value() else {
                throw KubernetesError(.credentials, "the file \(path) has no token")
            }
            fields.append("Authorization", "Bearer \(token)")
        }
        if let type = request.contentType { fields.append("Content-Type", type) }
        return HTTPClientRequest(
            method: request.method,
            url: self.access.url + request.target,
            fields: fields,
            body: request.body.isEmpty ? .none : .bytes(request.body),
            timeout: timeout,
            connectTimeout: Self.connectTimeout,
            responseBytesMax: stream == nil ? Self.answerBytesMax : .max,
            responseSink: stream.map { .stream($0) } ?? .buffer
        )
    }

    /// Counts an outcome, and logs it when it differs from the last one.
    private func noted<Value>(
        _ outcome: Result<Value, KubernetesError>,
        _ request: APIRequest
    ) -> Result<Value, KubernetesError> {
        switch outcome {
        case .success: self.log.succeeded(request.purpose)
        case .failure(let error): self.note(error, purpose: request.purpose)
        }
        return outcome
    }

    /// Counts and logs a failure.
    func note(_ error: KubernetesError, purpose: String) {
        if error.kind == .unauthorized { self.tokenFile?.refused() }
        self.metrics.counter(
            "swiftlet_kubernetes_failures_total",
            help: "Requests that the API server did not grant, by reason.",
            labels: ["reason": error.kind.rawValue]
        ).increment()
        self.log.failed(error, purpose)
    }
}

extension KubernetesError {
    /// Reads a failure of the client.
    init(_ error: HTTPClientError, purpose: String) {
        let kind: Kind = error.kind == .responseTooLarge ? .malformed : .unreachable
        self.init(kind, "cannot \(purpose): \(error.message)")
    }
}

/// Keeps apart what comes of a stream: pieces of a good answer, and the reason of a bad one.
///
/// `@unchecked Sendable`: belongs to the client's loop.
private final class StreamedAnswer: @unchecked Sendable {
    /// Most bytes of a reason that are kept.
    private static let explanationBytesMax = 64 * 1024

    private let receive: ([UInt8]) -> Void
    private let began: () -> Void
    private var isGood = false
    private(set) var explanation: [UInt8] = []

    init(_ receive: @escaping ([UInt8]) -> Void, began: @escaping () -> Void) {
        self.receive = receive
        self.began = began
    }

    func received(_ event: HTTPClientRequest.StreamEvent) {
        switch event {
        case .head(let head):
            self.isGood = head.status.isSuccess
            if self.isGood { self.began() }
        case .chunk(let bytes):
            guard !self.isGood else { return self.receive(bytes) }
            let room = Self.explanationBytesMax - self.explanation.count
            self.explanation.append(contentsOf: bytes.prefix(room))
        }
    }
}

/// Carries something that belongs to the client's loop through a closure that runs there.
///
/// `@unchecked Sendable`: made and used on the loop's thread alone.
struct LoopOwned<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}
