// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Says what the outcome of `pdftotext` means for the person who uploaded the document.
enum PDFVerdict {
    /// The mark of a PDF must stand within so many bytes from the start.
    static let headerBytes = 1024

    /// What is wrong with a file by its first bytes alone; `nil` when it looks like a PDF.
    static func problem(prefix: [UInt8], length: Int) -> PDFProblem? {
        guard length > 0 else { return .empty }
        let mark = Array("%PDF-".utf8)
        let window = prefix.prefix(Self.headerBytes)
        let hasMark = window.indices.contains { start in window[start...].starts(with: mark) }
        return hasMark ? nil : .notPDF
    }

    /// The text that `pdftotext` wrote.
    ///
    /// - Throws: What is wrong with the document.
    static func text(of outcome: ChildOutcome) throws(PDFProblem) -> String {
        switch outcome.ending {
        case .timedOut, .cancelled: throw .tooComplex
        case .signaled(let signal):
            // Out of processor time, out of memory; anything else is a crash on bad input.
            let isOverLimit = [SIGXCPU, SIGKILL, SIGABRT, SIGXFSZ].contains(signal)
            throw isOverLimit ? .tooComplex : .damaged
        case .exited(let code) where code != 0:
            throw self.problem(exitCode: code, diagnostics: outcome.diagnostics)
        case .exited, .outputFull: break
        }
        // A cut in the middle of a character leaves one replacement character.
        let text = String(decoding: outcome.output, as: UTF8.self)
        guard text.contains(where: { $0.isLetter || $0.isNumber }) else {
            throw self.looksBroken(outcome.diagnostics) ? .damaged : .imageOnly
        }
        return text
    }

    /// The exit codes of pdftotext(1): 1 the file, 3 its permissions, 99 anything else.
    private static func problem(exitCode: Int32, diagnostics: [UInt8]) -> PDFProblem {
        let words = String(decoding: diagnostics, as: UTF8.self)
        if exitCode == 3 || words.contains("Incorrect password") { return .encrypted }
        if words.contains("Out of memory") || words.contains("bad_alloc") { return .tooComplex }
        return .damaged
    }

    /// Whether the pages themselves could not be read.
    private static func looksBroken(_ diagnostics: [UInt8]) -> Bool {
        String(decoding: diagnostics, as: UTF8.self).contains("Syntax Error")
    }
}
