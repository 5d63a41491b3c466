// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// How the process of an instance came to its end.
enum ProcessExit: Equatable, Sendable {
    /// It ended by itself, with this code.
    case code(Int32)
    /// It was ended by this signal.
    case signal(Int32)
    /// It was ended because it wanted more memory than this, in bytes.
    case outOfMemory(limit: UInt64)
    /// It was ended by this signal before it was ready, with a limit of memory, in bytes, that is
    /// too low for most programs.
    case neverFit(signal: Int32, limit: UInt64)
    /// It could not be started, for this reason.
    case notStarted(String)
    /// It did not listen on its port for so long that it was ended.
    case neverListened(port: UInt16, after: Duration)
    /// The pod that it ran in takes no requests any more.
    case podGone
    /// The pod that it ran in was not needed any more.
    case released
    /// No pod became ready for so long that it was given up.
    case podNeverReady(after: Duration)
    /// It did not pass its readiness probe for so long that it was ended.
    case neverReady(expectation: String, after: Duration, lastFailure: String?)

    /// Reads what `waitpid(2)` told.
    init(waitStatus status: Int32) {
        let signal = status & 0x7F
        self = signal == 0 ? .code(status >> 8 & 0xFF) : .signal(signal)
    }

    /// What the process did, to follow its name in a sentence.
    var description: String {
        switch self {
        case .code(let code):
            "exited with code \(code)"
        case .signal(let signal):
            "was ended by signal \(signal)" + (Self.signalNames[signal].map { " (\($0))" } ?? "")
        case .neverFit(let signal, let limit):
            "\(Self.signal(signal).description) while it started, for which its memory limit of "
                + "\(Self.quantity(limit)) may be too low"
        case .outOfMemory(let limit):
            "ran out of memory (limit \(Self.quantity(limit)))"
        case .notStarted(let reason):
            "could not be started: \(reason)"
        case .podGone:
            "ran in a pod that is not ready any more"
        case .released:
            "ran in a pod that was given back"
        case .podNeverReady(let time):
            "had no pod that became ready within \(time)"
        case .neverReady(let expectation, let time, let failure):
            "did not \(expectation) within \(time)" + (failure.map { "; the last try \($0)" } ?? "")
        case .neverListened(let port, let time):
            "did not listen on port \(port), which is in its environment as PORT, within \(time)"
        }
    }

    /// Bytes as a manifest says them: in the largest unit that needs no fraction.
    static func quantity(_ bytes: UInt64) -> String {
        for (shift, unit) in [(40, "Ti"), (30, "Gi"), (20, "Mi"), (10, "Ki")]
        where bytes > 0 && bytes.trailingZeroBitCount >= shift {
            return "\(bytes >> UInt64(shift))\(unit)"
        }
        return "\(bytes)"
    }

    private static let signalNames: [Int32: String] = [
        SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGQUIT: "SIGQUIT", SIGILL: "SIGILL",
        SIGTRAP: "SIGTRAP", SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE",
        SIGKILL: "SIGKILL", SIGSEGV: "SIGSEGV", SIGPIPE: "SIGPIPE", SIGALRM: "SIGALRM",
        SIGTERM: "SIGTERM", SIGXCPU: "SIGXCPU", SIGXFSZ: "SIGXFSZ", SIGSYS: "SIGSYS",
    ]
}
