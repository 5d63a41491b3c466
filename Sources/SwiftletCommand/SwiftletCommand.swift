// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import EventLoop
internal import Glibc
internal import Swiftlet

/// The program `swiftlet`.
@main
struct SwiftletCommand {
    /// The version that `--version` prints.
    static let version = "0.1.0"

    /// How a subcommand ends; the number is the exit code.
    enum Outcome: Int32 {
        case ok = 0
        case failed = 1
        case usage = 2
    }

    static let commands: [any Subcommand.Type] = [
        UpCommand.self, DispatchCommand.self, ActivateCommand.self, InvokeCommand.self,
        PutCommand.self, ReplayCommand.self, RedriveCommand.self, DemoCommand.self,
        SimulateCommand.self,
    ]

    static func main() async {
        Signals.ignoreBrokenPipes()
        // Each request under way takes two; the soft limit is often 1024.
        _ = swiftlet_raise_descriptor_limit()
        exit(await self.run(Array(CommandLine.arguments.dropFirst())).rawValue)
    }

    static func run(_ arguments: [String]) async -> Outcome {
        guard let name = arguments.first else {
            Terminal.note(self.help)
            return .usage
        }
        switch name {
        case "--help", "-h", "help":
            Terminal.result(self.help)
            return .ok
        case "--version":
            Terminal.result("swiftlet \(self.version)")
            return .ok
        default: break
        }
        guard let command = self.commands.first(where: { $0.syntax.name == name }) else {
            Terminal.note("swiftlet: there is no subcommand \"\(name)\"; see swiftlet --help")
            return .usage
        }
        return await self.run(command, Array(arguments.dropFirst()))
    }

    private static func run(
        _ command: any Subcommand.Type,
        _ arguments: [String]
    ) async -> Outcome {
        let name = command.syntax.name
        do {
            let arguments = try CommandArguments(
                arguments,
                syntax: command.syntax,
                environment: Environment.process.variables
            )
            if arguments.wantsHelp {
                Terminal.result(command.syntax.help)
                return .ok
            }
            return try await command.run(arguments)
        } catch let error as UsageError {
            Terminal.note("swiftlet \(name): \(error); see swiftlet \(name) --help")
            return .usage
        } catch {
            Terminal.endProgress()
            Terminal.note("swiftlet \(name): \(error)")
            return .failed
        }
    }

    private static var help: String {
        var lines = [
            "swiftlet runs functions that take CloudEvents: on this machine with one command, and",
            "from the same manifests on Kubernetes with Knative.",
            "",
            "Usage: swiftlet COMMAND [flags]",
            "",
            "Commands:",
        ]
        for command in self.commands {
            let name = command.syntax.name
            let gap = String(repeating: " ", count: 10 - name.count)
            lines.append("  \(name)\(gap)\(command.syntax.summary)")
        }
        lines += [
            "",
            "swiftlet COMMAND --help explains each with examples.",
            "Exit codes: 0 ok, 1 failed, 2 wrong usage.",
        ]
        return lines.joined(separator: "\n")
    }
}

/// One verb of the program.
protocol Subcommand: SendableMetatype {
    static var syntax: CommandSyntax { get }

    /// Does it; a thrown error becomes one sentence and exit code 1.
    static func run(_ arguments: CommandArguments) async throws -> SwiftletCommand.Outcome
}

/// An error that is a sentence already.
struct CommandError: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
