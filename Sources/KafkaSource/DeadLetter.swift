// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CloudEvents
internal import HTTP

/// The last thing that went wrong with an event.
struct DeliveryFailure: Sendable, Equatable {
    /// Bytes of an answer that a dead letter carries, as Knative does.
    static let answerBytesMax = 1024

    /// The status, when there was an answer.
    var status: HTTPStatus?
    /// The first bytes of its body.
    var answer: [UInt8] = []
    /// What the answer wants to be added to a dead letter (`kne-` fields).
    var extensions: [(name: String, value: String)] = []
    /// For a person; no payload.
    var reason: String

    static func == (left: Self, right: Self) -> Bool {
        left.status == right.status && left.answer == right.answer && left.reason == right.reason
            && left.extensions.elementsEqual(right.extensions) { $0 == $1 }
    }
}

/// What is added to an event for the dead letter sink (Knative eventing, error extensions).
enum DeadLetter {
    /// The event with the story of its failure; without an answer there is only the destination.
    static func event(
        _ event: CloudEvent,
        destination: SinkAddress,
        failure: DeliveryFailure?
    ) -> CloudEvent {
        var event = event
        for (name, value) in failure?.extensions ?? [] { event.extensions[name] = .string(value) }
        event.extensions["knativeerrordest"] = .string(destination.url)
        if let status = failure?.status {
            event.extensions["knativeerrorcode"] = .string(String(status.rawValue))
        }
        if let answer = failure?.answer, !answer.isEmpty {
            let start = Array(answer.prefix(DeliveryFailure.answerBytesMax))
            event.extensions["knativeerrordata"] = .string(Base64.encode(start))
        }
        return event
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
