// SPDX-License-Identifier: Apache-2.0

/// The syntax of what may follow a chunk size (RFC 9112 section 7.1.1).
///
/// Nobody uses extensions, so their meaning is passed over. Their syntax is not: two parties that
/// end a broken one at different places see different chunks.
enum HTTPChunkExtension {
    private enum State {
        /// Behind the size, or behind a value: the line may end here.
        case end
        /// White space, which `;` must follow.
        case spaceBeforeNext
        case nameStart
        case name
        /// White space behind a name, which `=` or `;` must follow.
        case spaceAfterName
        case valueStart
        case value
        case quoted
        case escaped

        var mayEndLine: Bool { self == .end || self == .name || self == .value }
    }

    /// Reads extensions from behind the chunk size on.
    ///
    /// - Parameters:
    ///   - bytes: What was received.
    ///   - start: The first byte behind the size.
    ///   - lengthMax: How many bytes they may take.
    /// - Returns: Where the CR is that ends them; `nil` when it has not come yet.
    /// - Throws: ``HTTPParseError`` when no further byte could make them valid.
    static func end(
        _ bytes: Span<UInt8>,
        from start: Int,
        lengthMax: Int
    ) throws(HTTPParseError) -> Int? {
        var state = State.end
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x0D, state.mayEndLine { return index }
            guard byte != 0x0D, byte != 0x0A else {
                throw state.mayEndLine ? .lineEndInvalid : .chunkExtensionInvalid
            }
            guard index - start < lengthMax else { throw .chunkExtensionTooLong }
            guard let next = self.next(state, byte) else { throw .chunkExtensionInvalid }
            state = next
            index += 1
        }
        return nil
    }

    private static func next(_ state: State, _ byte: UInt8) -> State? {
        let isSpace = byte == 0x20 || byte == 0x09
        switch state {
        case .end, .spaceBeforeNext:
            if isSpace { return .spaceBeforeNext }
            return byte == UInt8(ascii: ";") ? .nameStart : nil
        case .nameStart:
            if isSpace { return .nameStart }
            return HTTPText.isToken(byte) ? .name : nil
        case .name, .spaceAfterName:
            if isSpace { return .spaceAfterName }
            if byte == UInt8(ascii: "=") { return .valueStart }
            if byte == UInt8(ascii: ";") { return .nameStart }
            return state == .name && HTTPText.isToken(byte) ? .name : nil
        case .valueStart:
            if isSpace { return .valueStart }
            if byte == UInt8(ascii: "\"") { return .quoted }
            return HTTPText.isToken(byte) ? .value : nil
        case .value:
            if isSpace { return .spaceBeforeNext }
            if byte == UInt8(ascii: ";") { return .nameStart }
            return HTTPText.isToken(byte) ? .value : nil
        case .quoted:
            if byte == UInt8(ascii: "\"") { return .end }
            if byte == UInt8(ascii: "\\") { return .escaped }
            return HTTPText.isFieldValue(byte) ? .quoted : nil
        case .escaped:
            return HTTPText.isFieldValue(byte) ? .quoted : nil
        }
    }
}
