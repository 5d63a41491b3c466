// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTPServer

/// A request that is believed, and all that its handling needs to know of it.
struct S3Request: Sendable {
    let exchange: HTTPExchange
    /// `x-amz-request-id` of the answer.
    let id: String
    let address: S3Address
    let query: QueryItems
    let signature: SignatureVerifier.Outcome
    /// The body, when it had to be read to check the signature.
    let collectedBody: [UInt8]?

    var fields: HTTPFields { self.exchange.request.fields }

    /// The bucket's name; operations on buckets have one.
    var bucket: String { self.address.bucket ?? "" }

    /// The object's key; operations on objects have one.
    func key() throws(BucketError) -> ObjectKey {
        guard let key = self.address.key else {
            throw BucketError(.invalidRequest, "The request names no object.")
        }
        return key
    }

    /// The path as the resource in errors.
    var resource: String { self.exchange.request.path }

    /// The number in a query item.
    func number(_ name: String, default value: Int) throws(BucketError) -> Int {
        guard let text = self.query[name], !text.isEmpty else { return value }
        guard let number = HTTPText.decimal(Array(text.utf8)) else {
            throw BucketError(.invalidArgument, "\(name) is a number that is not negative.")
        }
        return number
    }

    /// Hands the body to an upload, piece by piece.
    func receiveBody(into upload: ObjectUpload) async throws {
        if let body = self.collectedBody {
            if !body.isEmpty { try upload.receive(body) }
            return
        }
        while let chunk = try await self.exchange.nextBodyChunk() { try upload.receive(chunk) }
    }
}
