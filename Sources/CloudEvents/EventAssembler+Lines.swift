// SPDX-License-Identifier: Apache-2.0

import HTTP

/// Keeps attributes that came without headers as the lines that they would be there.
extension EventAssembler {
    /// Longer lines gain nothing; a line's place has 32 bits.
    private static let lineBytesMax = 4096

    /// Takes an attribute of the specification, if its text is right and fits into a line.
    ///
    /// - Returns: Whether it was taken; if not, it is to be set as a text.
    mutating func setLine(
        _ attribute: CoreAttribute,
        _ text: Span<UInt8>
    ) throws(CloudEventError) -> Bool {
        switch attribute {
        case .specVersion:
            guard AttributeRules.isSpecVersion(text) else { return false }
            try self.set(attribute, CloudEvent.specVersion)
        case .time:
            guard let time = AttributeRules.plainTimestamp(text),
                let line = self.keep(text, as: attribute, .bare)
            else { return false }
            try self.set(time: time, received: line)
        case .dataContentType:
            // As a header it must not say that an event in another mode follows.
            guard ReceivedText.Form(literal: text) != nil, MediaType.isValid(text),
                CloudEventContentMode(contentType: text) == nil,
                let line = self.keep(text, as: attribute, .plain)
            else { return false }
            try self.set(attribute, received: line)
        case .id, .source, .type, .subject, .dataSchema:
            guard let form = ReceivedText.Form(literal: text),
                form.isRight(for: attribute, text),
                let line = self.keep(text, as: attribute, form)
            else { return false }
            try self.set(attribute, received: line)
        }
        return true
    }

    /// Takes an extension, if its text fits into a line and there is room for it.
    ///
    /// - Parameters:
    ///   - bytes: What the name is a part of.
    ///   - name: Where it lies; it is known to be valid.
    ///   - text: The value.
    /// - Returns: Whether it was taken; if not, it is to be set as a value.
    mutating func setExtensionLine(
        _ bytes: Span<UInt8>,
        _ name: Range<Int>,
        _ text: Span<UInt8>
    ) -> Bool {
        guard let form = ReceivedText.Form(literal: text),
            let fingerprint = AttributeName.fingerprint(bytes, name),
            name.count + text.count <= Self.lineBytesMax
        else { return false }
        let (line, header) = self.event.appendLine("ce-", bytes.extracting(name), text)
        guard let received = ReceivedText(line: line, form) else { return false }
        let kept = header.lowerBound &+ ReceivedExtensions.prefixLength..<header.upperBound
        return self.setExtension(received: received, kept, fingerprint)
    }

    private func keep(
        _ text: Span<UInt8>,
        as attribute: CoreAttribute,
        _ form: ReceivedText.Form
    ) -> ReceivedText? {
        guard text.count <= Self.lineBytesMax else { return nil }
        let (line, _) = self.event.appendLine(attribute.header, Span(), text)
        return ReceivedText(line: line, form)
    }
}
