// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Files under `Tests/Fixtures/CloudEvents`.
enum Fixture {
    struct Missing: Error {
        var path: String
    }

    static func bytes(_ name: String, from file: String = #filePath) throws -> [UInt8] {
        let tests = file.split(separator: "/").dropLast(2).joined(separator: "/")
        let path = "/\(tests)/Fixtures/CloudEvents/\(name)"
        guard let stream = fopen(path, "r") else { throw Missing(path: path) }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        while case let byte = getc(stream), byte != EOF { bytes.append(UInt8(byte)) }
        return bytes
    }
}
