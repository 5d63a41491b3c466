// SPDX-License-Identifier: Apache-2.0

/// One step of a YAML stream, in the order written.
struct YAMLEvent {
    /// What a value says about itself before its content.
    struct Properties {
        /// The name that aliases refer to.
        var anchor: String?
        /// The tag in its long form, `tag:yaml.org,2002:str` for `!!str`.
        var tag: String?
    }

    /// The kinds of step.
    enum Kind {
        case documentStart
        case documentEnd
        case alias(String)
        case scalar(String, isPlain: Bool, Properties)
        case sequenceStart(Properties)
        case sequenceEnd
        case mappingStart(Properties)
        case mappingEnd
        case streamEnd
    }

    let kind: Kind
    /// Counted from 1.
    let line: Int
    /// Counted from 1.
    let column: Int
}

/// Why a text is not YAML that we read, and where.
struct YAMLSyntaxError: Error {
    let message: String
    let line: Int
    let column: Int
}
