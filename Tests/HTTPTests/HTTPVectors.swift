// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import HTTP
import Testing

/// One request as bytes, and what has to become of it (`Fixtures/http/requests.json`).
///
/// The same file is played to a running server by the tests with outside clients. Each character
/// of a text is one byte.
struct RequestVector: Decodable, Sendable, CustomTestStringConvertible {
    var name: String
    var input: String
    /// The status of the refusal; `nil` when the request is accepted.
    var status: Int?
    var method: String?
    var target: String?
    var minorVersion: UInt8?
    var headers: [[String]]?
    var body: String?
    var trailers: [[String]]?
    var keepAlive: Bool?

    var testDescription: String { self.name }

    static let all: [RequestVector] = VectorFile.read("requests.json")
    static let accepted = Self.all.filter { $0.status == nil }
    static let refused = Self.all.filter { $0.status != nil }
}

/// One response head as bytes, and what has to become of it (`Fixtures/http/responses.json`).
struct ResponseVector: Decodable, Sendable, CustomTestStringConvertible {
    var name: String
    var input: String
    /// The method of the request that it answers.
    var to: String
    /// `nil` when the response is refused.
    var status: Int?
    var headers: [[String]]?
    /// `none`, `length` and a number, `chunked` or `close`.
    var framing: String?
    var keepAlive: Bool?

    var testDescription: String { self.name }

    static let all: [ResponseVector] = VectorFile.read("responses.json")
}

enum VectorFile {
    /// The vectors of a file; none when it cannot be read, which a test reports.
    static func read<Vector: Decodable>(_ name: String) -> [Vector] {
        let parts = #filePath.split(separator: "/").dropLast(2)
        let path = "/" + parts.joined(separator: "/") + "/Fixtures/http/" + name
        guard let data = try? Data(contentsOf: URL(filePath: path)),
            let vectors = try? JSONDecoder().decode([Vector].self, from: data)
        else { return [] }
        return vectors
    }

    /// The bytes of a text in which each character stands for one.
    static func bytes(_ text: String) -> [UInt8] {
        text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }

    static func text(_ bytes: some Sequence<UInt8>) -> String {
        String(String.UnicodeScalarView(bytes.map { UnicodeScalar($0) }))
    }

    static func lines(_ fields: HTTPFields) -> [[String]] {
        var lines: [[String]] = []
        fields.forEachBytes { name, value in lines.append([Self.text(name), Self.text(value)]) }
        return lines
    }

    /// Where an input is cut in two: everywhere, or at 200 places of a long one.
    static func splits(_ count: Int) -> [Int] {
        Array(stride(from: 0, through: count, by: max(1, count / 200)))
    }
}
