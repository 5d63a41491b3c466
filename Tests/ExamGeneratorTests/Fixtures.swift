// SPDX-License-Identifier: Apache-2.0

import EventLoop
import FoundationEssentials
import Glibc

@testable import exam_generator

/// Files that come with the repository.
enum Fixtures {
    /// The folder of the package.
    static let root: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/")
    }()

    static func bytes(_ path: String) throws -> [UInt8] {
        try [UInt8](Data(contentsOf: URL(filePath: "\(self.root)/\(path)")))
    }

    /// A sample of the function.
    static func sample(_ name: String) throws -> [UInt8] {
        try self.bytes("functions/exam-generator/samples/\(name).pdf")
    }

    /// A loop for all tests of the process.
    static let loop: EventLoop = {
        guard let loop = try? EventLoop(name: "exam-tests") else {
            preconditionFailure("a test may open an epoll descriptor")
        }
        loop.start()
        return loop
    }()

    static func scratchFile(_ bytes: [UInt8]) throws -> ScratchFile {
        let file = try ScratchFile(in: "/tmp")
        guard write(file.descriptor, bytes, bytes.count) == bytes.count else {
            throw SystemError.last("write")
        }
        return file
    }

    static func extractor(
        _ limits: ExtractionLimits = ExtractionLimits()
    ) throws -> PDFTextExtractor {
        let program = try PDFTextExtractor.find(in: "/usr/local/bin:/usr/bin:/bin")
        return PDFTextExtractor(program: program, limits: limits, loop: Self.loop)
    }

    /// The text of a sample, as the function reads it.
    static func text(ofSample name: String) async throws -> String {
        try await self.extractor().text(of: self.scratchFile(self.sample(name)))
    }
}
