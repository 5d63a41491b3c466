// SPDX-License-Identifier: Apache-2.0

/// JSON texts that nobody has looked at yet.
package enum JSONSyntax {
    /// Checks that bytes are one JSON value and nothing else but space (RFC 8259), in UTF-8.
    ///
    /// A byte order mark may come first, as some write one (section 8.1); values may be nested as
    /// deep as in an event.
    ///
    /// - Throws: `CloudEventError.jsonInvalid`, with the place.
    package static func check(_ bytes: [UInt8]) throws(CloudEventError) {
        var scanner = try JSONScanner(bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { scanner.move(to: 3) }
        _ = try scanner.skipValue()
        try scanner.expectEnd()
    }
}
