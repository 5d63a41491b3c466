// SPDX-License-Identifier: Apache-2.0

/// What a bucket knows of an object.
struct StoredObject: Equatable, Sendable {
    var eTag: String
    /// Names in lower case, without `x-amz-meta-`.
    var metadata: [String: String] = [:]
}

/// Where documents come from and exams go to.
protocol ObjectStore: Sendable {
    /// What is known of an object; `nil` when there is none.
    func head(bucket: String, key: String) async throws -> StoredObject?

    /// Writes an object into `file`.
    ///
    /// - Returns: What is known of the object that was written; `nil` when there is none.
    /// - Throws: ``PDFProblem/tooLarge(bytesMax:)`` when it has more than `bytesMax` bytes.
    func download(
        bucket: String,
        key: String,
        into file: ScratchFile,
        bytesMax: Int
    ) async throws -> StoredObject?

    /// Writes an object of type `application/json`, replacing what was there.
    func upload(
        bucket: String,
        key: String,
        json: [UInt8],
        metadata: [String: String]
    ) async throws

    /// Removes an object; nothing happens when there is none.
    func delete(bucket: String, key: String) async throws
}
