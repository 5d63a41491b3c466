// SPDX-License-Identifier: Apache-2.0

/// Why there is no configuration; one sentence that names the variable.
package struct S3ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong.
    package var description: String
}

/// Which S3 server to talk to, and as whom.
package struct S3Configuration: Sendable {
    /// `http` or `https`, host, and port if it is not the usual one; perhaps a path in front.
    package var endpoint: String
    /// The region to sign for.
    package var region: String
    /// The pair of keys to sign with.
    package var credentials: S3Credentials
    /// What goes with keys that are good for some hours only.
    package var sessionToken: String?
    /// How long a request without a body of weight may take.
    package var timeout = Duration.seconds(30)
    /// How long one upload or download may take.
    package var transferTimeout = Duration.seconds(15 * 60)
    /// How often and after which pauses requests are repeated.
    package var retry = RetryPolicy()

    /// Makes a configuration.
    ///
    /// - Throws: ``S3ConfigurationError`` when the endpoint is no URL of a server.
    package init(
        endpoint: String,
        region: String = "us-east-1",
        accessKey: String,
        secretKey: String,
        sessionToken: String? = nil
    ) throws(S3ConfigurationError) {
        let trimmed = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        guard Self.isValid(trimmed) else {
            throw S3ConfigurationError(
                description: "The S3 endpoint must read http://host:port or https://host,"
                    + " without user, query or fragment."
            )
        }
        guard !accessKey.isEmpty, !secretKey.isEmpty, !region.isEmpty else {
            throw S3ConfigurationError(
                description: "The S3 access key, secret key and region must not be empty."
            )
        }
        self.endpoint = trimmed
        self.region = region
        self.credentials = S3Credentials(accessKey: accessKey, secretKey: secretKey)
        self.sessionToken = sessionToken
    }

    /// Reads the variables that all AWS tools know: `AWS_ENDPOINT_URL_S3` or `AWS_ENDPOINT_URL`
    /// (else Amazon itself), `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`,
    /// `AWS_REGION` or `AWS_DEFAULT_REGION` (else `us-east-1`).
    ///
    /// - Throws: ``S3ConfigurationError`` naming the variable that is missing or wrong.
    package static func fromEnvironment(
        _ environment: [String: String]
    ) throws(S3ConfigurationError) -> Self {
        func value(_ names: String...) -> String? {
            names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        func required(_ name: String) throws(S3ConfigurationError) -> String {
            guard let value = value(name) else {
                throw S3ConfigurationError(
                    description: "The environment variable \(name) is not set;"
                        + " it is needed to sign requests to the S3 server."
                )
            }
            return value
        }
        let accessKey = try required("AWS_ACCESS_KEY_ID")
        let secretKey = try required("AWS_SECRET_ACCESS_KEY")
        let region = value("AWS_REGION", "AWS_DEFAULT_REGION") ?? "us-east-1"
        let endpoint =
            value("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
            ?? "https://s3.\(region).amazonaws.com"
        guard self.isValid(endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint) else {
            throw S3ConfigurationError(
                description: "AWS_ENDPOINT_URL must read http://host:port or https://host,"
                    + " without user, query or fragment."
            )
        }
        return try Self(
            endpoint: endpoint,
            region: region,
            accessKey: accessKey,
            secretKey: secretKey,
            sessionToken: value("AWS_SESSION_TOKEN")
        )
    }

    private static func isValid(_ endpoint: String) -> Bool {
        for scheme in ["http://", "https://"] where endpoint.hasPrefix(scheme) {
            let rest = endpoint.dropFirst(scheme.utf8.count)
            let isPlain = rest.utf8.allSatisfy { byte in
                byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "@")
                    && byte != UInt8(ascii: "?") && byte != UInt8(ascii: "#")
            }
            return isPlain && !rest.isEmpty && !rest.hasPrefix("/") && !rest.hasPrefix(":")
        }
        return false
    }

    /// Whether what is sent can be neither read nor changed on the way.
    var isEncrypted: Bool { self.endpoint.hasPrefix("https://") }

    /// What follows `http://` or `https://`.
    private var afterScheme: Substring {
        self.endpoint.dropFirst(self.isEncrypted ? "https://".utf8.count : "http://".utf8.count)
    }

    /// Host and port as the `Host` field has them: the port only when it is not the usual one.
    var authority: String {
        let authority = self.afterScheme.prefix { $0 != "/" }
        let usualPort = self.isEncrypted ? ":443" : ":80"
        guard authority.hasSuffix(usualPort) else { return String(authority) }
        return String(authority.dropLast(usualPort.utf8.count))
    }

    /// The path in front of all, for servers behind a proxy; mostly empty.
    var basePath: String { String(self.afterScheme.drop { $0 != "/" }) }

    /// Scheme, host and port.
    var origin: String { String(self.endpoint.dropLast(self.basePath.utf8.count)) }
}
