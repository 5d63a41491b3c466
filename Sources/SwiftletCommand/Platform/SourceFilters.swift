// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CloudEvents
internal import KafkaSource

/// Makes filters of what a manifest says.
enum SourceFilters {
    /// The attributes that may be compared, and how: `exact:type=a.b`, `prefix:source=/x`,
    /// `suffix:subject=.pdf`; several are joined by `;`, and all of them have to hold.
    ///
    /// - Throws: ``CommandError`` naming the part that is none.
    static func parse(_ text: String, _ place: String) throws -> SourceFilter {
        var rules: [@Sendable (CloudEvent) -> Bool] = []
        for part in text.split(separator: ";") {
            let part = part.drop { $0 == " " }
            guard let colon = part.firstIndex(of: ":"),
                let equals = part[colon...].firstIndex(of: "="),
                let holds = Self.comparisons[String(part[..<colon])]
            else {
                throw CommandError(
                    "\(place): the filter \"\(part)\" must look like exact:type=VALUE, "
                        + "prefix:source=VALUE or suffix:subject=VALUE"
                )
            }
            let name = String(part[part.index(after: colon)..<equals])
            let wanted = String(part[part.index(after: equals)...])
            rules.append { event in event.text(of: name).map { holds($0, wanted) } ?? false }
        }
        let all = rules
        return SourceFilter(text) { event in all.allSatisfy { $0(event) } }
    }

    private static let comparisons: [String: @Sendable (String, String) -> Bool] = [
        "exact": { $0 == $1 }, "prefix": { $0.hasPrefix($1) }, "suffix": { $0.hasSuffix($1) },
    ]
}

extension CloudEvent {
    /// The text of an attribute; `nil` when it is not set.
    fileprivate func text(of name: String) -> String? {
        switch name {
        case "id": self.id
        case "source": self.source
        case "type": self.type
        case "subject": self.subject
        case "datacontenttype": self.dataContentType
        case "dataschema": self.dataSchema
        case "time": self.time?.rfc3339()
        default: self.extensions[name]?.canonicalString
        }
    }
}
