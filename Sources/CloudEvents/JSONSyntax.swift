// SPDX-License-Identifier: Apache-2.0

/// JSON texts that nobody has looked at yet.
package enum JSONSyntax {
    /// Checks that bytes are one JSON value and nothing else but space (RFC 8259), in UTF-8.
    ///
    /// - Throws: `CloudEventError.jsonInvalid`, with the place.
    package static func check(_ bytes: [UInt8]) throws(CloudEventError) {
        var scanner = try JSONScanner(bytes)
        _ = try scanner.skipValue()
        try scanner.expectEnd()
    }
}
