// SPDX-License-Identifier: Apache-2.0

/// `swiftlet dispatch`: only the dispatcher.
enum DispatchCommand: Subcommand {
    static let syntax = CommandSyntax(
        name: "dispatch",
        summary: "run only the dispatcher: records of Kafka to functions, as CloudEvents",
        flags: [
            PlatformOptions.fileFlag,
            FlagSyntax(
                "contract",
                value: "FILE",
                help: "the contract of Knative's control plane instead of manifests; it is watched"
            ),
            FlagSyntax(
                "kafka",
                value: "HOST:PORT",
                help: "brokers instead of those that the manifests name"
            ),
            FlagSyntax(
                "activator",
                value: "URL",
                help: "where functions are reached; without it by their names in the cluster"
            ),
            FlagSyntax(
                "activator-admin",
                value: "URL",
                help: "the activator's admin port, which is told the lag of its functions' sources"
            ),
            PlatformOptions.adminPortFlag, PlatformOptions.outputFlag,
        ],
        examples: [
            ("swiftlet dispatch -f source.yaml", "Deliver to the sink that the manifest names"),
            (
                "swiftlet dispatch --contract /etc/contract-resources/data",
                "Take the place of the dispatcher of Knative's KafkaSource"
            ),
            (
                "swiftlet dispatch -f exam.yaml --kafka localhost:9092 --activator "
                    + "http://localhost:8080",
                "Deliver to functions on this machine"
            ),
        ]
    )

    static func run(_ arguments: CommandArguments) async throws -> SwiftletCommand.Outcome {
        if arguments["contract"] != nil { return try await ContractSession.serve(arguments) }
        return try await PlatformSession.serve(arguments, parts: .dispatcher) { addresses, _ in
            if let admin = addresses.admin { Terminal.note("  admin  \(admin)/metrics") }
            Terminal.note("Dispatching; Ctrl-C stops after what is under way.")
        }
    }
}
