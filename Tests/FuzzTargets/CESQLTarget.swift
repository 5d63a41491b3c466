// SPDX-License-Identifier: Apache-2.0

internal import CESQL
internal import CloudEvents

/// Expressions of CESQL: read, and evaluated for one event in both modes.
enum CESQLTarget {
    private static let event: CloudEvent = {
        var event = CloudEvent(type: "exam.graded", source: "/exams/1", id: "1", subject: "maths")
        event.extensions = ["n": 7, "s": "text", "b": true, "low": .integer(.min), "e": ""]
        return event
    }()

    static func expression(_ bytes: [UInt8]) throws(BrokenProperty) {
        let text = String(decoding: bytes, as: UTF8.self)
        let expression: CESQLExpression
        do {
            expression = try CESQLExpression(text)
        } catch {
            let isPlace = error.line >= 1 && error.column >= 1
            return try require(isPlace && !error.description.isEmpty, "\(error) names no place")
        }
        let complete = expression.evaluate(Self.event)
        let fast = expression.evaluate(Self.event, mode: .failFast)
        try require(complete == expression.evaluate(Self.event), "\(text) has two values")
        try require(
            complete.errors.isEmpty ? fast == complete : fast.errors == [complete.errors[0]],
            "\(text) is \(complete), and \(fast) when the first error ends it"
        )
        if let type = expression.type {
            try require(complete.value.type == type, "\(text) is \(type) and gives \(complete)")
        }
        // One more level may be too deep.
        guard let inParentheses = try? CESQLExpression("(\(text)\n)") else { return }
        let again = inParentheses.evaluate(Self.event)
        try require(again == complete, "\(text) is \(complete), in parentheses \(again)")
    }
}
