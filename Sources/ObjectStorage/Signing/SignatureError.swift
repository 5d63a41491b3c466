// SPDX-License-Identifier: Apache-2.0

/// Why a request is not believed.
package enum SignatureError: Error, Sendable, Equatable {
    /// There is no signature at all.
    case anonymous
    /// A signature of a kind that is not spoken here.
    case unsupportedAlgorithm
    /// Both an `Authorization` field and `X-Amz-Algorithm` in the query.
    case twoMechanisms
    /// The `Authorization` field cannot be read.
    case malformedHeader
    /// The query's `X-Amz-…` items cannot be read.
    case malformedQuery
    /// The credential's scope names another region; `expected` is ours.
    case wrongRegion(expected: String)
    /// The credential's scope has another day, service or end than the request.
    case wrongScope
    /// The request has no time that can be read.
    case missingDate
    /// More than 15 minutes between the two clocks.
    case skewed
    /// A query signature whose time is over.
    case expired
    /// A query signature meant to be good for more than seven days, or for no time.
    case invalidExpiry
    /// Nobody has that access key.
    case unknownAccessKey
    /// A field that must be signed is not; `name` tells which.
    case unsignedField(name: String)
    /// `x-amz-content-sha256` is neither a hash nor one of the documented words.
    case invalidPayloadHash
    /// Path or query hold a broken escape.
    case undecodable
    /// The signature is another than ours.
    case mismatch
}
