// SPDX-License-Identifier: Apache-2.0

import HTTP

/// What a URL without TLS means for a request in HTTP/1.1 (RFC 9112 section 3.2).
struct PlainTarget {
    /// Host and port as the URL has them: connections to the same are interchangeable.
    let authority: String
    /// From the path on, never empty.
    let path: String
    /// The `Host` line, with its line end.
    let hostLine: [UInt8]

    /// Reads a URL that ``URLText`` has checked; `nil` when it says more than these three.
    init?(_ url: String) {
        let scheme = "http://"
        guard url.hasPrefix(scheme) else { return nil }
        let rest = url.utf8.dropFirst(scheme.utf8.count)
        // Credentials and fragments are libcurl's business.
        guard !rest.contains(UInt8(ascii: "@")), !rest.contains(UInt8(ascii: "#")) else {
            return nil
        }
        let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        let path = rest.dropFirst(authority.count)
        guard let authorityText = String(authority), let pathText = String(path),
            HTTPHost.isValid(authorityText)
        else { return nil }
        self.authority = authorityText
        self.path = pathText.hasPrefix("/") ? pathText : "/" + pathText
        let isDefaultPort = authorityText.hasSuffix(":80")
        let host = isDefaultPort ? authorityText.utf8.dropLast(3) : authorityText.utf8[...]
        self.hostLine = Array("Host: ".utf8) + host + Array("\r\n".utf8)
    }
}
