// SPDX-License-Identifier: Apache-2.0

import Bytes
package import CloudEvents

/// An attribute of events, found by its name once and then read from many events.
package enum EventAttribute: Sendable, Equatable {
    case id
    case source
    case type
    case specVersion
    case subject
    case time
    case dataContentType
    case dataSchema
    case `extension`(String)

    /// The attribute of that name, in lower case; any name that is not in the specification is
    /// one of an extension.
    package init(name: String) {
        self =
            switch name {
            case "id": .id
            case "source": .source
            case "type": .type
            case "specversion": .specVersion
            case "subject": .subject
            case "time": .time
            case "datacontenttype": .dataContentType
            case "dataschema": .dataSchema
            default: .extension(name)
            }
    }

    /// The name, in lower case.
    package var name: String {
        switch self {
        case .id: "id"
        case .source: "source"
        case .type: "type"
        case .specVersion: "specversion"
        case .subject: "subject"
        case .time: "time"
        case .dataContentType: "datacontenttype"
        case .dataSchema: "dataschema"
        case .extension(let name): name
        }
    }

    /// The value as text, in its canonical form, but a time as its sender wrote it; `nil` when the
    /// event does not have it.
    package func text(in event: CloudEvent) -> String? {
        switch self {
        case .id: event.id
        case .source: event.source
        case .type: event.type
        case .specVersion: event.specVersion
        case .subject: event.subject
        case .time: event.timeText
        case .dataContentType: event.dataContentType
        case .dataSchema: event.dataSchema
        case .extension(let name): event.extensions[name]?.canonicalString
        }
    }

    /// Whether the event has it.
    package func exists(in event: CloudEvent) -> Bool {
        switch self {
        case .id, .source, .type, .specVersion: true
        case .subject: event.subject != nil
        case .time: event.time != nil
        case .dataContentType: event.dataContentType != nil
        case .dataSchema: event.dataSchema != nil
        case .extension(let name): event.extensions[name] != nil
        }
    }

    /// The value in an expression; all types but Boolean and Integer become text (CESQL 1.0.0
    /// section 3.2).
    func value(in event: CloudEvent) -> CESQLValue? {
        guard case .extension(let name) = self else {
            return self.text(in: event).map(CESQLValue.string)
        }
        return switch event.extensions[name] {
        case .boolean(let value): .boolean(value)
        case .integer(let value): .integer(value)
        case let value?: .string(value.canonicalString)
        case nil: nil
        }
    }
}
