// SPDX-License-Identifier: Apache-2.0

/// The attributes that the specification gives a meaning (CloudEvents 1.0.2 section 3).
enum CoreAttribute: String, CaseIterable {
    case id
    case source
    case type
    case specVersion = "specversion"
    case subject
    case time
    case dataContentType = "datacontenttype"
    case dataSchema = "dataschema"

    /// The attribute whose name is exactly `name`; quicker than by raw value.
    init?(name: String) {
        guard let attribute = Self(ignoringCase: name.utf8.span), attribute.rawValue == name
        else { return nil }
        self = attribute
    }

    /// The attribute whose name is `name`, the case of letters aside, as in HTTP headers.
    init?(ignoringCase name: Span<UInt8>) {
        let candidate: Self
        switch name.count {
        case 2: candidate = .id
        case 4: candidate = name[1] | 0x20 == UInt8(ascii: "y") ? .type : .time
        case 6: candidate = .source
        case 7: candidate = .subject
        case 10: candidate = .dataSchema
        case 11: candidate = .specVersion
        case 15: candidate = .dataContentType
        default: return nil
        }
        guard AttributeName.matches(name, candidate.rawValue) else { return nil }
        self = candidate
    }
}
