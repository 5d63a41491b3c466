// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Takes log lines; called on threads of librdkafka, so it must not block.
package typealias KafkaLog = @Sendable (KafkaLogLine) -> Void

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

    /// Writes lines to standard error, for programs without a logger.
    package static let toStandardError: KafkaLog = { line in
        let text = "kafka: \(line.facility): \(line.message)\n"
        _ = Array(text.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
