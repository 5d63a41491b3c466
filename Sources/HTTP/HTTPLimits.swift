// SPDX-License-Identifier: Apache-2.0

/// How much of a message head is accepted.
package struct HTTPLimits: Sendable, Equatable {
    /// The longest first line, in bytes, its CRLF counted; beyond: 414.
    package var startLineBytesMax = 8 * 1024
    /// All header lines together, in bytes; beyond: 431.
    package var headerBytesMax = 64 * 1024
    /// All trailer lines together, in bytes, which are read as a whole; beyond: 431.
    package var trailerBytesMax = 8 * 1024
    /// How many header lines, or trailer lines; beyond: 431.
    package var headerCountMax = 128
    /// The longest extensions of one chunk, in bytes; beyond: 400.
    package var chunkExtensionBytesMax = 1024
    /// The extensions of all chunks of a body together, in bytes; beyond: 400.
    package var chunkExtensionBytesTotalMax = 16 * 1024

    /// The defaults.
    package init() {}
}
