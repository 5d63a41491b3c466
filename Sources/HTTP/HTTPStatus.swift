// SPDX-License-Identifier: Apache-2.0

/// A status code (RFC 9110 section 15).
package struct HTTPStatus: RawRepresentable, Hashable, Sendable, ExpressibleByIntegerLiteral,
    CustomStringConvertible
{
    /// 100…999; the encoder refuses others.
    package var rawValue: Int

    /// Takes any number.
    package init(rawValue: Int) { self.rawValue = rawValue }
    /// Makes a status of a literal.
    package init(integerLiteral value: Int) { self.rawValue = value }

    /// The number.
    package var description: String { String(self.rawValue) }
    /// 2xx.
    package var isSuccess: Bool { 200...299 ~= self.rawValue }
    /// 1xx.
    package var isInformational: Bool { 100...199 ~= self.rawValue }
    /// Whether an answer of this status never has a body (RFC 9110 section 6.4.1).
    package var forbidsBody: Bool {
        self.isInformational || self.rawValue == 204 || self.rawValue == 304
    }

    package static let `continue`: Self = 100
    package static let switchingProtocols: Self = 101
    package static let ok: Self = 200
    package static let created: Self = 201
    package static let accepted: Self = 202
    package static let noContent: Self = 204
    package static let partialContent: Self = 206
    package static let notModified: Self = 304
    package static let badRequest: Self = 400
    package static let unauthorized: Self = 401
    package static let forbidden: Self = 403
    package static let notFound: Self = 404
    package static let methodNotAllowed: Self = 405
    package static let requestTimeout: Self = 408
    package static let conflict: Self = 409
    package static let preconditionFailed: Self = 412
    package static let contentTooLarge: Self = 413
    package static let uriTooLong: Self = 414
    package static let unsupportedMediaType: Self = 415
    package static let rangeNotSatisfiable: Self = 416
    package static let expectationFailed: Self = 417
    package static let tooManyRequests: Self = 429
    package static let headerFieldsTooLarge: Self = 431
    package static let internalServerError: Self = 500
    package static let notImplemented: Self = 501
    package static let badGateway: Self = 502
    package static let serviceUnavailable: Self = 503
    package static let gatewayTimeout: Self = 504
    package static let versionNotSupported: Self = 505
    package static let insufficientStorage: Self = 507

    /// The words after the number, empty when there are none.
    package var reasonPhrase: String {
        switch self.rawValue {
        case 100: "Continue"
        case 101: "Switching Protocols"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 303: "See Other"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 410: "Gone"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 416: "Range Not Satisfiable"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 425: "Too Early"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        case 507: "Insufficient Storage"
        default: ""
        }
    }
}
