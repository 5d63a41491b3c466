// SPDX-License-Identifier: Apache-2.0

internal import CKafka

/// A property of librdkafka, for example `("linger.ms", "5")`.
package typealias KafkaProperty = (name: String, value: String)

/// Owns one `rd_kafka_conf_t` until ``makeClient(_:callbacks:)`` gives it to the library.
struct KafkaConfiguration: ~Copyable {
    private static let reasonBytesMax = 512

    private let raw: OpaquePointer

    /// Sets properties in their order: of two with one name the later counts.
    ///
    /// - Throws: ``KafkaError`` that names the property.
    init(_ properties: [KafkaProperty]) throws(KafkaError) {
        guard let raw = rd_kafka_conf_new() else {
            preconditionFailure("librdkafka stops the process itself when memory runs out")
        }
        self.raw = raw
        for (name, value) in properties { try self.set(name, value) }
    }

    deinit { rd_kafka_conf_destroy(self.raw) }

    private borrowing func set(_ name: String, _ value: String) throws(KafkaError) {
        var reason = [CChar](repeating: 0, count: Self.reasonBytesMax)
        let result = rd_kafka_conf_set(self.raw, name, value, &reason, reason.count)
        guard result == RD_KAFKA_CONF_OK else {
            // The library's words may repeat the value.
            let words = isSecret(name) ? "the value is not allowed" : text(reason)
            throw KafkaError(
                code: .configurationInvalid,
                message: "The Kafka property \(name) was refused: \(words)."
            )
        }
    }

    /// Lets events, as named by `RD_KAFKA_EVENT_…`, arrive on queues instead of in callbacks.
    borrowing func enableEvents(_ events: Int32) {
        rd_kafka_conf_set_events(self.raw, events)
    }

    /// Makes the client, which owns the configuration from then on.
    consuming func makeClient(
        _ type: rd_kafka_type_t,
        callbacks: ClientCallbacks
    ) throws(KafkaError) -> OpaquePointer {
        rd_kafka_conf_set_opaque(self.raw, Unmanaged.passUnretained(callbacks).toOpaque())
        rd_kafka_conf_set_log_cb(self.raw, forwardLog)
        var reason = [CChar](repeating: 0, count: Self.reasonBytesMax)
        guard let client = rd_kafka_new(type, self.raw, &reason, reason.count) else {
            _ = consume self  // Still ours, and freed here.
            throw KafkaError(
                code: .configurationInvalid,
                message: "A Kafka client could not be made: \(text(reason))."
            )
        }
        discard self
        return client
    }
}

/// What callbacks of a client may touch; outlives the client.
final class ClientCallbacks: Sendable {
    let log: KafkaLog

    init(log: @escaping KafkaLog) { self.log = log }
}

/// Runs on any thread of the library.
private func forwardLog(
    _ client: OpaquePointer?,
    _ level: Int32,
    _ facility: UnsafePointer<CChar>?,
    _ message: UnsafePointer<CChar>?
) {
    guard let client, let message, let context = rd_kafka_opaque(client) else { return }
    // The owner of the client keeps the object until rd_kafka_destroy() has returned.
    let callbacks = Unmanaged<ClientCallbacks>.fromOpaque(context).takeUnretainedValue()
    callbacks.log(
        KafkaLogLine(
            level: level,
            facility: facility.map { String(cString: $0) } ?? "",
            message: String(cString: message)
        )
    )
}

private func isSecret(_ name: String) -> Bool {
    ["password", "secret", "key", "jaas", "token", "oauthbearer.config"]
        .contains { name.contains($0) }
}

private func text(_ characters: [CChar]) -> String {
    let bytes = characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self)
}
