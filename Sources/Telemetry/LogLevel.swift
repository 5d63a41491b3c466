// SPDX-License-Identifier: Apache-2.0

/// How much a log line matters.
public enum LogLevel: Int, Comparable, Sendable, CaseIterable, CustomStringConvertible {
    /// For whoever debugs the program itself.
    case debug
    /// What an operator likes to see in good times.
    case info
    /// Something is not as it should be, and work goes on.
    case warning
    /// Something was given up.
    case error

    /// Reads a name as `LOG_LEVEL` has it, upper or lower case.
    public init?(_ name: String) {
        switch name.lowercased() {
        case "debug", "trace": self = .debug
        case "info", "notice": self = .info
        case "warning", "warn": self = .warning
        case "error", "critical": self = .error
        default: return nil
        }
    }

    /// The name, for example `warning`.
    public var description: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    /// Orders by weight: debug is the least.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
