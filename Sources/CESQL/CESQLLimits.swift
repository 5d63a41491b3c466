// SPDX-License-Identifier: Apache-2.0

/// How much of an expression is accepted from outside.
package struct CESQLLimits: Sendable {
    /// Bytes of the text that functions make.
    package static let resultBytesMax = 1024 * 1024

    /// Bytes of the text, in UTF-8.
    package var textBytesMax = 16 * 1024
    /// Operators, functions and values together.
    package var nodesMax = 1024
    /// Operators, functions and values within each other; a chain of `AND`, `OR` and `XOR` counts
    /// once, however long it is.
    package var depthMax = 128

    /// The limits that hold unless somebody says otherwise.
    package init() {}
}
