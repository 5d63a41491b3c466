// SPDX-License-Identifier: Apache-2.0

package import HTTP

/// What all requests of one client have in common.
package struct HTTPClientConfiguration: Sendable {
    /// Most connections that are kept open between requests.
    package var idleConnectionsMax = 256
    /// A connection that was idle for longer is not used again.
    ///
    /// Below the 75 s at which servers commonly close theirs, so that few requests meet a
    /// connection about to die.
    package var idleTimeMax = Duration.seconds(60)
    /// Most connections to one host, 0 for any number.
    ///
    /// Further requests wait for a connection, within their own time limit.
    package var connectionsPerHostMax = 0
    /// Whether HTTP/1.1 without TLS is spoken here, on connections that libcurl makes.
    ///
    /// For many small requests to few peers, which cost half as much. Requests from and into files
    /// stay with libcurl, and so do all when ``connectionsPerHostMax`` is set.
    package var speaksPlainHTTP = false
    /// Most requests under way; further ones fail with ``HTTPClientError/Kind/overloaded``.
    package var transfersMax = 16_384
    /// How much of a response's head is accepted, 1xx responses and trailers counted in.
    package var responseLimits = HTTPLimits()
    /// A file of certificates in PEM form that replaces the system's authorities.
    package var authoritiesFile: String?
    /// A PEM file with the certificate that this client shows, and one with its key.
    package var clientCertificate: (certificateFile: String, keyFile: String)?

    /// The defaults.
    package init() {}

    /// For a dispatcher: many small requests to few sinks.
    package static var manySmallRequests: Self {
        var configuration = Self()
        configuration.speaksPlainHTTP = true
        return configuration
    }
}
