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
}
