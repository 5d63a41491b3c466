// SPDX-License-Identifier: Apache-2.0

/// `swiftlet up`: everything on this machine.
enum UpCommand: Subcommand {
    static let syntax = CommandSyntax(
        name: "up",
        summary: "run everything on this machine: broker, bucket, dispatcher, functions",
        flags: [
            PlatformOptions.fileFlag, PlatformOptions.portFlag, PlatformOptions.adminPortFlag,
            PlatformOptions.kafkaFlag, PlatformOptions.functionsFlag, PlatformOptions.idleFlag,
            PlatformOptions.outputFlag,
        ] + PlatformOptions.bucketFlags,
        examples: [
            ("swiftlet up -f charts/exam/rendered.yaml", "Run the exam story"),
            (
                "helm template exam charts/exam -n exam | swiftlet up -f -",
                "The same from the chart"
            ),
            (
                "swiftlet up -f service.yaml --kafka kafka:9092 --s3 http://minio:9000",
                "Use a Kafka cluster and an object storage that are there already"
            ),
        ]
    )

    static func run(_ arguments: CommandArguments) async throws -> SwiftletCommand.Outcome {
        try await PlatformSession.serve(arguments, parts: .all) { addresses, options in
            let broker = options.kafka == nil ? "the embedded broker" : "as given"
            let bucket = options.storage == nil ? "the embedded bucket" : "as given"
            Terminal.note("")
            if let activator = addresses.activator {
                Terminal.note("  functions  \(activator)")
            }
            if let url = addresses.bucket { Terminal.note("  S3         \(url)  (\(bucket))") }
            if let kafka = addresses.kafka { Terminal.note("  Kafka      \(kafka)  (\(broker))") }
            if let admin = addresses.admin { Terminal.note("  admin      \(admin)/") }
            Terminal.note("")
            Terminal.note("Ready; Ctrl-C stops everything.")
        }
    }
}
