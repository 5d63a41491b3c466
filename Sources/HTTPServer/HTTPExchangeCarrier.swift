// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// What carries an exchange: an HTTP/1.1 connection, or one stream of an HTTP/2 connection.
///
/// Loop thread only.
protocol HTTPExchangeCarrier: AnyObject {
    /// Whether a handler may go on writing.
    var hasRoomForOutput: Bool { get }

    /// Sends a head of 1xx before the answer.
    func sendInformational(_ head: HTTPResponseHead) throws(HTTPAnswerMistake)
    /// A whole answer, which leaves at once, or in ``answerEnded()`` at the latest.
    func answer(_ head: HTTPResponseHead, body: [UInt8]) throws(HTTPAnswerMistake)
    func startAnswer(_ head: HTTPResponseHead, bodyLength: Int?) throws(HTTPAnswerMistake)
    func writeBody(_ bytes: [UInt8]) throws(HTTPAnswerMistake)
    func endAnswer(trailers: HTTPFields?) throws(HTTPAnswerMistake)
    /// The connection of HTTP/1.1 ends with this answer, which has not started yet.
    func closeAfterAnswer()
    /// The exchange has let go; the carrier goes on with what comes next.
    func answerEnded()

    /// Whether the handler may have the connection for another protocol.
    func canBeTakenOver(_ request: HTTPRequestHead) -> Bool
    /// Answers, and gives the connection away; the exchange has let go then.
    func takeOver(
        _ request: HTTPRequestHead,
        _ head: HTTPResponseHead
    ) throws(HTTPAnswerMistake) -> HTTPByteStream

    /// The handler waits for the request's body.
    func bodyIsWanted()
    /// The handler took body bytes: there may be room to read again.
    func bodyWasConsumed()

    /// Cuts the answer off, so that the client sees that it is not whole.
    func reset()
    func report(_ text: String)
}

/// What a handler did wrong with its answer.
enum HTTPAnswerMistake: Error, Equatable {
    /// The head would not mean to the client what it means to the handler; nothing was sent.
    case headInvalid(HTTPEncodeError)
    case startedTwice
    case notStarted
    case moreThanAnnounced
    case lessThanAnnounced
    case notUpgradable

    /// Whether nothing of the answer was sent, so that another one can be.
    var mayBeReplaced: Bool {
        switch self {
        case .headInvalid, .notUpgradable: true
        default: false
        }
    }

    /// What the log says of it.
    var explanation: String {
        switch self {
        case .headInvalid(let error): "a handler's answer was refused: \(error)"
        case .startedTwice: "a handler started its answer a second time"
        case .notStarted: "a handler wrote or ended an answer that it had not started"
        case .moreThanAnnounced: "a handler wrote a body longer than it had announced"
        case .lessThanAnnounced: "a handler wrote a body shorter than it had announced"
        case .notUpgradable: "a handler took over a connection that is not to be had"
        }
    }
}
