// SPDX-License-Identifier: Apache-2.0

import HTTP

/// What is checked about a URL before libcurl sees it, and what of it may be shown.
enum URLText {
    /// The longest URL, in bytes.
    static let bytesMax = 16 * 1024
    /// The longest form of a URL in a message, in bytes.
    static let shownBytesMax = 200

    /// What is wrong with `url`, as the end of a sentence; `nil` when it may be sent.
    ///
    /// Line ends, spaces and NUL would let a path write the rest of the request.
    static func problem(_ url: String) -> String? {
        guard url.utf8.count <= self.bytesMax else {
            return "the URL is longer than \(self.bytesMax) bytes"
        }
        guard url.utf8.allSatisfy({ HTTPText.isTarget($0) }) else {
            return "the URL holds a byte that must be percent-encoded"
        }
        guard self.hasScheme(url, "http://") || self.hasScheme(url, "https://") else {
            return "the URL begins with neither http:// nor https://"
        }
        return nil
    }

    private static func hasScheme(_ url: String, _ scheme: String) -> Bool {
        var bytes = url.utf8.makeIterator()
        for byte in scheme.utf8 {
            guard let found = bytes.next(), HTTPText.lowercased(found) == byte else { return false }
        }
        return true
    }

    /// The URL without user information, query and fragment, in printable ASCII.
    static func shown(_ url: String) -> String {
        var shown: [UInt8] = []
        var rest = Array(url.utf8.prefix(self.shownBytesMax))[...]
        let isCut = rest.count < url.utf8.count
        if let colon = rest.firstIndex(of: UInt8(ascii: ":")),
            rest[colon...].starts(with: "://".utf8)
        {
            shown.append(contentsOf: rest[..<(colon + 3)])
            rest = rest[(colon + 3)...]
        }
        let end = rest.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        if let end { rest = rest[..<end] }
        let slash = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        if let at = rest[..<slash].lastIndex(of: UInt8(ascii: "@")) {
            rest = rest[(at + 1)...]
        } else if isCut, end == nil, slash == rest.endIndex {
            // Cut within the authority: what is left could be a password.
            rest = []
        }
        shown.append(contentsOf: rest)
        if isCut || end != nil { shown.append(contentsOf: "...".utf8) }
        return String(decoding: shown.map(self.printable), as: UTF8.self)
    }

    /// Text of a library or a peer, fit for a message.
    static func printable(_ text: String) -> String {
        String(decoding: text.utf8.prefix(self.shownBytesMax).map(self.printable), as: UTF8.self)
    }

    private static func printable(_ byte: UInt8) -> UInt8 {
        byte >= 0x20 && byte < 0x7F ? byte : UInt8(ascii: "?")
    }
}
