// SPDX-License-Identifier: Apache-2.0

/// Why something is not an event, or an event cannot be sent.
///
/// ``description`` is one sentence for the person who sent it; it never quotes the payload.
public enum CloudEventError: Error, Equatable, Sendable {
    /// What is wrong with the value or the name of an attribute.
    public enum AttributeFault: Error, Equatable, Sendable {
        /// The name has characters other than `a`–`z` and `0`–`9`, or it is `data`.
        case nameInvalid
        /// An extension bears the name of an attribute of the specification.
        case nameReserved
        /// There is nothing in a value that must have something.
        case empty
        /// There is a control character or a Unicode noncharacter.
        case characterNotAllowed
        /// The bytes are not UTF-8, before or after percent-decoding.
        case notUTF8
        /// The value is no RFC 3986 URI-reference.
        case notURIReference
        /// The value is no RFC 3986 URI with a scheme.
        case notURI
        /// The value is no RFC 3339 timestamp, or not of the years 0 to 9999.
        case notTimestamp
        /// The value is no RFC 2046 media type.
        case notMediaType
        /// The value is JSON of a kind that the attribute cannot have.
        case typeInvalid
        /// The number is not a whole number of 32 bits.
        case notInteger
    }

    /// What is wrong with a JSON text.
    public enum JSONFault: Equatable, Sendable {
        /// The text ends too early.
        case endUnexpected
        /// A character stands where it cannot.
        case characterUnexpected
        /// A control character within a string.
        case controlCharacter
        /// A `\` followed by something that JSON does not know.
        case escapeInvalid
        /// Half of a surrogate pair.
        case surrogateUnpaired
        /// A number that is not written as JSON wants.
        case numberInvalid
        /// Bytes that are not UTF-8.
        case notUTF8
        /// More nesting than the limit allows.
        case nestingTooDeep
        /// Something follows the end of the text.
        case trailingCharacters
    }

    /// What is wrong with the payload in the JSON format.
    public enum DataFault: Equatable, Sendable {
        /// There are both `data` and `data_base64`.
        case bothMembers
        /// `data_base64` is no RFC 4648 base64 string.
        case base64Invalid
        /// `data` must be a string, for the content type is not JSON.
        case notString
    }

    /// Neither a CloudEvents content type nor a `specversion` header.
    case notCloudEvent
    /// A content type of CloudEvents that is not read here.
    case formatUnsupported(contentType: String)
    /// A version of the specification other than 1.0.
    case specVersionUnsupported(String)
    /// A required attribute is not there.
    case attributeMissing(String)
    /// An attribute stands there twice.
    case attributeDuplicated(String)
    /// An attribute that others would refuse.
    case attributeInvalid(String, AttributeFault)
    /// More attributes than the limit allows.
    case attributesTooMany(limit: Int)
    /// Not the JSON text that it should be; `offset` counts bytes from the start of the body.
    case jsonInvalid(JSONFault, offset: Int)
    /// The payload of an event in the JSON format is not as it should be.
    case dataInvalid(DataFault)
    /// An event or batch in the JSON format that is larger than the limit.
    case formatTooLarge(limitBytes: Int)
    /// A batch of more events than the limit allows.
    case batchTooLong(limit: Int)

    /// The status of the HTTP answer that reports it: 400, 413 or 415.
    public var httpStatus: Int {
        switch self {
        case .notCloudEvent, .formatUnsupported: 415
        case .formatTooLarge, .batchTooLong: 413
        default: 400
        }
    }
}

extension CloudEventError: CustomStringConvertible {
    /// One sentence that says what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .notCloudEvent:
            "this is not a CloudEvent: send the header ce-specversion (binary mode), or the "
                + "content type application/cloudevents+json (structured mode)"
        case .formatUnsupported(let contentType):
            "the content type \(Self.quoted(contentType)) is not read here: send one event as "
                + "application/cloudevents+json in UTF-8, or in binary mode"
        case .specVersionUnsupported(let version):
            "the attribute specversion is \(Self.quoted(version)): only 1.0 is supported"
        case .attributeMissing(let name):
            "the required attribute \(name) is missing"
        case .attributeDuplicated(let name):
            "the attribute \(Self.quoted(name)) stands there twice: send it once"
        case .attributeInvalid(let name, let fault):
            "the attribute \(Self.quoted(name)) \(fault.explanation)"
        case .attributesTooMany(let limit):
            "the event has more than \(limit) attributes: move some of them into its data"
        case .jsonInvalid(let fault, let offset):
            "the JSON text is not valid: \(fault.explanation) at byte \(offset)"
        case .dataInvalid(let fault):
            fault.explanation
        case .formatTooLarge(let limit):
            "the event is larger than \(limit) bytes: send a reference to its data instead"
        case .batchTooLong(let limit):
            "the batch has more than \(limit) events: send several batches"
        }
    }

    /// Text from outside, cut and made printable.
    private static func quoted(_ text: String) -> String {
        let lengthMax = 60
        var quoted = "\""
        for scalar in text.unicodeScalars.prefix(lengthMax) {
            quoted += scalar.escaped(asASCII: true)
        }
        return quoted + (text.unicodeScalars.count > lengthMax ? "…\"" : "\"")
    }
}

extension CloudEventError.AttributeFault {
    fileprivate var explanation: String {
        switch self {
        case .nameInvalid: "has a name that is not allowed: use only a-z and 0-9, and not \"data\""
        case .nameReserved: "is not an extension: set the event's own property instead"
        case .empty: "is empty: give it a value or leave it out"
        case .characterNotAllowed: "has a control character or a noncharacter: remove it"
        case .notUTF8: "is not valid UTF-8"
        case .notURIReference: "is not a URI-reference: percent-encode its special characters"
        case .notURI: "is not an absolute URI: it must begin with a scheme such as https:"
        case .notTimestamp: "is not an RFC 3339 timestamp such as 2026-01-02T15:04:05Z"
        case .notMediaType: "is not a media type such as application/json"
        case .typeInvalid: "has a JSON value of the wrong type: most attributes are strings"
        case .notInteger: "is not a whole number between -2147483648 and 2147483647"
        }
    }
}

extension CloudEventError.JSONFault {
    fileprivate var explanation: String {
        switch self {
        case .endUnexpected: "it ends too early,"
        case .characterUnexpected: "unexpected character"
        case .controlCharacter: "control character in a string"
        case .escapeInvalid: "unknown escape"
        case .surrogateUnpaired: "half of a surrogate pair"
        case .numberInvalid: "malformed number"
        case .notUTF8: "bytes that are not UTF-8"
        case .nestingTooDeep: "more than \(CloudEventLimits.nestingMax) levels of nesting in data"
        case .trailingCharacters: "something follows its end"
        }
    }
}

extension CloudEventError.DataFault {
    fileprivate var explanation: String {
        switch self {
        case .bothMembers: "the event has both data and data_base64: send one of them"
        case .base64Invalid: "data_base64 is not a string of base64 with padding (RFC 4648)"
        case .notString:
            "data is not a string although datacontenttype is not JSON: send a string or "
                + "data_base64"
        }
    }
}
