// SPDX-License-Identifier: Apache-2.0

internal import Bytes
public import CloudEvents
internal import FoundationEssentials

/// Codable values as JSON bytes.
enum JSONPayload {
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        do {
            // The decoder looks at what it needs alone, and takes other encodings.
            try JSONSyntax.check(bytes)
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as CloudEventError {
            throw FunctionError(400, "in the payload \(error)")
        } catch let error as DecodingError {
            throw FunctionError(400, "the payload is not a \(type): \(self.explain(error))")
        }
    }

    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        // The same value gives the same bytes.
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// Where in the payload it is, and what; never the payload itself.
    private static func explain(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context):
            return "\(self.path(context.codingPath + [key])) is missing"
        case .typeMismatch(let type, let context):
            return "\(self.path(context.codingPath)) is not a \(type)"
        case .valueNotFound(let type, let context):
            return "\(self.path(context.codingPath)) is null instead of a \(type)"
        case .dataCorrupted(let context):
            return context.codingPath.isEmpty
                ? "it is not valid JSON" : "\(self.path(context.codingPath)) is not valid"
        @unknown default:
            return "it does not fit"
        }
    }

    private static func path(_ keys: [any CodingKey]) -> String {
        guard !keys.isEmpty else { return "it" }
        return keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
}

extension CloudEvent {
    /// Reads the payload as JSON.
    ///
    /// - Throws: ``FunctionError`` with 400, saying what is missing or does not fit.
    public func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        guard let data = self.data else { throw FunctionError(400, "the event has no payload") }
        return try JSONPayload.decode(type, from: data.bytes)
    }

    /// Makes an event whose payload is a value as JSON, with a random id and the present time.
    public init(
        type: String,
        source: String,
        subject: String? = nil,
        json value: some Encodable
    ) throws {
        self.init(
            type: type,
            source: source,
            id: UUIDText.random(),
            subject: subject,
            time: .now(),
            dataContentType: "application/json",
            data: .json(try JSONPayload.encode(value))
        )
    }
}
