// SPDX-License-Identifier: Apache-2.0

import Bytes
import CloudEvents
import ObjectStorage

/// What became of a document.
enum ExamOutcome: Equatable, Sendable {
    case generated(examKey: String, questions: Int)
    case failed(code: String, message: String)
}

/// Builds the event that tells what became of a document.
enum CompletionEvent {
    static let source = "/exam-generator"
    static let generatedType = "dev.swiftlet.exam.generated"
    static let failedType = "dev.swiftlet.exam.failed"

    /// The event for `document`, whose content had the tag `eTag`.
    ///
    /// The same outcome for the same content has the same id, so that whoever receives it twice
    /// can tell.
    static func make(
        _ outcome: ExamOutcome,
        for document: SourceDocument,
        at time: Timestamp
    ) -> CloudEvent {
        let type =
            switch outcome {
            case .generated: self.generatedType
            case .failed: self.failedType
            }
        return CloudEvent(
            type: type,
            source: self.source,
            id: self.id(type: type, document),
            subject: self.attributeText(document.path),
            time: time,
            dataContentType: "application/json",
            data: .json(Array(self.json(outcome, document).utf8))
        )
    }

    private static func id(type: String, _ document: SourceDocument) -> String {
        let parts = [type, document.bucket, document.key, document.eTag]
        let text = parts.map { JSONText.escape($0) }.joined(separator: ",")
        return String(Hex.encode(Digest.hash(Array(text.utf8), with: .sha256)).prefix(32))
    }

    private static func json(_ outcome: ExamOutcome, _ document: SourceDocument) -> String {
        let source =
            "\"bucket\":\(JSONText.escape(document.bucket)),"
            + "\"key\":\(JSONText.escape(document.key)),"
            + "\"etag\":\(JSONText.escape(document.eTag))"
        switch outcome {
        case .generated(let examKey, let questions):
            return "{\(source),\"exam\":\(JSONText.escape(examKey)),\"questions\":\(questions)}"
        case .failed(let code, let message):
            return "{\(source),\"error\":\(self.error(code: code, message: message))}"
        }
    }

    private static func error(code: String, message: String) -> String {
        "{\"code\":\(JSONText.escape(code)),\"message\":\(JSONText.escape(message))}"
    }

    /// The object that explains to a teacher why there is no exam.
    static func errorDocument(_ problem: PDFProblem, for document: SourceDocument) -> [UInt8] {
        let source =
            "{\"bucket\": \(JSONText.escape(document.bucket)),"
            + " \"key\": \(JSONText.escape(document.key)),"
            + " \"etag\": \(JSONText.escape(document.eTag))}"
        let error =
            "{\"code\": \(JSONText.escape(problem.code)),"
            + " \"message\": \(JSONText.escape(problem.message))}"
        return Array("{\n  \"error\": \(error),\n  \"source\": \(source)\n}\n".utf8)
    }

    /// A key as the value of an attribute, which may hold neither control characters nor
    /// noncharacters (CloudEvents 1.0.2 section 3.1); those are percent-encoded.
    private static func attributeText(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            let isControl = scalar.properties.generalCategory == .control
            if isControl || scalar.properties.isNoncharacterCodePoint {
                result += PercentCoding.encode(String(scalar), keeping: { _ in false })
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
