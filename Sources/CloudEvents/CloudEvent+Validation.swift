// SPDX-License-Identifier: Apache-2.0

import Bytes

extension CloudEvent {
    /// Checks every rule of the specification (CloudEvents 1.0.2 section 3).
    ///
    /// Decoders have done it already. Encoders check the same, except that they let control
    /// characters pass: those they escape, so that one odd value does not hold up its event.
    ///
    /// - Throws: The first rule that the event breaks.
    public func validate() throws(CloudEventError) {
        try self.checkStructure()
        try Self.checkCharacters(self.id, "id")
        try Self.checkCharacters(self.type, "type")
        if let subject = self.subject { try Self.checkCharacters(subject, "subject") }
        if let mediaType = self.dataContentType {
            try Self.checkCharacters(mediaType, "datacontenttype")
        }
        for (name, value) in self.extensions {
            guard case .string(let text) = value else { continue }
            try Self.checkCharacters(text, name)
        }
    }

    private static func checkCharacters(
        _ text: String,
        _ name: String
    ) throws(CloudEventError) {
        guard AttributeRules.isAllowed(text) else {
            throw .attributeInvalid(name, .characterNotAllowed)
        }
    }

    /// Checks all but the characters of free text.
    func checkStructure() throws(CloudEventError) {
        try self.checkCoreAttributes()
        try self.extensions.forEachAttribute { (name, value) throws(CloudEventError) in
            try Self.require(AttributeName.isValid(name), name, .nameInvalid)
            try Self.require(CoreAttribute(name: name) == nil, name, .nameReserved)
            try Self.checkValue(value, name)
        }
    }

    /// Checks the attributes of the specification, but for the characters of free text.
    func checkCoreAttributes() throws(CloudEventError) {
        try Self.require(!self.id.isEmpty, "id", .empty)
        try Self.require(!self.source.isEmpty, "source", .empty)
        try Self.require(!self.type.isEmpty, "type", .empty)
        try Self.require(URIRules.isReference(self.source), "source", .notURIReference)
        if let subject = self.subject { try Self.require(!subject.isEmpty, "subject", .empty) }
        if let time = self.time {
            try Self.require(AttributeRules.isWritable(time), "time", .notTimestamp)
        }
        if let mediaType = self.dataContentType {
            try Self.require(MediaType.isValid(mediaType), "datacontenttype", .notMediaType)
        }
        if let schema = self.dataSchema {
            try Self.require(URIRules.isAbsolute(schema), "dataschema", .notURI)
        }
    }

    private static func checkValue(
        _ value: CloudEventValue,
        _ name: String
    ) throws(CloudEventError) {
        switch value {
        case .uri(let text):
            try self.require(URIRules.isAbsolute(text), name, .notURI)
        case .uriReference(let text):
            try self.require(URIRules.isReference(text), name, .notURIReference)
        case .timestamp(let time):
            try self.require(AttributeRules.isWritable(time), name, .notTimestamp)
        case .boolean, .integer, .string, .binary:
            break
        }
    }

    private static func require(
        _ isRight: Bool,
        _ name: String,
        _ fault: CloudEventError.AttributeFault
    ) throws(CloudEventError) {
        guard isRight else { throw .attributeInvalid(name, fault) }
    }
}
