// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import SwiftletCommand

@Suite("Finding programs")
struct ExecutableFinderTests {
    @Test("a link stays one, also when it is named from where we are; what leads nowhere is none")
    func links() throws {
        var template = Array("/tmp/swiftlet-finder-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer {
            $0.baseAddress.map { mkdtemp($0) != nil } ?? false
        }
        try #require(made)
        let directory = String(
            decoding: template.dropLast().map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
        let (link, broken) = ("\(directory)/python", "\(directory)/broken")
        defer {
            unlink(link)
            unlink(broken)
            rmdir(directory)
        }
        #expect(symlink("/bin/sh", link) == 0 && symlink("/nonexistent", broken) == 0)
        let finder = ExecutableFinder(functionsDirectory: nil)
        #expect(finder.findCommand(link, path: "") == link)
        #expect(finder.findCommand("python", path: directory) == link)
        #expect(finder.findCommand(broken, path: "") == nil)
        #expect(finder.findCommand(directory, path: "") == nil)
        let up = String(repeating: "../", count: 64)
        let found = try #require(finder.findCommand(up + link.dropFirst(), path: ""))
        #expect(found.hasPrefix("/") && found.hasSuffix(link))
    }
}
