// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
package import Kafka

/// A record of a topic of dead letters, taken apart: what it was, and where it came from.
package struct DeadLetterRecord: Sendable, Equatable {
    /// The record as it was read: its topic, partition, offset, key, value and own headers.
    ///
    /// Its timestamp is that of the dead letter.
    package var original: KafkaRecord
    /// The story of the failure, as extensions of CloudEvents.
    package var failure: [String: String]

    /// Takes a dead letter apart.
    ///
    /// - Parameter letter: A record as the dispatcher keeps it.
    /// - Throws: ``KafkaSourceError`` when the record does not say where it came from.
    package init(_ letter: KafkaRecord) throws(KafkaSourceError) {
        func text(_ header: DeadLetterHeader) throws(KafkaSourceError) -> String {
            let value = letter.headers.last { $0.name == header.rawValue }?.value
            guard let value, let text = String(validating: value, as: UTF8.self), !text.isEmpty
            else {
                throw KafkaSourceError(message: "it has no header \(header.rawValue)")
            }
            return text
        }
        let topic = try text(.topic)
        guard let partition = Int32(try text(.partition)), let offset = Int64(try text(.offset)),
            partition >= 0, offset >= 0
        else {
            throw KafkaSourceError(message: "its headers name no partition and offset")
        }
        self.original = letter
        self.original.topic = topic
        self.original.partition = partition
        self.original.offset = offset
        self.original.headers = letter.headers.filter { !DeadLetterHeader.isOurs($0.name) }
        self.failure = Self.failure(letter)
    }

    /// The error extensions, whether or not the record is an event itself.
    private static func failure(_ letter: KafkaRecord) -> [String: String] {
        var failure: [String: String] = [:]
        for header in letter.headers {
            let name = header.name.hasPrefix("ce_") ? String(header.name.dropFirst(3)) : header.name
            guard name.hasPrefix("knativeerror"), DeadLetterHeader.isOurs(header.name),
                let value = header.value
            else { continue }
            failure[name] = String(decoding: value, as: UTF8.self)
        }
        return failure
    }
}
