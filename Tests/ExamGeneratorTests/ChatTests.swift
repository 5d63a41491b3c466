// SPDX-License-Identifier: Apache-2.0

import Bytes
import FoundationEssentials
import HTTP
import HTTPClient
import Synchronization
import Testing

@testable import exam_generator

@Suite("A language model as the author")
struct ChatTests {
    static let sound = """
        [{"question": "What is red?", "options": ["Blood", "Milk", "Snow"], "correct_answer": "Blood"}]
        """

    private static func body(_ content: String) -> [UInt8] {
        Array("{\"choices\":[{\"message\":{\"content\":\(JSONText.escape(content))}}]}".utf8)
    }

    @Test(
        "reads the questions, with and without a fence",
        arguments: [
            sound, "```json\n\(sound)\n```", "```\n\(sound)\n```", "  \n\(sound)\n",
            "```\(sound)```",
        ]
    )
    func reads(_ content: String) throws {
        let questions = try ChatReply.questions(in: Self.body(content), questionsMax: 1)
        #expect(questions.map(\.correctAnswer) == ["Blood"])
    }

    static let refused: [(String, String)] = [
        ("Here are your questions: []", "no JSON"), ("[]", "empty"), ("{}", "no array"),
        (#"[{"question": "What is red?", "options": ["A"], "correct_answer": "A"}]"#, "one option"),
        (
            #"[{"question": "What is red?", "options": ["1","2","3","4","5","6","7"], "correct_answer": "1"}]"#,
            "seven options"
        ),
        (#"[{"question": "What is red?", "options": ["A","B"], "correct_answer": "C"}]"#, "answer"),
        (#"[{"question": "What is red?", "options": ["A"," a"], "correct_answer": "A"}]"#, "twice"),
        (#"[{"question": "What?", "options": ["A","B"], "correct_answer": "A"}]"#, "short"),
        (#"[{"question": "What is red?", "options": ["A",""], "correct_answer": "A"}]"#, "blank"),
        (
            #"[{"question": "What is\u0007red?", "options": ["A","B"], "correct_answer": "A"}]"#,
            "bell"
        ),
        (#"[{"question": "What is red?", "options": ["A","B"]}]"#, "no answer"),
        ("[\(sound.dropFirst().dropLast()),\(sound.dropFirst().dropLast())]", "two, one allowed"),
    ]

    @Test("refuses what is no exam", arguments: refused)
    func refuses(_ content: String, _ why: String) {
        #expect(throws: ChatReplyError.self, "\(why)") {
            try ChatReply.questions(in: Self.body(content), questionsMax: 1)
        }
    }

    @Test("the limits of a question are exact")
    func limits() {
        func question(_ text: Int, options: Int, option: Int) -> Question {
            let options = (0..<options).map { String(repeating: "x", count: option - 1) + "\($0)" }
            let text = String(repeating: "q", count: text)
            return Question(question: text, options: options, correctAnswer: options[0])
        }
        #expect(ChatReply.fault(of: question(1000, options: 6, option: 300)) == nil)
        #expect(ChatReply.fault(of: question(1001, options: 6, option: 300)) != nil)
        #expect(ChatReply.fault(of: question(1000, options: 7, option: 300)) != nil)
        #expect(ChatReply.fault(of: question(1000, options: 6, option: 301)) != nil)
        #expect(ChatReply.fault(of: question(8, options: 2, option: 1)) == nil)
        #expect(ChatReply.fault(of: question(7, options: 2, option: 1)) != nil)
    }

    @Test(
        "a body that is no completion is refused",
        arguments: ["", "{}", "[]", "{\"choices\":[]}"]
    )
    func notCompletion(_ body: String) {
        #expect(throws: ChatReplyError.self) {
            try ChatReply.questions(in: Array(body.utf8), questionsMax: 5)
        }
    }

    @Test("the prompt is JSON, and long documents are cut")
    func prompt() throws {
        struct Request: Decodable {
            struct Message: Decodable {
                var role: String
                var content: String
            }
            var model: String
            var messages: [Message]
        }
        let sentence = "The \"cell\" is the unit of life and it lives on its own. "
        let text = String(repeating: sentence, count: 2000)
        let document = ChatPrompt.excerpt(of: text)
        #expect(document.count == ChatPrompt.documentCharactersMax)
        let json = ChatPrompt(model: "m\"1", document: document, questionsMax: 7).json
        let request = try JSONDecoder().decode(Request.self, from: Data(json))
        #expect(request.model == "m\"1")
        #expect(request.messages.map(\.role) == ["system", "user"])
        #expect(request.messages[0].content.contains("at most 7"))
        #expect(request.messages[1].content == document)
    }

    // MARK: Retries

    static let unusable = ChatRetry.Attempt.unusable(ChatReplyError("it is no chat completion"))
    static let unreachable = ChatRetry.Attempt.noAnswer(
        HTTPClientError(kind: .couldNotConnect, message: "nobody is there")
    )

    @Test("pauses double, and end")
    func pauses() {
        let retry = ChatRetry()
        #expect(retry.decide(Self.unusable, count: 1) == .wait(.seconds(1)))
        #expect(retry.decide(Self.unreachable, count: 2) == .wait(.seconds(2)))
        #expect(retry.decide(.refused(503, retryAfter: nil), count: 3) == .wait(.seconds(4)))
        guard case .fail(let failure) = retry.decide(Self.unusable, count: 4) else {
            Issue.record("the fourth attempt is the last")
            return
        }
        #expect(failure.isRetriable)
    }

    @Test("Retry-After is obeyed up to a limit")
    func retryAfter() {
        let retry = ChatRetry()
        #expect(
            retry.decide(.refused(429, retryAfter: .seconds(60)), count: 1) == .wait(.seconds(60))
        )
        guard case .fail(let late) = retry.decide(.refused(429, retryAfter: .seconds(61)), count: 1)
        else {
            Issue.record("61 seconds are too long")
            return
        }
        #expect(late.isRetriable)
        let now = Timestamp(secondsSinceEpoch: 784_111_770)
        #expect(ChatRetry.retryAfter("7", now: now) == .seconds(7))
        #expect(ChatRetry.retryAfter("Sun, 06 Nov 1994 08:49:37 GMT", now: now) == .seconds(7))
        #expect(ChatRetry.retryAfter("-1", now: now) == nil)
        #expect(ChatRetry.retryAfter("soon", now: now) == nil)
        #expect(ChatRetry.retryAfter(nil, now: now) == nil)
    }

    @Test(
        "a refusal that stays is not asked again",
        arguments: [400, 401, 403, 404, 422] as [HTTPStatus]
    )
    func permanent(_ status: HTTPStatus) {
        guard
            case .fail(let failure) = ChatRetry().decide(
                .refused(status, retryAfter: nil),
                count: 1
            )
        else {
            Issue.record("\(status) does not pass")
            return
        }
        #expect(!failure.isRetriable)
        #expect(failure.message.contains("\(status)"))
    }

    // MARK: The generator

    /// Answers requests one after the other, and remembers them.
    final class Model: Sendable {
        let answers: Mutex<[Result<HTTPClientResponse, HTTPClientError>]>
        let requests = Mutex<[HTTPClientRequest]>([])
        let pauses = Mutex<[Duration]>([])

        init(_ answers: [Result<HTTPClientResponse, HTTPClientError>]) {
            self.answers = Mutex(answers)
        }

        func generator() throws -> ChatGenerator {
            ChatGenerator(
                configuration: try ChatConfiguration([
                    "LLM_URL": "http://model", "LLM_MODEL": "small", "LLM_API_KEY": "secret",
                ]),
                questionsMax: 5,
                retry: ChatRetry(),
                send: { request in
                    self.requests.withLock { $0.append(request) }
                    let answer = self.answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                    return try #require(answer).get()
                },
                pause: { duration in self.pauses.withLock { $0.append(duration) } },
                now: { Timestamp(secondsSinceEpoch: 0) }
            )
        }
    }

    static let document = String(
        repeating: "The cell is the unit of life on the Earth. ",
        count: 10
    )

    @Test("asks again after failures, with the key, until a reply can be used")
    func generates() async throws {
        let model = Model([
            .failure(HTTPClientError(kind: .timedOut, message: "too late")),
            .success(HTTPClientResponse(status: 429, fields: ["Retry-After": "9"])),
            .success(HTTPClientResponse(status: 200, body: Self.body("sorry"))),
            .success(HTTPClientResponse(status: 200, body: Self.body(Self.sound))),
        ])
        let questions = try await model.generator().questions(about: Self.document)
        #expect(questions.map(\.question) == ["What is red?"])
        #expect(model.pauses.withLock { $0 } == [.seconds(1), .seconds(9), .seconds(4)])
        let requests = model.requests.withLock { $0 }
        #expect(requests.count == 4)
        #expect(requests.allSatisfy { $0.url == "http://model/v1/chat/completions" })
        #expect(requests.allSatisfy { $0.fields["authorization"] == "Bearer secret" })
    }

    @Test("gives up at once when the key is wrong, and does not tell it")
    func unauthorized() async throws {
        let model = Model([.success(HTTPClientResponse(status: 401))])
        let generator = try model.generator()
        let failure = try await #require(throws: GeneratorFailure.self) {
            try await generator.questions(about: Self.document)
        }
        #expect(!failure.isRetriable)
        #expect(failure.message.contains("LLM_API_KEY"))
        #expect(!failure.message.contains("secret"))
    }

    @Test("does not ask about a document without text")
    func tooLittle() async throws {
        let generator = try Model([]).generator()
        await #expect(throws: TooLittleText.self) {
            try await generator.questions(about: "Short.")
        }
    }
}
