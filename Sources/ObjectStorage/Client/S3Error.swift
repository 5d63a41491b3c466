// SPDX-License-Identifier: Apache-2.0

package import HTTP
import HTTPClient

/// Why a request to an S3 server did not succeed.
package struct S3Error: Error, Sendable, Equatable, CustomStringConvertible {
    /// The server's code, for example `NoSuchKey`; without an answer the kind of failure, for
    /// example `couldNotConnect`.
    package var code: String
    /// The server's sentence, or ours; no secrets.
    package var message: String
    /// The status of the answer, if there was one.
    package var status: HTTPStatus?

    /// Makes an error.
    package init(code: String, message: String, status: HTTPStatus? = nil) {
        self.code = code
        self.message = message
        self.status = status
    }

    /// One sentence for the log.
    package var description: String {
        guard let status = self.status else { return self.message }
        return "The S3 server answered \(status) \(self.code): \(self.message)"
    }

    /// Whether the same request can succeed later with nothing changed.
    package var isRetriable: Bool {
        if let status = self.status {
            return status.rawValue >= 500 && status != .notImplemented
                && status != .insufficientStorage || status == .tooManyRequests
                || status == .requestTimeout || self.code == "RequestTimeout"
                || self.code == "SlowDown"
        }
        switch HTTPClientError.Kind(rawValue: self.code) {
        case .couldNotResolve, .couldNotConnect, .timedOut, .connectionLost, .protocolError,
            .overloaded:
            return true
        default:
            return false
        }
    }

    /// The error of a request that got no whole answer.
    init(_ error: HTTPClientError) {
        self.init(code: error.kind.rawValue, message: error.message)
    }

    /// Reads the error out of an answer; HEAD has none but the status.
    init(status: HTTPStatus, body: [UInt8]) {
        let root = try? XMLReader.parse(body)
        guard let root, root.name == "Error", let code = root["Code"]?.text, !code.isEmpty else {
            self.init(
                code: Self.code(for: status),
                message: status.reasonPhrase.isEmpty ? "no reason given" : status.reasonPhrase,
                status: status
            )
            return
        }
        let message = root["Message"]?.text ?? ""
        self.init(
            code: String(code.prefix(128)),
            message: message.isEmpty ? status.reasonPhrase : String(message.prefix(1024)),
            status: status
        )
    }

    private static func code(for status: HTTPStatus) -> String {
        switch status {
        case .forbidden: "AccessDenied"
        case .notFound: "NoSuchKey"
        case .preconditionFailed: "PreconditionFailed"
        case .serviceUnavailable: "SlowDown"
        default: "HTTP\(status)"
        }
    }
}
