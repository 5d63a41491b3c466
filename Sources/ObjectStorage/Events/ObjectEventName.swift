// SPDX-License-Identifier: Apache-2.0

/// The events that the embedded bucket tells about, as S3 names them.
package enum ObjectEventName: String, Sendable, CaseIterable {
    /// An object was written by one request.
    case createdPut = "s3:ObjectCreated:Put"
    /// An object was made as a copy of another.
    case createdCopy = "s3:ObjectCreated:Copy"
    /// An object was put together from uploaded parts.
    case createdCompleteMultipartUpload = "s3:ObjectCreated:CompleteMultipartUpload"
    /// An object was deleted.
    case removedDelete = "s3:ObjectRemoved:Delete"

    /// Whether the object is gone, so that there is nothing to tell about its bytes.
    package var isRemoval: Bool { self == .removedDelete }
}
