// SPDX-License-Identifier: Apache-2.0

/// A place in a manifest, for people: lines and columns are counted from 1.
package struct SourceMark: Hashable, Sendable, CustomStringConvertible {
    /// The file's name as it was given, or `<stdin>`.
    package var file: String
    /// The line, from 1.
    package var line: Int
    /// The column in characters, from 1.
    package var column: Int

    /// Names one place.
    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    /// `file:line:column`, the form that editors and terminals turn into links.
    package var description: String { "\(self.file):\(self.line):\(self.column)" }
}
