// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTPClient
internal import ObjectStorage

/// `swiftlet demo`: uploads files, shows what becomes of them, and stops.
enum DemoCommand: Subcommand {
    /// How soon a function ends in a demonstration, so that one can watch it.
    private static let idleWindow = Duration.seconds(2)

    static let syntax = CommandSyntax(
        name: "demo",
        summary: "upload PDFs, show the timeline and the exams, and stop everything",
        operands: "PDF…",
        operandCount: 1...100,
        flags: [
            PlatformOptions.fileFlag,
            FlagSyntax("bucket", value: "NAME", help: "the bucket to upload to (exams)"),
            PlatformOptions.portFlag, PlatformOptions.adminPortFlag, PlatformOptions.functionsFlag,
            FlagSyntax("idle", value: "TIME", help: "an idle function ends after this (2s)"),
        ] + PlatformOptions.bucketFlags.filter { $0.name != "s3" },
        examples: [
            (
                "swiftlet demo -f charts/exam/rendered.yaml lesson.pdf",
                "Make an exam of a lesson of yours"
            )
        ]
    )

    static func run(_ arguments: CommandArguments) async throws -> SwiftletCommand.Outcome {
        var options = try PlatformOptions(arguments)
        options.idleWindow = options.idleWindow ?? self.idleWindow
        let bucket = arguments["bucket"] ?? "exams"
        let log = MilestoneLog()
        return try await PlatformSession.run(options, parts: .all, milestones: log) {
            platform,
            loop,
            interrupts in
            guard try await PlatformSession.awaitReady(platform, interrupts) else { return .failed }
            let demonstration = try Demonstration(
                platform: platform,
                options: options,
                bucket: bucket,
                log: log,
                loop: loop
            )
            let files = arguments.operands
            let outcome = try await interrupts.unlessInterrupted {
                for file in files { try await demonstration.show(file) }
                try await demonstration.showZero()
                return SwiftletCommand.Outcome.ok
            }
            await demonstration.close()
            return outcome ?? .failed
        }
    }
}
