// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ObjectStorage

/// Expects that `body` fails with a ``BucketError`` of that code.
func expectBucketError(
    _ code: S3ErrorCode,
    location: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    #expect(sourceLocation: location) {
        try body()
    } throws: { error in
        (error as? BucketError)?.code == code
    }
}
