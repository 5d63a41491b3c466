// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP
import HTTPClient

/// Lets a language model write the questions, over the chat completions interface that most
/// services and local servers offer.
struct ChatGenerator: ExamGenerator {
    /// The longest reply that is read.
    static let replyBytesMax = 1024 * 1024
    /// Of less text a model would make questions up.
    static let documentCharactersMin = 200
    /// How long the model may take for one reply.
    static let replyTimeout = Duration.seconds(120)

    let name = "llm"
    let configuration: ChatConfiguration
    let questionsMax: Int
    let retry: ChatRetry
    /// Sends one request.
    let send: @Sendable (HTTPClientRequest) async throws -> HTTPClientResponse
    /// Lets time pass between two attempts.
    let pause: @Sendable (Duration) async throws -> Void
    let now: @Sendable () -> Timestamp

    func questions(about text: String) async throws -> [Question] {
        let document = ChatPrompt.excerpt(of: text)
        guard document.count >= Self.documentCharactersMin else {
            throw TooLittleText(
                reason:
                    "it holds fewer than \(Self.documentCharactersMin) characters of running text"
            )
        }
        let request = self.request(about: document)
        var count = 1
        while true {
            let attempt: ChatRetry.Attempt
            switch try await self.attempt(request) {
            case .success(let questions): return questions
            case .failure(let failed): attempt = failed
            }
            switch self.retry.decide(attempt, count: count) {
            case .wait(let duration): try await self.pause(duration)
            case .fail(let failure): throw failure
            }
            count += 1
        }
    }

    private enum Outcome {
        case success([Question])
        case failure(ChatRetry.Attempt)
    }

    private func attempt(_ request: HTTPClientRequest) async throws -> Outcome {
        let response: HTTPClientResponse
        do {
            response = try await self.send(request)
        } catch let error as HTTPClientError {
            if error.kind == .cancelled { throw CancellationError() }
            return .failure(.noAnswer(error))
        }
        guard response.status.isSuccess else {
            let wait = ChatRetry.retryAfter(response.fields["Retry-After"], now: self.now())
            return .failure(.refused(response.status, retryAfter: wait))
        }
        do {
            return .success(
                try ChatReply.questions(in: response.body, questionsMax: self.questionsMax)
            )
        } catch {
            return .failure(.unusable(error))
        }
    }

    private func request(about document: String) -> HTTPClientRequest {
        let prompt = ChatPrompt(
            model: self.configuration.model,
            document: document,
            questionsMax: self.questionsMax
        )
        var fields = HTTPFields()
        fields.append("Content-Type", "application/json")
        fields.append("Accept", "application/json")
        if let key = self.configuration.apiKey { fields.append("Authorization", "Bearer \(key)") }
        return HTTPClientRequest(
            method: .post,
            url: self.configuration.url,
            fields: fields,
            body: .bytes(prompt.json),
            timeout: Self.replyTimeout,
            responseBytesMax: Self.replyBytesMax
        )
    }
}
