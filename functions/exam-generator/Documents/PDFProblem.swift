// SPDX-License-Identifier: Apache-2.0

/// Why no exam can be made out of a document; the document is the reason, not the machinery.
enum PDFProblem: Error, Equatable {
    /// The file has no bytes.
    case empty
    /// The file is no PDF at all.
    case notPDF
    /// The text can be read only with a password.
    case encrypted
    /// The pages hold pictures and no text.
    case imageOnly
    /// The file starts like a PDF but cannot be read.
    case damaged
    /// The file is larger than the limit.
    case tooLarge(bytesMax: Int)
    /// Reading the file took more time or memory than any honest document needs.
    case tooComplex
    /// There is text, but not enough of it.
    case tooLittleText(reason: String)

    /// A short name that programs can go by; it never changes.
    var code: String {
        switch self {
        case .empty: "empty"
        case .notPDF: "not-a-pdf"
        case .encrypted: "encrypted"
        case .imageOnly: "image-only"
        case .damaged: "damaged"
        case .tooLarge: "too-large"
        case .tooComplex: "too-complex"
        case .tooLittleText: "too-little-text"
        }
    }

    /// What a teacher is told: what is wrong and what helps.
    var message: String {
        switch self {
        case .empty:
            "The file is empty; please upload it again."
        case .notPDF:
            "The file is not a PDF document, although its name says so; please save it as PDF and"
                + " upload it again."
        case .encrypted:
            "The PDF is protected by a password; please upload a copy without a password."
        case .imageOnly:
            "The PDF holds only pictures of its pages, so there is no text to make questions from;"
                + " please upload a version with text, for example after text recognition (OCR)."
        case .damaged:
            "The PDF is damaged or incomplete; please export it again and upload the new file."
        case .tooLarge(let bytesMax):
            "The PDF is larger than \(bytesMax / 1_048_576) MiB; please upload a smaller document,"
                + " for example one chapter at a time."
        case .tooComplex:
            "The PDF takes too long or too much memory to read; please save it again with another"
                + " program, or upload a simpler document."
        case .tooLittleText(let reason):
            "The document has too little text for an exam: \(reason)."
        }
    }
}
