// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CloudEvents
internal import EventLoop
internal import HTTP
internal import HTTPClient
internal import Swiftlet

/// `swiftlet invoke`: sends one CloudEvent and prints the reply.
enum InvokeCommand: Subcommand {
    private static let dataBytesMax = 64 * 1024 * 1024

    static let syntax = CommandSyntax(
        name: "invoke",
        summary: "send one CloudEvent to a function and print the reply",
        operands: "[URL]",
        operandCount: 0...1,
        flags: [
            FlagSyntax("type", letter: "t", value: "TYPE", help: "event type (boson.fn)"),
            FlagSyntax("source", letter: "s", value: "URI", help: "event source (/boson/fn)"),
            FlagSyntax("id", value: "ID", help: "event id (a random UUID)"),
            FlagSyntax("subject", value: "TEXT", help: "event subject (none)"),
            FlagSyntax(
                "data",
                letter: "d",
                value: "TEXT",
                help: "payload ({\"message\":\"Hello World\"})"
            ),
            FlagSyntax(
                "file",
                letter: "f",
                value: "FILE",
                help: "payload from a file, - for stdin"
            ),
            FlagSyntax(
                "content-type",
                value: "TYPE",
                help: "media type of the payload (application/json)"
            ),
            FlagSyntax(
                "extension",
                letter: "e",
                value: "NAME=VALUE",
                help: "an extension attribute; repeatable",
                isRepeatable: true
            ),
            FlagSyntax("mode", letter: "m", value: "MODE", help: "binary or structured (binary)"),
            FlagSyntax("host", value: "NAME", help: "Host header, to choose among functions"),
            FlagSyntax("timeout", value: "TIME", help: "longest wait (60s)"),
            FlagSyntax("output", letter: "o", value: "FORMAT", help: "text or json (text)"),
        ],
        examples: [
            (
                "swiftlet invoke --type greeting.requested --data '{\"name\":\"Ada\"}'",
                "Send an event to http://localhost:8080/"
            ),
            (
                "swiftlet invoke http://hello.default.localhost:8080/ -f event.json -m structured",
                "Choose a function by its name; send the payload of a file"
            ),
        ]
    )

    static func run(_ arguments: CommandArguments) async throws -> SwiftletCommand.Outcome {
        let event = try self.event(arguments)
        let mode = try self.mode(arguments)
        var fields = HTTPFields()
        let body = try event.encode(into: &fields, mode: mode)
        if let host = arguments["host"] { fields["Host"] = host }
        let request = HTTPClientRequest(
            method: .post,
            url: arguments.operands.first ?? "http://localhost:8080/",
            fields: fields,
            body: .bytes(body),
            timeout: try arguments.duration("timeout") ?? .seconds(60),
            responseBytesMax: self.dataBytesMax
        )
        let loop = try EventLoop(name: "invoke")
        loop.start()
        let client = HTTPClient(loop: loop)
        let response = try await client.send(request)
        await client.close()
        return self.show(response, asJSON: try arguments.wantsJSON)
    }

    private static func event(_ arguments: CommandArguments) throws -> CloudEvent {
        var event = CloudEvent(
            type: arguments["type"] ?? "boson.fn",
            source: arguments["source"] ?? "/boson/fn",
            id: arguments["id"] ?? UUIDText.random(),
            subject: arguments["subject"],
            time: .now(),
            dataContentType: arguments["content-type"] ?? "application/json"
        )
        for pair in arguments.all("extension") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw UsageError("--extension is \"\(pair)\" and not NAME=VALUE")
            }
            event.extensions[String(parts[0])] = .string(String(parts[1]))
        }
        let bytes = try self.payload(arguments)
        event.data =
            event.dataContentType?.hasSuffix("json") == true ? .json(bytes) : .binary(bytes)
        do {
            try event.validate()
        } catch {
            throw UsageError("\(error)")
        }
        return event
    }

    private static func payload(_ arguments: CommandArguments) throws -> [UInt8] {
        switch (arguments["data"], arguments["file"]) {
        case (.some, .some): throw UsageError("give --data or --file, not both")
        case (let data?, nil): return Array(data.utf8)
        case (nil, let file?): return try Files.read(file, bytesMax: self.dataBytesMax)
        case (nil, nil): return Array(#"{"message":"Hello World"}"#.utf8)
        }
    }

    private static func mode(_ arguments: CommandArguments) throws -> CloudEventContentMode {
        switch arguments["mode"] ?? "binary" {
        case "binary": return .binary
        case "structured": return .structured
        case let other: throw UsageError("--mode is \"\(other)\"; it can be binary or structured")
        }
    }

    private static func show(
        _ response: HTTPClientResponse,
        asJSON: Bool
    ) -> SwiftletCommand.Outcome {
        let event = try? CloudEvent(httpFields: response.fields, body: response.body)
        if asJSON {
            if let event, let json = try? event.jsonFormat() {
                Terminal.writeResult(json + [0x0A])
            } else {
                let text = String(decoding: response.body, as: UTF8.self)
                Terminal.result(
                    "{\"status\":\(response.status),\"body\":\(JSONText.escape(text))}"
                )
            }
        } else {
            Terminal.note("\(response.status) \(response.status.reasonPhrase)")
            if let event { self.showAttributes(of: event) }
            if !response.body.isEmpty {
                Terminal.writeResult(response.body)
                if response.body.last != 0x0A { Terminal.result("") }
            }
        }
        return response.status.isSuccess ? .ok : .failed
    }

    private static func showAttributes(of event: CloudEvent) {
        Terminal.note("type: \(event.type)")
        Terminal.note("source: \(event.source)")
        Terminal.note("id: \(event.id)")
        if let subject = event.subject { Terminal.note("subject: \(subject)") }
        for (name, value) in event.extensions { Terminal.note("\(name): \(value)") }
    }
}

extension CommandArguments {
    /// Whether `--output json` was asked for.
    var wantsJSON: Bool {
        get throws {
            switch self["output"] ?? "text" {
            case "text": return false
            case "json": return true
            case let other: throw UsageError("--output is \"\(other)\"; it can be text or json")
            }
        }
    }
}
