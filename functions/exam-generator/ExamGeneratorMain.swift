// SPDX-License-Identifier: Apache-2.0

import Glibc
import Swiftlet

/// Makes an exam out of every PDF that is uploaded to a bucket.
@main
struct ExamGeneratorMain {
    static func main() {
        let logger = Logger(label: "exam-generator")
        do {
            let service = try ExamService.live(Environment.process.variables)
            Self.function(service).run()
        } catch {
            logger.error("The function cannot start.", ["reason": "\(error)"])
            exit(1)
        }
    }

    /// The function for the events of a KafkaSource, and of S3 adapters that speak CloudEvents.
    static func function(_ service: ExamService) -> Function {
        var function = Function()
        for type: EventPattern in ["dev.knative.kafka.event", "com.amazonaws.s3.*"] {
            function.on(type) { (event: CloudEvent, context: Context) -> CloudEvent? in
                try await service.handle(event, logger: context.logger)
            }
        }
        return function
    }
}
