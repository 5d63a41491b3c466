// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CloudEvents
internal import EventLoop
internal import HTTP
internal import HTTPClient
internal import Swiftlet

/// `swiftlet invoke`: sends a CloudEvent, or a batch of them, and prints the reply.
enum InvokeCommand: Subcommand {
    static let syntax = CommandSyntax(
        name: "invoke",
        summary: "send a CloudEvent to a function and print the reply",
        operands: "[URL]",
        operandCount: 0...1,
        flags: [
            FlagSyntax("type", letter: "t", value: "TYPE", help: "event type (boson.fn)"),
            FlagSyntax("source", letter: "s", value: "URI", help: "event source (/boson/fn)"),
            FlagSyntax(
                "id",
                value: "ID",
                help: "event id (a random UUID); in a batch -1, -2 and so on follow it"
            ),
            FlagSyntax("subject", value: "TEXT", help: "event subject (none)"),
            FlagSyntax(
                "data",
                letter: "d",
                value: "TEXT",
                help: "payload ({\"message\":\"Hello World\"}); repeatable in batch mode",
                isRepeatable: true
            ),
            FlagSyntax(
                "file",
                letter: "f",
                value: "FILE",
                help: "payload from a file, - for stdin; repeatable in batch mode",
                isRepeatable: true
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
            FlagSyntax(
                "mode",
                letter: "m",
                value: "MODE",
                help: "binary, structured or batch (binary)"
            ),
            FlagSyntax("host", value: "NAME", help: "Host header, to choose among functions"),
            FlagSyntax("timeout", value: "TIME", help: "longest wait (60s)"),
            FlagSyntax("output", letter: "o", value: "FORMAT", help: "text or json (text)"),
            FlagSyntax("dry-run", help: "print the request and do not send it"),
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
            (
                "swiftlet invoke -m batch -d '{\"n\":1}' -d '{\"n\":2}' --dry-run",
                "See what a batch of two events looks like"
            ),
        ]
    )

    static func run(_ arguments: CommandArguments) async throws -> SwiftletCommand.Outcome {
        let (fields, body) = try self.message(arguments)
        let url = arguments.operands.first ?? "http://localhost:8080/"
        let wantsJSON = try arguments.wantsJSON
        let timeout = try arguments.duration("timeout") ?? .seconds(60)
        guard !arguments.isOn("dry-run") else {
            self.show(url, fields, body)
            return .ok
        }
        let request = HTTPClientRequest(
            method: .post,
            url: url,
            fields: fields,
            body: .bytes(body),
            timeout: timeout,
            responseBytesMax: InvokeEvents.dataBytesMax
        )
        let loop = try EventLoop(name: "invoke")
        loop.start()
        let client = HTTPClient(loop: loop)
        let response = try await client.send(request)
        await client.close()
        return self.show(response, asJSON: wantsJSON)
    }

    /// Headers and body of the request.
    private static func message(
        _ arguments: CommandArguments
    ) throws -> (fields: HTTPFields, body: [UInt8]) {
        let mode = try self.mode(arguments)
        let events = try InvokeEvents(arguments: arguments).make()
        var fields = HTTPFields()
        let body: [UInt8]
        if mode == .batch {
            fields["content-type"] = MediaType.batch
            body = try CloudEvent.jsonFormat(batch: events)
        } else {
            guard events.count == 1, let event = events.first else {
                throw UsageError("give --data or --file once, or --mode batch for several events")
            }
            body = try event.encode(into: &fields, mode: mode)
        }
        if let host = arguments["host"] { fields["Host"] = host }
        return (fields, body)
    }

    private static func mode(_ arguments: CommandArguments) throws -> CloudEventContentMode {
        switch arguments["mode"] ?? "binary" {
        case "binary": return .binary
        case "structured": return .structured
        case "batch": return .batch
        case let other:
            throw UsageError("--mode is \"\(other)\"; it can be binary, structured or batch")
        }
    }

    private static func show(_ url: String, _ fields: HTTPFields, _ body: [UInt8]) {
        Terminal.result("POST \(url)")
        fields.forEachBytes { name, value in
            Terminal.writeResult(name + Array(": ".utf8) + value + [0x0A])
        }
        Terminal.result("")
        self.showBody(body)
    }

    private static func show(
        _ response: HTTPClientResponse,
        asJSON: Bool
    ) -> SwiftletCommand.Outcome {
        if asJSON {
            self.showJSON(response)
        } else {
            Terminal.note("\(response.status) \(response.status.reasonPhrase)")
            for event in self.events(in: response) { self.showAttributes(of: event) }
            self.showBody(response.body)
        }
        return response.status.isSuccess ? .ok : .failed
    }

    private static func showJSON(_ response: HTTPClientResponse) {
        let events = self.events(in: response)
        let mode = CloudEventContentMode(httpFields: response.fields)
        if mode == .batch, !events.isEmpty, let json = try? CloudEvent.jsonFormat(batch: events) {
            Terminal.writeResult(json + [0x0A])
        } else if let json = try? events.first?.jsonFormat() {
            Terminal.writeResult(json + [0x0A])
        } else {
            let text = String(decoding: response.body, as: UTF8.self)
            Terminal.result("{\"status\":\(response.status),\"body\":\(JSONText.escape(text))}")
        }
    }

    /// The events of the answer, in any mode; none when it is something else.
    private static func events(in response: HTTPClientResponse) -> [CloudEvent] {
        if CloudEventContentMode(httpFields: response.fields) == .batch {
            let events = try? CloudEvent.batch(httpFields: response.fields, body: response.body)
            return events ?? []
        }
        let event = try? CloudEvent(httpFields: response.fields, body: response.body)
        return event.map { [$0] } ?? []
    }

    private static func showBody(_ body: [UInt8]) {
        guard !body.isEmpty else { return }
        Terminal.writeResult(body)
        if body.last != 0x0A { Terminal.result("") }
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
