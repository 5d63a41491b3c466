// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP
import HTTPClient
import ObjectStorage

/// Decides what follows an attempt to ask a language model.
struct ChatRetry: Equatable, Sendable {
    /// How often the model is asked for one document.
    var attemptsMax = 4
    /// The pause after the first failure; it doubles with each further one.
    var firstPause = Duration.seconds(1)
    /// Whoever asks us to wait longer is asked again with the next delivery of the event.
    var pauseMax = Duration.seconds(60)

    /// How an attempt went.
    enum Attempt: Equatable {
        case noAnswer(HTTPClientError)
        case refused(HTTPStatus, retryAfter: Duration?)
        case unusable(ChatReplyError)
    }

    /// What to do next.
    enum Decision: Equatable {
        case wait(Duration)
        case fail(GeneratorFailure)
    }

    /// Decides after the attempt number `count`, counted from 1.
    func decide(_ attempt: Attempt, count: Int) -> Decision {
        let doublings = min(max(count - 1, 0), 20)
        var pause = min(self.firstPause * (1 << doublings), self.pauseMax)
        var isRetriable = true
        if case .refused(let status, let retryAfter) = attempt {
            isRetriable = Self.isPassing(status)
            pause = max(pause, retryAfter ?? .zero)
        }
        let mayWait = pause <= self.pauseMax
        if isRetriable, mayWait, count < self.attemptsMax { return .wait(pause) }
        return .fail(GeneratorFailure(message: Self.message(attempt), isRetriable: isRetriable))
    }

    private static func isPassing(_ status: HTTPStatus) -> Bool {
        status.rawValue >= 500
            || [.requestTimeout, .conflict, .tooManyRequests, 425].contains(status)
    }

    private static func message(_ attempt: Attempt) -> String {
        switch attempt {
        case .noAnswer(let error):
            return "the language model cannot be reached: \(error.message)"
        case .unusable(let error):
            return "the language model's reply cannot be used: \(error.reason)"
        case .refused(let status, _):
            let hint =
                switch status {
                case .unauthorized, .forbidden: "; LLM_API_KEY is missing, wrong or not allowed"
                case .notFound: "; LLM_URL or LLM_MODEL is wrong"
                case .badRequest: "; LLM_MODEL may be wrong, or the text too long for it"
                default: ""
                }
            return "the language model answered \(status)\(hint)"
        }
    }

    /// The value of `Retry-After` in seconds; the form with a date needs `now` (RFC 9110 section
    /// 10.2.3).
    static func retryAfter(_ text: String?, now: Timestamp) -> Duration? {
        guard let text = text?.trimmed(where: \.isWhitespace), !text.isEmpty else { return nil }
        if let seconds = Int(text) {
            return seconds >= 0 ? .seconds(min(seconds, 86_400)) : nil
        }
        guard let date = Timestamp(httpDate: text) else { return nil }
        let seconds = date.secondsSinceEpoch - now.secondsSinceEpoch
        return .seconds(min(max(seconds, 0), 86_400))
    }
}
