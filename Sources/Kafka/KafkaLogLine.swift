// SPDX-License-Identifier: Apache-2.0

/// What librdkafka has to say about connections, brokers and groups.
package struct KafkaLogLine: Sendable, Equatable {
    /// How bad it is: 0…3 errors, 4 warnings, 5…6 information, 7 debugging, as in syslog(3).
    package var level: Int32
    /// A word that names the subject, for example `FAIL`.
    package var facility: String
    /// One line of text.
    package var message: String

    /// Makes a line.
    package init(level: Int32, facility: String, message: String) {
        self.level = level
        self.facility = facility
        self.message = message
    }
}

/// Takes log lines; called on threads of librdkafka, so it must not block.
package typealias KafkaLog = @Sendable (KafkaLogLine) -> Void
