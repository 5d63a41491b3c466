// SPDX-License-Identifier: Apache-2.0

/// Replaces `$(NAME)` in texts, as Kubernetes does in `env`, `command` and `args`.
package enum VariableReferences {
    /// Longest text that replacement may make, in bytes.
    package static let textBytesMax = 1024 * 1024

    /// `text` with every `$(NAME)` replaced; `$$` stands for `$`.
    ///
    /// A name that is not in `variables` stays as it is written.
    ///
    /// - Returns: `nil` when the result would be longer than ``textBytesMax``.
    package static func expand(_ text: String, with variables: [String: String]) -> String? {
        var expanded = ""
        var rest = Substring(text)
        // Once there is no closing parenthesis left, looking for one again and again would take
        // time that grows with the square of the text.
        var hasEnds = true
        while let dollar = rest.firstIndex(of: "$") {
            expanded += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            switch rest.first {
            case "$":
                expanded += "$"
                rest.removeFirst()
            case "(":
                guard hasEnds, let end = rest.firstIndex(of: ")") else {
                    hasEnds = false
                    expanded += "$"
                    continue
                }
                let name = String(rest[rest.index(after: rest.startIndex)..<end])
                expanded += variables[name] ?? "$(\(name))"
                rest = rest[rest.index(after: end)...]
            default:
                expanded += "$"
            }
            guard expanded.utf8.count <= self.textBytesMax else { return nil }
        }
        expanded += rest
        return expanded.utf8.count <= self.textBytesMax ? expanded : nil
    }
}
