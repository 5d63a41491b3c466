// SPDX-License-Identifier: Apache-2.0

import Bytes
import CESQL
import CloudEvents
import FoundationEssentials
import Glibc
import Testing

/// A file of `Tests/Fixtures/cesql`: expressions of one kind, and what comes of them.
struct ExpressionTable: Decodable, Sendable, CustomTestStringConvertible {
    var name: String
    var tests: [Case]

    var testDescription: String { self.name }

    struct Case: Decodable, Sendable {
        var name: String
        var expression: String
        /// Attributes that replace those of ``ExpressionTable/event``.
        var event: [String: Value]?
        /// Absent where there is no expression, and so no value.
        var result: Value?
        /// The kind of the first error; absent where there is none.
        var error: String?

        func makeEvent() throws -> CloudEvent {
            var event = ExpressionTable.event
            for (name, value) in self.event ?? [:] {
                switch name {
                case "id": event.id = value.text
                case "source": event.source = value.text
                case "type": event.type = value.text
                case "subject": event.subject = value.text
                case "time": event.time = Timestamp(rfc3339: value.text)
                case "datacontenttype": event.dataContentType = value.text
                case "dataschema": event.dataSchema = value.text
                default: event.extensions[name] = value.attribute
                }
            }
            try event.validate()
            return event
        }
    }

    /// The event of a case that says nothing else.
    static let event = CloudEvent(type: "exam.graded", source: "/exams/maths", id: "1")

    struct Value: Decodable, Sendable {
        var value: CESQLValue

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let value = try? container.decode(Bool.self) {
                self.value = .boolean(value)
            } else if let value = try? container.decode(Int32.self) {
                self.value = .integer(value)
            } else {
                self.value = .string(try container.decode(String.self))
            }
        }

        var text: String {
            if case .string(let text) = self.value { text } else { "" }
        }

        var attribute: CloudEventValue {
            switch self.value {
            case .boolean(let value): .boolean(value)
            case .integer(let value): .integer(value)
            case .string(let text): .string(text)
            }
        }
    }

    static let all: [Self] = {
        do {
            return try Self.names.map(Self.read)
        } catch {
            return [Self(name: "\(error)", tests: [])]
        }
    }()

    static let names = [
        "binary_comparison_operators", "binary_logical_operators", "binary_math_operators",
        "case_sensitivity", "casting_functions", "context_attributes_access", "exists_expression",
        "in_operator", "integer_builtin_functions", "like_expression", "literals",
        "negate_operator", "not_operator", "parse_errors", "precedence", "spec_examples",
        "string_builtin_functions", "sub_expression", "subscriptions_api_recreations",
        "user_defined_functions",
    ]

    private struct Unreadable: Error {
        var path: String
    }

    private static func read(_ name: String) throws -> Self {
        let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let path = "/\(tests)/Fixtures/cesql/\(name).json"
        guard let stream = fopen(path, "r") else { throw Unreadable(path: path) }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        while case let byte = getc(stream), byte != EOF { bytes.append(UInt8(byte)) }
        return try JSONDecoder().decode(Self.self, from: Data(bytes))
    }
}

extension CESQLError {
    /// The kind, as the tables name it.
    var kind: String {
        switch self {
        case .math: "math"
        case .cast: "cast"
        case .missingAttribute: "missingAttribute"
        case .missingFunction: "missingFunction"
        case .functionEvaluation: "functionEvaluation"
        case .generic: "generic"
        }
    }
}
