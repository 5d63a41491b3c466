// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials

/// A piece of JSON whose form is not known beforehand.
enum JSONNode: Sendable, Equatable, Decodable {
    case null
    case bool(Bool)
    /// A number without a fraction that fits.
    case integer(Int64)
    /// Any other number.
    case number(Double)
    case text(String)
    case list([JSONNode])
    case object([String: JSONNode])

    /// Takes the first form that fits.
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONNode].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: JSONNode].self))
        }
    }

    /// Reads a document.
    ///
    /// - Throws: ``KafkaSourceError`` when it is no JSON.
    init(json: [UInt8]) throws(KafkaSourceError) {
        // A file is empty while somebody begins to write it.
        guard !json.isEmpty else { throw KafkaSourceError(message: "it is empty") }
        do {
            self = try JSONDecoder().decode(JSONNode.self, from: Data(json))
        } catch DecodingError.dataCorrupted(let context) {
            throw KafkaSourceError(message: "it is no JSON: \(context.debugDescription)")
        } catch {
            throw KafkaSourceError(message: "it is no JSON")
        }
    }

    /// What it is, for a person.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .integer, .number: "a number"
        case .text: "a text"
        case .list: "a list"
        case .object: "an object"
        }
    }
}
