// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Writes log lines in the name of one part of the program.
///
/// The message is a sentence that stays the same; what changes goes into the metadata:
/// `log.warning("The sink refused an event.", ["status": "503", "offset": "17"])`. Neither is
/// evaluated when the level is not written. Values may come from anywhere: whatever they hold,
/// they cannot end the line. Secrets do not belong here.
public struct Logger: Sendable {
    /// The part of the program that speaks.
    public let label: String
    /// Lines below it are not written.
    public var level: LogLevel

    private let sink: LogSink
    private var metadata: [(key: String, value: String)] = []

    /// Makes a logger that writes to standard error, from `LOG_LEVEL` upwards.
    public init(label: String) {
        self.init(label: label, sink: .standardError)
    }

    /// Makes a logger that writes to `sink`, from the sink's level upwards.
    public init(label: String, sink: LogSink) {
        self.label = label
        self.sink = sink
        self.level = sink.level
    }

    /// What every line of this logger carries under a key.
    public subscript(metadata key: String) -> String? {
        get { self.metadata.first { $0.key == key }?.value }
        set {
            let index = self.metadata.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): self.metadata[index].value = value
            case (let index?, nil): self.metadata.remove(at: index)
            case (nil, let value?): self.metadata.append((key, value))
            case (nil, nil): break
            }
        }
    }

    /// The same logger, whose every line carries `metadata` as well.
    public func with(_ metadata: KeyValuePairs<String, String>) -> Logger {
        var logger = self
        for (key, value) in metadata { logger[metadata: key] = value }
        return logger
    }

    /// Logs what helps whoever debugs the program itself.
    public func debug(
        _ message: @autoclosure () -> String,
        _ metadata: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        self.log(.debug, message, metadata)
    }

    /// Logs what an operator likes to see in good times.
    public func info(
        _ message: @autoclosure () -> String,
        _ metadata: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        self.log(.info, message, metadata)
    }

    /// Logs that something is not as it should be, and that work goes on.
    public func warning(
        _ message: @autoclosure () -> String,
        _ metadata: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        self.log(.warning, message, metadata)
    }

    /// Logs that something was given up.
    public func error(
        _ message: @autoclosure () -> String,
        _ metadata: @autoclosure () -> KeyValuePairs<String, String> = [:]
    ) {
        self.log(.error, message, metadata)
    }

    private func log(
        _ level: LogLevel,
        _ message: () -> String,
        _ metadata: () -> KeyValuePairs<String, String>
    ) {
        guard level >= self.level else { return }
        var all = self.metadata
        for (key, value) in metadata() { all.append((key, value)) }
        self.sink.write(
            LogRecord(
                time: Timestamp.realtime(),
                level: level,
                label: self.label,
                message: message(),
                metadata: all
            )
        )
    }
}
