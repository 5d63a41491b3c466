// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CloudEvents
internal import HTTP
internal import Kafka

/// Why an event went to the dead letter sink, for those who count.
enum DeadLetterReason: String, Sendable, CaseIterable {
    /// The sink said no.
    case status
    /// There was no answer, or none in time.
    case unanswered
    /// The record says it is an event and is none.
    case undecodable
    /// The record is too large.
    case oversize
    /// The reply could not be used, or not be sent on.
    case reply
}

/// The last thing that went wrong with an event.
struct DeliveryFailure: Sendable, Equatable {
    /// Bytes of an answer that a dead letter carries, as Knative does.
    static let answerBytesMax = 1024

    /// What kind of thing.
    var kind = DeadLetterReason.unanswered
    /// The status, when there was an answer.
    var status: HTTPStatus?
    /// The first bytes of its body.
    var answer: [UInt8] = []
    /// What the answer wants to be added to a dead letter (`kne-` fields).
    var extensions: [(name: String, value: String)] = []
    /// For a person; no payload.
    var reason: String

    static func == (left: Self, right: Self) -> Bool {
        left.kind == right.kind && left.status == right.status && left.answer == right.answer
            && left.reason == right.reason
            && left.extensions.elementsEqual(right.extensions) { $0 == $1 }
    }
}

/// What is added to an event for the dead letter sink (Knative eventing, error extensions).
enum DeadLetter {
    /// The story of a failure as extensions; without an answer there is only the destination.
    static func extensions(
        destination: SinkAddress,
        failure: DeliveryFailure?
    ) -> [(name: String, value: String)] {
        var extensions = failure?.extensions ?? []
        extensions.append(("knativeerrordest", destination.url))
        if let status = failure?.status {
            extensions.append(("knativeerrorcode", String(status.rawValue)))
        }
        if let answer = failure?.answer, !answer.isEmpty {
            let start = Array(answer.prefix(DeliveryFailure.answerBytesMax))
            extensions.append(("knativeerrordata", Base64.encode(start)))
        }
        return extensions
    }

    /// The event with the story of its failure.
    static func event(
        _ event: CloudEvent,
        destination: SinkAddress,
        failure: DeliveryFailure?
    ) -> CloudEvent {
        var event = event
        for (name, value) in self.extensions(destination: destination, failure: failure) {
            event.extensions[name] = .string(value)
        }
        return event
    }

    /// The headers of a record's copy in a topic of dead letters: its own, the story of its
    /// failure, and where it came from.
    ///
    /// In a record that is an event in binary mode the story is part of the event.
    static func headers(
        of record: KafkaRecord,
        destination: SinkAddress,
        failure: DeliveryFailure?
    ) -> [KafkaHeader] {
        let isEvent = record.headers.contains { $0.name == "ce_specversion" }
        var headers = record.headers.filter { !DeadLetterHeader.isOurs($0.name) }
        for (name, value) in self.extensions(destination: destination, failure: failure) {
            let name = isEvent ? "ce_" + name : name
            headers.removeAll { $0.name == name }
            headers.append(KafkaHeader(name: name, value: Array(value.utf8)))
        }
        let origin: [(DeadLetterHeader, String?)] = [
            (.topic, record.topic), (.partition, String(record.partition)),
            (.offset, String(record.offset)), (.reason, failure?.reason),
        ]
        for case (let header, let text?) in origin {
            headers.append(KafkaHeader(name: header.rawValue, value: Array(text.utf8)))
        }
        return headers
    }

    /// The `kne-` fields of an answer as extensions: prefix off, lower case.
    static func extensions(of fields: HTTPFields) -> [(name: String, value: String)] {
        var extensions: [(name: String, value: String)] = []
        for (name, value) in fields.lowercasedPairs where name.hasPrefix("kne-") {
            let bare = String(name.dropFirst("kne-".count))
            if RecordConversion.isExtensionName(bare) { extensions.append((bare, value)) }
        }
        return extensions
    }
}

/// Headers that a record gets when it goes to a topic of dead letters.
package enum DeadLetterHeader: String, Sendable, CaseIterable {
    /// The topic that it was read from.
    case topic = "swiftlet-dead-letter-topic"
    /// The partition.
    case partition = "swiftlet-dead-letter-partition"
    /// The offset.
    case offset = "swiftlet-dead-letter-offset"
    /// Why it was not delivered, for a person.
    case reason = "swiftlet-dead-letter-reason"

    private static let errorNames = ["knativeerrordest", "knativeerrorcode", "knativeerrordata"]

    /// Whether a header tells of a failure, and not of the record itself.
    package static func isOurs(_ name: String) -> Bool {
        if Self(rawValue: name) != nil { return true }
        let bare = name.hasPrefix("ce_") ? String(name.dropFirst(3)) : name
        return self.errorNames.contains(bare)
    }
}
