// SPDX-License-Identifier: Apache-2.0

package import HTTP

/// An answer, whatever its status.
package struct HTTPClientResponse: Sendable, Equatable {
    /// The status of the final answer; never 1xx.
    package var status: HTTPStatus
    /// The fields of the final answer's head; trailers are not kept.
    package var fields: HTTPFields
    /// The body, unless it went elsewhere.
    package var body: [UInt8]
    /// Whether there was more of the body than was wanted.
    package var isBodyCut = false

    /// Makes an answer.
    package init(status: HTTPStatus, fields: HTTPFields = HTTPFields(), body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}
