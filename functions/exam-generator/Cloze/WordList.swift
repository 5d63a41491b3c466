// SPDX-License-Identifier: Apache-2.0

/// Makes sets of words out of text literals, which keeps the lists readable.
enum WordList {
    /// The words of `text`, which white space separates.
    static func words(_ text: String) -> Set<String> {
        Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
    }
}
