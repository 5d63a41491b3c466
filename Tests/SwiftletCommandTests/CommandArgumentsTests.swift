// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SwiftletCommand

@Suite("Command line")
struct CommandArgumentsTests {
    static let syntax = CommandSyntax(
        name: "try",
        summary: "a test",
        operands: "FILE",
        operandCount: 0...2,
        flags: [
            FlagSyntax("port", value: "N", help: ""),
            FlagSyntax("file", letter: "f", value: "FILE", help: "", isRepeatable: true),
            FlagSyntax("quiet", help: ""),
            FlagSyntax("idle", value: "TIME", help: ""),
        ]
    )

    static func read(
        _ arguments: [String],
        _ environment: [String: String] = [:]
    ) throws -> CommandArguments {
        try CommandArguments(arguments, syntax: Self.syntax, environment: environment)
    }

    @Test("reads values after a space and after an equals sign")
    func values() throws {
        #expect(try Self.read(["--port", "1"])["port"] == "1")
        #expect(try Self.read(["--port=2"])["port"] == "2")
        #expect(try Self.read(["-f", "a", "--file=b", "-f", "-"]).all("file") == ["a", "b", "-"])
        #expect(try Self.read(["--quiet"]).isOn("quiet"))
        #expect(try !Self.read([]).isOn("quiet"))
    }

    @Test("a flag wins over its variable, also a repeatable one")
    func environment() throws {
        let variables = ["SWIFTLET_PORT": "7", "SWIFTLET_FILE": "e"]
        #expect(try Self.read([], variables)["port"] == "7")
        #expect(try Self.read(["--port", "8"], variables)["port"] == "8")
        #expect(try Self.read(["-f", "a", "-f", "b"], variables).all("file") == ["a", "b"])
    }

    @Test("operands may look like flags after two dashes")
    func operands() throws {
        #expect(try Self.read(["a", "--", "--port"]).operands == ["a", "--port"])
    }

    @Test(
        "refuses, and says what",
        arguments: [
            (["--prot", "1"], "did you mean --port?"),
            (["--something"], "unknown flag --something"),
            (["--port"], "needs a value"),
            (["--quiet=1"], "takes no value"),
            (["--port", "1", "--port", "2"], "given twice"),
            (["a", "b", "c"], "expected FILE, got 3"),
        ]
    )
    func refuses(_ arguments: [String], _ reason: String) {
        let error = #expect(throws: UsageError.self) { try Self.read(arguments) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test("help is answered whatever else is wrong with the operands")
    func help() throws {
        #expect(try Self.read(["a", "b", "c", "--help"]).wantsHelp)
    }

    @Test("numbers keep to their range, at the limit and one past it")
    func numbers() throws {
        #expect(try Self.read(["--port", "65535"]).number("port", in: 0...65_535) == 65_535)
        #expect(throws: UsageError.self) {
            try Self.read(["--port", "65536"]).number("port", in: 0...65_535)
        }
        #expect(throws: UsageError.self) {
            try Self.read(["--port", "x"]).number("port", in: 0...65_535)
        }
    }

    @Test(
        "times have units",
        arguments: [
            ("500ms", 500), ("6s", 6000), ("2m", 120_000), ("1h", 3_600_000), ("1.5", 1500),
            ("0", 0),
        ]
    )
    func times(_ text: String, _ milliseconds: Int) throws {
        #expect(try Self.read(["--idle", text]).duration("idle") == .milliseconds(milliseconds))
    }

    @Test("what is no time is refused", arguments: ["", "s", "-1s", "5 s", "soon", "1e99"])
    func noTimes(_ text: String) throws {
        #expect(throws: UsageError.self) { try Self.read(["--idle=\(text)"]).duration("idle") }
    }

    @Test(
        "a folder of functions that is not there is told",
        arguments: ["/nonexistent", "/etc/hosts"]
    )
    func functionsFolder(_ path: String) throws {
        func options(_ folder: String) throws -> PlatformOptions {
            let arguments = try CommandArguments(
                ["-f", "m", "--functions", folder],
                syntax: ActivateCommand.syntax,
                environment: [:]
            )
            return try PlatformOptions(arguments)
        }
        #expect(try options("/etc").functionsDirectory == "/etc")
        let error = #expect(throws: UsageError.self) { try options(path) }
        #expect(error?.description == "--functions \(path): expected a folder that is there")
    }

    @Test("every flag of every verb has its own variable, and help names it")
    func syntaxes() {
        for command in SwiftletCommand.commands {
            let flags = command.syntax.flags
            #expect(Set(flags.map(\.environment)).count == flags.count, "\(command.syntax.name)")
            #expect(Set(flags.map(\.name)).count == flags.count, "\(command.syntax.name)")
            for flag in flags { #expect(command.syntax.help.contains("[\(flag.environment)]")) }
        }
    }
}
