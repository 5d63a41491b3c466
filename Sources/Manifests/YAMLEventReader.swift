// SPDX-License-Identifier: Apache-2.0

import CYAML

/// libyaml's parser over bytes in memory.
struct YAMLEventReader: ~Copyable {
    /// On the heap, because libyaml keeps pointers into it.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeBufferPointer<UInt8>

    /// Starts at the first of `bytes`, which are UTF-8 and outlive the reader.
    init(bytes: UnsafeBufferPointer<UInt8>) throws(YAMLSyntaxError) {
        self.bytes = bytes
        self.parser = .allocate(capacity: 1)
        guard yaml_parser_initialize(self.parser) != 0 else {
            self.parser.deallocate()
            throw YAMLSyntaxError(message: "not enough memory to read YAML", line: 1, column: 1)
        }
        yaml_parser_set_encoding(self.parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(self.parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(self.parser)
        self.parser.deallocate()
    }

    /// The next step; not to be called again once it threw or answered the end of the stream.
    mutating func next() throws(YAMLSyntaxError) -> YAMLEvent {
        while true {
            var event = yaml_event_t()
            guard yaml_parser_parse(self.parser, &event) != 0 else { throw self.syntaxError() }
            defer { yaml_event_delete(&event) }
            guard let kind = Self.kind(of: event) else { continue }
            return YAMLEvent(
                kind: kind,
                line: event.start_mark.line + 1,
                column: event.start_mark.column + 1
            )
        }
    }

    /// The step in Swift's terms; `nil` for the start of the stream, which tells nothing.
    private static func kind(of event: yaml_event_t) -> YAMLEvent.Kind? {
        switch event.type {
        case YAML_DOCUMENT_START_EVENT: return .documentStart
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT:
            return .alias(self.text(event.data.alias.anchor) ?? "")
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            return .scalar(
                String(decoding: text, as: UTF8.self),
                isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
                .init(anchor: self.text(scalar.anchor), tag: self.text(scalar.tag))
            )
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return .sequenceStart(
                .init(anchor: self.text(start.anchor), tag: self.text(start.tag))
            )
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return .mappingStart(.init(anchor: self.text(start.anchor), tag: self.text(start.tag)))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return .streamEnd
        default: return nil
        }
    }

    private static func text(_ bytes: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        bytes.map { String(cString: $0) }
    }

    private func syntaxError() -> YAMLSyntaxError {
        let parser = self.parser.pointee
        let problem = parser.problem.map { String(cString: $0) } ?? "not enough memory"
        guard parser.error != YAML_READER_ERROR else {
            // The reader tells a byte's offset only.
            let place = TextPlace(of: Int(parser.problem_offset), in: self.bytes)
            return YAMLSyntaxError(message: problem, line: place.line, column: place.column)
        }
        var message = problem
        if let context = parser.context.map({ String(cString: $0) }) {
            message += " \(context)"
            if parser.context_mark.line != parser.problem_mark.line {
                message += " that starts at line \(parser.context_mark.line + 1)"
            }
        }
        return YAMLSyntaxError(
            message: message,
            line: parser.problem_mark.line + 1,
            column: parser.problem_mark.column + 1
        )
    }
}

/// The line and column of a byte in a text.
struct TextPlace {
    let line: Int
    let column: Int

    /// Counts from the start of `bytes`; an offset past the end means the end.
    init(of offset: Int, in bytes: UnsafeBufferPointer<UInt8>) {
        let head = bytes.prefix(max(0, offset))
        var line = 1
        var column = 1
        for byte in head {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0b1100_0000 != 0b1000_0000 {
                // One column a character: the bytes that continue one do not count.
                column += 1
            }
        }
        self.line = line
        self.column = column
    }
}
