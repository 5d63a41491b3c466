// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP

/// A call of gRPC's health service, as the manifest's `grpc` asks for.
///
/// Belongs to the loop's thread.
final class ReadinessHealthCheck: TellingReadinessAttempt, UpstreamClient {
    /// Most bytes that are kept of an answer: a message of a few.
    private static let answerBytesMax = 1024
    /// Whoever tries gives up long before.
    private static let timeout = TimeSpan(.seconds(3600))

    private let service: String
    private let address: SocketAddress
    private let context: ProxyContext
    private let pool: HTTP2UpstreamPool
    private var carrier: (any UpstreamCarrier)?
    var done: ((ReadinessFinding) -> Void)?
    private var answer: [UInt8] = []

    /// Makes a call of a connection of its own.
    init(of service: String, at address: SocketAddress, context: ProxyContext) {
        self.service = service
        self.address = address
        self.context = context
        self.pool = HTTP2UpstreamPool(address: address, context: context)
    }

    func start(_ done: @escaping (ReadinessFinding) -> Void) {
        self.done = done
        let head = HTTPRequestHead(
            method: .post,
            target: GRPCHealth.target,
            version: .http2,
            fields: [
                "Host": "\(self.address)", "User-Agent": "kube-probe/swiftlet",
                "Content-Type": "application/grpc", "TE": "trailers",
            ]
        )
        var traits = RequestTraits(head)
        traits.framing = .chunked
        let request = UpstreamRequestHead(
            head: head,
            traits: traits,
            peer: self.address,
            proto: self.context.configuration.proto,
            hostDefault: []
        )
        do {
            let carrier = try self.pool.take()
            self.carrier = carrier
            carrier.begin(request, for: self, timeout: Self.timeout)
            carrier.sendBody(GRPCHealth.request(service: self.service))
            carrier.endRequest(trailers: HTTPFields())
        } catch {
            self.finish(.notReady("failed: \(error)"))
        }
    }

    // MARK: Answer

    var method: HTTPMethod { .post }
    var mayUpgrade: Bool { false }
    func upstreamAnswered() {}
    func upstreamSentInterim(_ head: HTTPResponseHead) {}
    func upstreamDrained() {}
    func upstreamSwitched(_ head: HTTPResponseHead, fd: Int32, rest: [UInt8]) {
        Socket.close(fd)
    }

    func upstreamSentHead(
        _ head: HTTPResponseHead,
        bodyLength: Int?,
        body: [UInt8],
        end: HTTPFields?
    ) {
        guard head.status == .ok else {
            return self.finish(.notReady("was answered with \(head.status)"))
        }
        // An answer of trailers alone has them in its head.
        if end != nil, head.fields.contains("grpc-status") {
            return self.upstreamSentBody(body, end: head.fields)
        }
        self.upstreamSentBody(body, end: end)
    }

    func upstreamSentBody(_ bytes: [UInt8], end: HTTPFields?) {
        self.answer += bytes
        guard self.answer.count <= Self.answerBytesMax else {
            return self.finish(.notReady("was answered at too great length"))
        }
        guard let end else { return }
        let status = end["grpc-status"] ?? "none"
        guard status == "0" else {
            return self.finish(.notReady("was answered with gRPC's status \(status)"))
        }
        switch GRPCHealth.status(in: self.answer) {
        case .serving: self.finish(.ready)
        case .other(let number): self.finish(.notReady("was answered with health status \(number)"))
        case nil: self.finish(.notReady("was answered with something else"))
        }
    }

    func upstreamFailed(_ failure: UpstreamFailure) {
        self.finish(.notReady("failed: the function \(failure.explanation)"))
    }

    // MARK: End

    func close() {
        self.carrier?.close()
        self.carrier = nil
        self.pool.close()
    }
}
