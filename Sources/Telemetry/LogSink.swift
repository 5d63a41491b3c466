// SPDX-License-Identifier: Apache-2.0

package import Bytes
import Glibc

/// Where log lines go.
public struct LogSink: Sendable {
    /// The least level that is written.
    let level: LogLevel
    private let receive: @Sendable (LogRecord) -> Void

    /// The process's standard error, as `LOG_LEVEL` and `LOG_FORMAT` ask.
    public static let standardError = LogSink.makeStandardError()

    /// Throws every line away.
    public static let none = LogSink(level: .error, records: { _ in })

    /// A sink that a test reads: hands over each line in the plain text format, no line feed.
    public init(level: LogLevel = .debug, line: @escaping @Sendable (String) -> Void) {
        self.init(
            level: level,
            records: { record in
                line(String(decoding: record.line(.text).dropLast(), as: UTF8.self))
            }
        )
    }

    /// A sink that gets whole records.
    package static func records(
        from level: LogLevel = .debug,
        receive: @escaping @Sendable (LogRecord) -> Void
    ) -> LogSink {
        LogSink(level: level, records: receive)
    }

    private init(level: LogLevel, records: @escaping @Sendable (LogRecord) -> Void) {
        self.level = level
        self.receive = records
    }

    func write(_ record: LogRecord) { self.receive(record) }

    private static func makeStandardError() -> LogSink {
        let configuration = LogConfiguration(
            isTerminal: isatty(STDERR_FILENO) == 1,
            secondsEastOfUTC: self.secondsEastOfUTC()
        ) { name in
            getenv(name).map { String(cString: $0) }
        }
        let writer = LineWriter(descriptor: STDERR_FILENO)
        let sink = LogSink(
            level: configuration.level,
            records: { writer.write($0.line(configuration.format)) }
        )
        for problem in configuration.problems {
            sink.write(
                LogRecord(
                    time: Timestamp.realtime(),
                    level: .warning,
                    label: "log",
                    message: problem,
                    metadata: []
                )
            )
        }
        return sink
    }

    private static func secondsEastOfUTC() -> Int64 {
        var now = time(nil)
        var local = tm()
        guard localtime_r(&now, &local) != nil else { return 0 }
        return Int64(local.tm_gmtoff)
    }
}

extension Timestamp {
    /// The wall clock's time.
    package static func realtime() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(
            secondsSinceEpoch: Int64(time.tv_sec),
            nanoseconds: Int32(time.tv_nsec)
        )
    }
}
