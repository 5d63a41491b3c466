// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP
import HTTPClient

/// One request to an S3 server, before it is signed.
///
/// A value without time: each attempt is signed anew with ``request(for:at:)``.
struct S3Call: Sendable {
    var method: HTTPMethod
    var bucket: String
    var key = ""
    var query = QueryItems()
    var fields = HTTPFields()
    var body = HTTPClientRequest.Body.none
    var payloadHash = PayloadHash.absent
    var timeout: Duration?
    var responseBytesMax = 1024 * 1024
    var sink = HTTPClientRequest.ResponseSink.buffer

    /// The signed request.
    func request(for configuration: S3Configuration, at time: Timestamp) -> HTTPClientRequest {
        let path =
            configuration.basePath + "/" + S3Path.encode(self.bucket)
            + (self.key.isEmpty ? "" : "/" + S3Path.encode(self.key))
        let query = self.query.canonical()
        var fields = self.fields
        fields.append("host", configuration.authority)
        if let token = configuration.sessionToken { fields.append("x-amz-security-token", token) }
        let signer = RequestSigner(
            credentials: configuration.credentials,
            region: configuration.region
        )
        let signable = SignableRequest(
            method: self.method.rawValue,
            path: path,
            query: query,
            fields: fields
        )
        let added = signer.sign(signable, payloadHash: self.payloadHash, time: time)
        fields.append(contentsOf: added)
        return HTTPClientRequest(
            method: self.method,
            url: configuration.origin + path + (query.isEmpty ? "" : "?" + query),
            fields: fields,
            body: self.body,
            timeout: self.timeout ?? configuration.timeout,
            responseBytesMax: self.responseBytesMax,
            responseSink: self.sink
        )
    }
}
