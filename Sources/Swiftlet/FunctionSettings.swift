// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// What the environment says about serving.
struct FunctionSettings: Sendable, Equatable {
    /// Where requests come from.
    enum Listener: Sendable, Equatable {
        /// A socket that listens already, handed over by whoever started the process.
        case inherited(descriptor: Int32)
        case address(SocketAddress)
    }

    static let portDefault: UInt16 = 8080
    static let bodyBytesMaxDefault = 16 * 1024 * 1024
    static let timeoutDefault = Duration.seconds(300)
    static let drainTimeoutDefault = Duration.seconds(30)
    /// The first descriptor of the systemd protocol, sd_listen_fds(3).
    private static let firstInheritedDescriptor: Int32 = 3

    var listener: Listener
    var bodyBytesMax = Self.bodyBytesMaxDefault
    /// Most time an invocation takes; Knative's `timeoutSeconds`.
    var timeout = Self.timeoutDefault
    /// Most time running invocations get after SIGTERM.
    var drainTimeout = Self.drainTimeoutDefault

    /// Reads the environment.
    ///
    /// - Parameters:
    ///   - environment: `LISTEN_FDS` and `LISTEN_PID`, else `LISTEN_ADDRESS`, else `PORT` on every
    ///     interface as Knative demands, else port 8080 on loopback.
    ///   - processID: `LISTEN_PID` must be it, or the sockets are somebody else's.
    /// - Throws: ``FunctionStartError`` naming the variable.
    init(_ environment: Environment, processID: Int32) throws {
        self.listener = try Self.listener(environment, processID: processID)
        self.bodyBytesMax =
            try Self.number(environment, "SWIFTLET_BODY_BYTES_MAX", 1...(1 << 40))
            ?? Self.bodyBytesMaxDefault
        let seconds = 1...86_400
        if let timeout = try Self.number(environment, "SWIFTLET_TIMEOUT_SECONDS", seconds) {
            self.timeout = .seconds(timeout)
        }
        if let drain = try Self.number(environment, "SWIFTLET_DRAIN_SECONDS", seconds) {
            self.drainTimeout = .seconds(drain)
        }
    }

    private static func listener(
        _ environment: Environment,
        processID: Int32
    ) throws -> Listener {
        if let count = environment["LISTEN_FDS"], environment["LISTEN_PID"] == String(processID),
            let count = Int(count), count >= 1
        {
            return .inherited(descriptor: self.firstInheritedDescriptor)
        }
        if let text = environment["LISTEN_ADDRESS"], !text.isEmpty {
            guard let address = SocketAddress(parsing: text) else {
                throw FunctionStartError("LISTEN_ADDRESS is \"\(text)\" and not HOST:PORT")
            }
            return .address(address)
        }
        guard let port = try self.number(environment, "PORT", 0...65_535) else {
            return .address(.ipv4Loopback(port: self.portDefault))
        }
        return .address(.ipv4Any(port: UInt16(port)))
    }

    private static func number(
        _ environment: Environment,
        _ name: String,
        _ range: ClosedRange<Int>
    ) throws -> Int? {
        guard let text = environment[name], !text.isEmpty else { return nil }
        guard let number = Int(text), range ~= number else {
            throw FunctionStartError(
                "\(name) is \"\(text)\" and not a number of \(range.lowerBound)…\(range.upperBound)"
            )
        }
        return number
    }
}

/// Why a function cannot start.
public struct FunctionStartError: Error, Sendable, CustomStringConvertible {
    /// One sentence that says what is wrong and where.
    public var description: String

    /// Makes an error of a sentence.
    public init(_ description: String) { self.description = description }
}
