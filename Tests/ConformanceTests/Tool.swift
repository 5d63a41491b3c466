// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport

/// Programs of the system that a test uses as independent peers.
enum Tool {
    /// Runs one, and gives its exit code and all that it wrote.
    static func run(_ words: [String]) async throws -> (code: Int32, text: String) {
        let line = words.map { "'\($0)'" }.joined(separator: " ") + " 2>&1"
        return try await TestThread.run {
            guard let pipe = popen(line, "r") else { throw TestClientError.failed(errno) }
            var text: [UInt8] = []
            var block = [UInt8](repeating: 0, count: 4096)
            while case let count = fread(&block, 1, block.count, pipe), count > 0 {
                text += block[..<count]
            }
            return (pclose(pipe), String(decoding: text, as: UTF8.self))
        }
    }

    /// Sends a GET by HTTP/2 with curl, and reads the answer.
    static func getByHTTP2(_ url: String, _ fields: [String]) async throws -> TestAnswer {
        let outcome = try await self.run(
            ["curl", "-sSig", "--path-as-is", "--http2-prior-knowledge", "--max-time", "60"]
                + fields.flatMap { ["-H", $0] } + [url]
        )
        let parts = outcome.text.split(separator: "\r\n\r\n", maxSplits: 1)
        let lines = parts.first?.split(separator: "\r\n") ?? []
        let words = lines.first?.split(separator: " ") ?? []
        guard outcome.code == 0, words.count == 2, words[0] == "HTTP/2", let status = Int(words[1])
        else { throw TestClientError.malformed(outcome.text) }
        var answer = TestAnswer(status: status, fields: [:], body: [])
        for line in lines.dropFirst() {
            let field = line.split(separator: ": ", maxSplits: 1)
            answer.fields[field[0].lowercased()] = field.count == 2 ? String(field[1]) : ""
        }
        if parts.count == 2 { answer.body = Array(parts[1].utf8) }
        return answer
    }
}
