// SPDX-License-Identifier: Apache-2.0

/// Reads the text out of a document.
protocol TextExtractor: Sendable {
    /// The text of the PDF in `file`, pages ended by form feeds.
    ///
    /// - Throws: ``PDFProblem`` when the document is the reason.
    func text(of file: ScratchFile) async throws -> String
}

/// How much a document may take.
struct ExtractionLimits: Equatable, Sendable {
    /// Larger files are refused before they are downloaded whole.
    var documentBytesMax = 64 * 1024 * 1024
    /// Pages after these are not read.
    var pagesMax = 300
    /// Text after this is not read; about a thousand pages.
    var textBytesMax = 4 * 1024 * 1024
    /// Address space of the child process.
    var memoryBytesMax: UInt64 = 1024 * 1024 * 1024
    /// Processor time of the child process.
    var processorSecondsMax: UInt64 = 30
    /// Time until the child process is ended, whatever it does.
    var wallTimeMax = Duration.seconds(60)
}
