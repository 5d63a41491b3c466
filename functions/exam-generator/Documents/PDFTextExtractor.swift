// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc

/// Reads PDFs with `pdftotext` of poppler-utils, as a child process under limits.
struct PDFTextExtractor: TextExtractor {
    /// The absolute path of `pdftotext`.
    let program: String
    let limits: ExtractionLimits
    /// Where the child is started and watched.
    let loop: EventLoop

    func text(of file: ScratchFile) async throws -> String {
        let prefix = file.prefix(PDFVerdict.headerBytes)
        if let problem = PDFVerdict.problem(prefix: prefix, length: file.length) { throw problem }
        let outcome = try await ChildProcess.run(self.command(for: file), on: self.loop)
        try Task.checkCancellation()
        return try PDFVerdict.text(of: outcome)
    }

    private func command(for file: ScratchFile) -> ChildCommand {
        ChildCommand(
            path: self.program,
            // The file has no name; this opens it anew, so that it is read from its start.
            arguments: [
                "-enc", "UTF-8", "-l", String(self.limits.pagesMax), "/proc/self/fd/0", "-",
            ],
            environment: ["LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin"],
            standardInput: file.descriptor,
            memoryBytesMax: self.limits.memoryBytesMax,
            processorSecondsMax: self.limits.processorSecondsMax,
            wallTimeMax: self.limits.wallTimeMax,
            outputBytesMax: self.limits.textBytesMax
        )
    }

    /// Where `pdftotext` is: in the folders of `path`, which are separated by colons.
    ///
    /// - Throws: ``ConfigurationError`` that says what to install.
    static func find(in path: String) throws(ConfigurationError) -> String {
        for folder in path.split(separator: ":") {
            let program = "\(folder)/pdftotext"
            if folder.hasPrefix("/"), access(program, X_OK) == 0 { return program }
        }
        throw ConfigurationError(
            "The program pdftotext was not found in PATH; it reads the uploaded PDFs, so please"
                + " install the package poppler-utils."
        )
    }
}
