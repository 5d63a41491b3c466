// SPDX-License-Identifier: Apache-2.0

package import HTTP

/// How an event is laid out in a message.
public enum CloudEventContentMode: Sendable, CaseIterable {
    /// Attributes in headers, the payload as the body.
    case binary
    /// The event as a whole in the body, in the JSON format.
    case structured
    /// Several events in the body, as a JSON array; HTTP only.
    case batch
}

extension CloudEventContentMode {
    /// The mode that a content type of CloudEvents announces; `nil` for all other types.
    init?(contentType: Span<UInt8>) {
        if Self.begins(contentType, with: "application/cloudevents-batch") {
            self = .batch
        } else if Self.begins(contentType, with: "application/cloudevents") {
            self = .structured
        } else {
            return nil
        }
    }

    private static func begins(_ contentType: Span<UInt8>, with text: String) -> Bool {
        AttributeName.matches(contentType.extracting(first: text.utf8.count), text)
    }

    /// The mode of an HTTP message; `nil` when it holds no event (HTTP binding 1.0.2 section 3).
    ///
    /// - Parameter fields: The headers of a request or a response.
    package init?(httpFields fields: HTTPFields) {
        if let value = fields.valueBytes(.contentType), let mode = Self(contentType: value.span) {
            self = mode
        } else if fields.contains("ce-specversion") {
            self = .binary
        } else {
            return nil
        }
    }

    /// The mode of a Kafka record; `nil` for a plain one (Kafka binding 1.0.2 section 3).
    ///
    /// - Parameter headers: The headers of the record; names are compared with case.
    package init?(kafkaHeaders headers: [CloudEventKafkaMessage.Header]) {
        let contentType = headers.last { $0.name == "content-type" }?.value
        if let contentType, let mode = Self(contentType: contentType.span) {
            self = mode
        } else if headers.contains(where: { $0.name == "ce_specversion" }) {
            self = .binary
        } else {
            return nil
        }
    }
}
