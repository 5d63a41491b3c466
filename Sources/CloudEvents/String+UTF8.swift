// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The text of `bytes`; `nil` when they are not UTF-8.
    ///
    /// As `String(validating:as:)`, which is not specialised for spans and several times slower.
    init?(utf8 bytes: Span<UInt8>) {
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        self.init(copying: text)
    }

    /// The text of `bytes`, which the caller has seen to be ASCII.
    init(ascii bytes: Span<UInt8>) {
        // Safety: ASCII is UTF-8.
        self.init(copying: unsafe UTF8Span(unchecked: bytes, isKnownASCII: true))
    }
}
