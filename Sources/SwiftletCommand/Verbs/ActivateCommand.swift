// SPDX-License-Identifier: Apache-2.0

/// `swiftlet activate`: only the activator.
enum ActivateCommand: Subcommand {
    static let syntax = CommandSyntax(
        name: "activate",
        summary: "run only the activator: functions, started by their first request",
        flags: [
            PlatformOptions.fileFlag, PlatformOptions.portFlag, PlatformOptions.adminPortFlag,
            PlatformOptions.hostFlag, PlatformOptions.functionsFlag, PlatformOptions.idleFlag,
            PlatformOptions.outputFlag,
        ] + PlatformOptions.backendFlags,
        examples: [
            ("swiftlet activate -f service.yaml", "Functions on http://localhost:8080"),
            (
                "swiftlet activate -f service.yaml --port 0 --output json --idle 5s",
                "On any free port, told as JSON; functions end after 5 idle seconds"
            ),
            (
                "swiftlet activate -f service.yaml --backend kubernetes --host 0.0.0.0",
                "In a pod: scales the Deployments of the same names"
            ),
        ]
    )

    static func run(_ arguments: CommandArguments) async throws -> SwiftletCommand.Outcome {
        try await PlatformSession.serve(arguments, parts: .activator) { addresses, _ in
            if let activator = addresses.activator { Terminal.note("  functions  \(activator)") }
            if let admin = addresses.admin { Terminal.note("  admin      \(admin)/") }
            Terminal.note("Ready; Ctrl-C stops everything.")
        }
    }
}
