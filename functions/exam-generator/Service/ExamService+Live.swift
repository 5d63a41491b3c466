// SPDX-License-Identifier: Apache-2.0

import Bytes
import EventLoop
import HTTPClient
import ObjectStorage
import Swiftlet

extension ExamService {
    /// The service with a real bucket, a real broker and real programs.
    ///
    /// - Throws: What keeps the function from starting, one sentence that says what to do.
    static func live(_ environment: [String: String]) throws -> ExamService {
        let configuration = try ExamConfiguration(environment)
        let program = try PDFTextExtractor.find(in: configuration.programPath)
        let storage = try S3Configuration.fromEnvironment(environment)
        // One loop for the bucket, the broker and the children; it lives as long as the process.
        let loop = try EventLoop(name: "exam-io")
        loop.start()
        let http = HTTPClient(loop: loop)
        let limits = ExtractionLimits()
        return ExamService(
            store: S3ObjectStore(client: S3Client(client: http, configuration: storage)),
            publisher: configuration.resultTopic.map { KafkaPublisher(topic: $0, loop: loop) }
                ?? SilentPublisher(),
            extractor: PDFTextExtractor(program: program, limits: limits, loop: loop),
            generator: Self.generator(configuration, http: http),
            limits: limits,
            scratchDirectory: configuration.scratchDirectory,
            now: { .now() }
        )
    }

    private static func generator(
        _ configuration: ExamConfiguration,
        http: HTTPClient
    ) -> any ExamGenerator {
        switch configuration.generator {
        case .cloze: ClozeGenerator(questionsMax: configuration.questionsMax)
        case .fixed: StaticGenerator()
        case .languageModel(let chat):
            ChatGenerator(
                configuration: chat,
                questionsMax: configuration.questionsMax,
                retry: ChatRetry(),
                send: { try await http.send($0) },
                pause: { try await Task.sleep(for: $0) },
                now: { .now() }
            )
        }
    }
}
