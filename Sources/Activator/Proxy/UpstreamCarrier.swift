// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP

/// What carries one request to an instance: a connection of HTTP/1.1, or one stream of HTTP/2.
protocol UpstreamCarrier: AnyObject {
    /// The port of our side; what the instance's listener sees as its peer.
    var localPort: UInt16? { get }
    /// Whether the peer is known to be there; nothing was sent before.
    var hasConnected: Bool { get }
    /// Whether the connection carried a request before.
    var isReused: Bool { get }
    /// Whether the instance may give a request back that it has not begun (RFC 9113 section 8.7).
    var mayGiveBack: Bool { get }
    /// Whether body bytes wait for the instance; then ``UpstreamClient/upstreamDrained()`` follows.
    var isOutputBlocked: Bool { get }

    /// Begins a request, whose body is to follow when it has one.
    func begin(_ head: UpstreamRequestHead, for client: any UpstreamClient, timeout: TimeSpan)
    /// Sends body bytes; look at ``isOutputBlocked`` afterwards.
    func sendBody(_ bytes: [UInt8])
    /// Ends the request.
    func endRequest(trailers: HTTPFields)
    /// Sends what is there when this turn of the loop ends, unless it leaves sooner.
    func planFlush()
    /// Takes no more of the answer until ``resume()``: the client does not take more.
    func pause()
    /// Takes more again.
    func resume()
    /// Gives the request up; its client hears nothing.
    func close()
}

/// What a carrier tells the request that it carries.
protocol UpstreamClient: AnyObject {
    /// For the framing of the answer.
    var method: HTTPMethod { get }
    /// A first byte of an answer came.
    func upstreamAnswered()
    /// A head of 1xx before the answer (RFC 9110 section 15.2); 101 is none.
    func upstreamSentInterim(_ head: HTTPResponseHead)
    /// The head of the answer, how long its body is if that is known, what is there of it, and
    /// whether that is all of it.
    func upstreamSentHead(
        _ head: HTTPResponseHead,
        bodyLength: Int?,
        body: [UInt8],
        end: HTTPFields?
    )
    /// More of the body, and its trailers when that was the end.
    func upstreamSentBody(_ bytes: [UInt8], end: HTTPFields?)
    /// The instance takes bytes again.
    func upstreamDrained()
    /// The answer will not come, or not to its end; the carrier is closed already.
    func upstreamFailed(_ failure: UpstreamFailure)
    /// Whether the function was asked to switch protocols.
    var mayUpgrade: Bool { get }
    /// The function switched protocols: the socket is the client's now, and so is what came behind
    /// the head.
    func upstreamSwitched(_ head: HTTPResponseHead, fd: Int32, rest: [UInt8])
}
