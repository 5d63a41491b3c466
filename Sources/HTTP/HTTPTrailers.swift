// SPDX-License-Identifier: Apache-2.0

/// Which fields a trailer section may carry (RFC 9110 section 6.5.1).
enum HTTPTrailers {
    /// Fields that frame or route a message, or that are judged before its body is read.
    ///
    /// Behind a body they come too late, and nobody who merges them may be misled by them.
    static let forbidden = [
        "authorization", "cache-control", "connection", "content-encoding", "content-length",
        "content-range", "content-type", "cookie", "expect", "host", "keep-alive", "max-forwards",
        "proxy-authorization", "proxy-connection", "range", "set-cookie", "te", "trailer",
        "transfer-encoding", "upgrade",
    ]

    /// Drops what a trailer section must not carry.
    static func keepAllowed(_ fields: inout HTTPFields) {
        for name in self.forbidden { fields.remove(name) }
    }
}
