// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CloudEvents
internal import Swiftlet

/// The events that `swiftlet invoke` sends, as its flags describe them.
struct InvokeEvents {
    static let dataBytesMax = 64 * 1024 * 1024

    let arguments: CommandArguments

    /// One event for each payload; the attributes are the same but for the ids.
    ///
    /// - Throws: ``UsageError`` when they are no valid events, or when a file cannot be read.
    func make() throws -> [CloudEvent] {
        let type = self.arguments["content-type"] ?? "application/json"
        let payloads = try self.payloads(type)
        var event = CloudEvent(
            type: self.arguments["type"] ?? "boson.fn",
            source: self.arguments["source"] ?? "/boson/fn",
            id: "",
            subject: self.arguments["subject"],
            time: .now(),
            dataContentType: type,
            extensions: try self.extensions()
        )
        return try payloads.enumerated().map { index, payload in
            event.id = self.id(index, of: payloads.count)
            event.data = payload
            do {
                try event.validate()
            } catch {
                throw UsageError("\(error)")
            }
            return event
        }
    }

    /// Events of one source must differ in their ids.
    private func id(_ index: Int, of count: Int) -> String {
        guard let id = self.arguments["id"] else { return UUIDText.random() }
        return count == 1 ? id : "\(id)-\(index + 1)"
    }

    private func extensions() throws -> CloudEventExtensions {
        var extensions = CloudEventExtensions()
        for pair in self.arguments.all("extension") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw UsageError("--extension is \"\(pair)\" and not NAME=VALUE")
            }
            extensions[String(parts[0])] = .string(String(parts[1]))
        }
        return extensions
    }

    private func payloads(_ type: String) throws -> [CloudEventData] {
        let isJSON = MediaType.isJSON(type)
        let texts = self.arguments.all("data").map { text in
            isJSON ? CloudEventData.json(Array(text.utf8)) : .text(text)
        }
        let files = self.arguments.all("file")
        guard files.count(where: { $0 == "-" }) <= 1 else {
            throw UsageError("--file - is given twice: stdin can be read once")
        }
        let contents = try files.map { file in
            let bytes = try Files.read(file, bytesMax: Self.dataBytesMax)
            return isJSON ? CloudEventData.json(bytes) : Self.data(bytes, type)
        }
        let payloads = texts + contents
        guard payloads.isEmpty else { return payloads }
        return [.json(Array(#"{"message":"Hello World"}"#.utf8))]
    }

    /// Text stays readable in structured mode.
    private static func data(_ bytes: [UInt8], _ type: String) -> CloudEventData {
        guard MediaType.essence(type).hasPrefix("text/"),
            let text = String(validating: bytes, as: UTF8.self)
        else { return .binary(bytes) }
        return .text(text)
    }
}
