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

    /// The name of its header in the HTTP binding.
    var header: StaticString {
        switch self {
        case .id: "ce-id"
        case .source: "ce-source"
        case .type: "ce-type"
        case .specVersion: "ce-specversion"
        case .subject: "ce-subject"
        case .time: "ce-time"
        case .dataContentType: "content-type"
        case .dataSchema: "ce-dataschema"
        }
    }

    /// The attribute whose name is exactly `name`; quicker than by raw value.
    init?(name: String) {
        self.init(name.utf8.span, 0..<name.utf8.count, ignoringCase: false)
    }

    /// The attribute whose name lies in `range`.
    ///
    /// Names are compared as words of eight bytes, the first letter in the lowest bits and
    /// spaces behind the last.
    ///
    /// - Parameters:
    ///   - bytes: What the name is a part of.
    ///   - range: Where it lies.
    ///   - ignoringCase: Whether capital letters are as good, as in HTTP headers.
    @inline(__always)
    init?(_ bytes: Span<UInt8>, _ range: Range<Int>, ignoringCase: Bool) {
        // As long as the names are letters, no other byte looks like one of theirs.
        let head = HeaderWord(bytes, at: range.lowerBound, count: range.count, filler: 0x20)
        let first = ignoringCase ? head.foldedLetters : head.bits
        switch range.count {
        case 2 where first == 0x2020_2020_2020_6469: self = .id
        case 4 where first == 0x2020_2020_6570_7974: self = .type
        case 4 where first == 0x2020_2020_656D_6974: self = .time
        case 6 where first == 0x2020_6563_7275_6F73: self = .source
        case 7 where first == 0x2074_6365_6A62_7573: self = .subject
        case 10 where first == 0x6568_6373_6174_6164: self = .dataSchema
        case 11 where first == 0x7372_6576_6365_7073: self = .specVersion
        case 15 where first == 0x746E_6F63_6174_6164: self = .dataContentType
        default: return nil
        }
        guard range.count > 8 else { return }
        let tail = HeaderWord(bytes, at: range.upperBound &- 8, count: 8)
        let last = ignoringCase ? tail.foldedLetters : tail.bits
        switch self {
        case .dataSchema where last == 0x616D_6568_6373_6174: break
        case .specVersion where last == 0x6E6F_6973_7265_7663: break
        case .dataContentType where last == 0x6570_7974_746E_6574: break
        default: return nil
        }
    }
}
