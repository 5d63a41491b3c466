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
        try Self.checkCharacters(self.storage.id, "id")
        try Self.checkCharacters(self.storage.type, "type")
        try Self.checkCharacters(self.storage.subject, "subject")
        try Self.checkCharacters(self.storage.dataContentType, "datacontenttype")
        for (name, value) in self.ownExtensions {
            guard case .string(let text) = value else { continue }
            try Self.checkCharacters(AttributeText(text), name)
        }
    }

    /// The extensions that are not as they came.
    private var ownExtensions: CloudEventExtensions { self.storage.extensions }

    /// Checks what was not checked when it came.
    private static func checkCharacters(
        _ value: AttributeText,
        _ name: String
    ) throws(CloudEventError) {
        guard let text = value.own else { return }
        guard AttributeRules.isAllowed(text) else {
            throw .attributeInvalid(name, .characterNotAllowed)
        }
    }

    /// Checks all but the characters of free text.
    func checkStructure() throws(CloudEventError) {
        try self.storage.checkCoreAttributes()
        try self.ownExtensions.forEachAttribute { (name, value) throws(CloudEventError) in
            try Self.require(AttributeName.isValid(name), name, .nameInvalid)
            try Self.require(CoreAttribute(name: name) == nil, name, .nameReserved)
            try Self.checkValue(value, name)
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

extension EventStorage {
    /// Checks the attributes of the specification, but for the characters of free text.
    ///
    /// What lies in the headers was right when it was read.
    ///
    /// - Throws: The first rule that is broken.
    func checkCoreAttributes() throws(CloudEventError) {
        try self.check(self.id, "id", .empty) { !$0.isEmpty }
        try self.check(self.source, "source", .empty) { !$0.isEmpty }
        try self.check(self.type, "type", .empty) { !$0.isEmpty }
        try self.check(self.source, "source", .notURIReference) { URIRules.isReference($0) }
        try self.check(self.subject, "subject", .empty) { !$0.isEmpty }
        if let time = self.time, !AttributeRules.isWritable(time) {
            throw .attributeInvalid("time", .notTimestamp)
        }
        try self.check(self.dataContentType, "datacontenttype", .notMediaType) {
            MediaType.isValid($0)
        }
        try self.check(self.dataSchema, "dataschema", .notURI) { URIRules.isAbsolute($0) }
    }

    @inline(__always)
    private func check(
        _ value: AttributeText,
        _ name: StaticString,
        _ fault: CloudEventError.AttributeFault,
        _ isRight: (String) -> Bool
    ) throws(CloudEventError) {
        guard let text = value.own, !isRight(text) else { return }
        throw .attributeInvalid("\(name)", fault)
    }
}
