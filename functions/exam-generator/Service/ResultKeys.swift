// SPDX-License-Identifier: Apache-2.0

/// Where the exam of a document goes, and where the explanation goes when there is none.
struct ResultKeys: Equatable, Sendable {
    /// What all results start with; documents there are not read.
    static let folder = "question_bank/"
    /// The longest key that S3 takes, in bytes.
    static let keyBytesMax = 1024
    /// What documents end with, in any case.
    static let documentSuffix = ".pdf"

    /// The exam.
    var exam: String
    /// The explanation.
    var error: String

    /// The keys for the document `key`; `nil` when they would be too long.
    init?(documentKey key: String) {
        let stem = Self.isDocument(key) ? String(key.dropLast(Self.documentSuffix.count)) : key
        self.exam = Self.folder + stem + ".json"
        self.error = Self.folder + stem + ".error.json"
        guard self.error.utf8.count <= Self.keyBytesMax else { return nil }
    }

    /// Whether `key` names a document that an exam is made of.
    static func isDocument(_ key: String) -> Bool {
        key.count > self.documentSuffix.count && key.lowercased().hasSuffix(self.documentSuffix)
    }
}
