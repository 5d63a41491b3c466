// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
internal import EventLoop
internal import HTTPServer

/// What the environment says about serving.
struct FunctionSettings: Sendable, Equatable {
    /// Where requests come from.
    enum Listener: Sendable, Equatable {
        /// A socket that listens already, handed over by whoever started the process.
        case inherited(descriptor: Int32)
        case address(SocketAddress)
        /// Every interface.
        case port(UInt16)
    }

    /// The files of a certificate and its key.
    struct TLSFiles: Sendable, Equatable {
        var certificate: String
        var key: String
        /// How often to see whether they changed; `nil` for never.
        var reloadInterval: Duration? = Self.reloadIntervalDefault

        static let reloadIntervalDefault = Duration.seconds(10)
    }

    /// How many clients there may be, and how slow; the defaults are those of the server.
    struct Connections: Sendable, Equatable {
        var countMax: Int
        var headerTimeout: Duration
        var bodyTimeout: Duration
        var writeTimeout: Duration
        var keepAliveTimeout: Duration
        var halfClose: HTTPServerConfiguration.HalfClose

        init() {
            let server = HTTPServerConfiguration()
            self.countMax = server.connectionsMax
            self.headerTimeout = server.headerTimeout
            self.bodyTimeout = server.bodyTimeout
            self.writeTimeout = server.writeTimeout
            self.keepAliveTimeout = server.keepAliveTimeout
            self.halfClose = server.halfClose
        }
    }

    static let portDefault: UInt16 = 8080
    static let bodyBytesMaxDefault = 16 * 1024 * 1024
    static let timeoutDefault = Duration.seconds(300)
    static let drainTimeoutDefault = Duration.seconds(30)
    /// The first descriptor of the systemd protocol, sd_listen_fds(3).
    private static let firstInheritedDescriptor: Int32 = 3

    var listener = Listener.address(.ipv4Loopback(port: Self.portDefault))
    /// Requests that run at once; Knative's `containerConcurrency`, `nil` for no limit.
    var concurrencyMax: Int?
    /// Requests that wait beyond those.
    var queueMax = 0
    /// Most time in that queue, which does not count as running.
    var queueTimeout = Self.timeoutDefault
    /// Most time an invocation runs; Knative's `timeoutSeconds`.
    var timeout = Self.timeoutDefault
    /// Most time until an answer begins; Knative's `responseStartTimeoutSeconds`.
    var responseStartTimeout: Duration?
    /// Most time between two writes of an answer; Knative's `idleTimeoutSeconds`.
    var idleTimeout: Duration?
    var bodyBytesMax = Self.bodyBytesMaxDefault
    var connections = Connections()
    var batchEventsMax = CloudEventLimits().batchEventsMax
    var backgroundMax = BackgroundWork.countMaxDefault
    var headerCoding = CloudEventHeaderCoding.strict
    /// How long no request may have come before a stopping function closes.
    var drainQuietPeriod = Duration.zero
    /// Most time running invocations and background work get after SIGTERM.
    var drainTimeout = Self.drainTimeoutDefault
    /// What TLS is spoken with; `nil` for plain HTTP.
    var tls: TLSFiles?
    /// Where Prometheus asks; 0 picks a port, `nil` serves no metrics.
    var metricsPort: UInt16?

    /// The defaults.
    init() {}

    /// Reads the environment.
    ///
    /// - Parameters:
    ///   - environment: `LISTEN_FDS` and `LISTEN_PID`, else `LISTEN_ADDRESS`, else `PORT` on every
    ///     interface as Knative demands, else port 8080 on loopback; and the limits.
    ///   - processID: `LISTEN_PID` must be it, or the sockets are somebody else's.
    /// - Throws: ``FunctionStartError`` naming the variable.
    init(_ environment: Environment, processID: Int32) throws {
        let reader = SettingReader(environment: environment)
        self.listener = try Self.listener(environment, processID: processID)
        self.concurrencyMax = try reader.positive(.containerConcurrency)
        self.queueMax =
            try reader.number(.queueDepth)
            ?? ConcurrencyLimiter<Never>.queueDepthPerSlot * (self.concurrencyMax ?? 0)
        self.queueTimeout = try reader.seconds(.queueSeconds) ?? Self.timeoutDefault
        self.timeout = try reader.seconds(.timeoutSeconds) ?? Self.timeoutDefault
        self.responseStartTimeout = try reader.seconds(.responseStartSeconds)
        self.idleTimeout = try reader.seconds(.idleSeconds)
        self.bodyBytesMax = try reader.number(.bodyBytesMax) ?? Self.bodyBytesMaxDefault
        self.connections = try reader.connections()
        self.batchEventsMax = try reader.number(.batchEventsMax) ?? self.batchEventsMax
        self.backgroundMax = try reader.number(.backgroundMax) ?? self.backgroundMax
        self.headerCoding = try reader.headerCoding()
        self.drainQuietPeriod = try reader.seconds(.drainQuietSeconds) ?? .zero
        self.drainTimeout = try reader.seconds(.drainSeconds) ?? Self.drainTimeoutDefault
        self.tls = try reader.tlsFiles()
        self.metricsPort = try reader.number(.metricsPort).map { UInt16(clamping: $0) }
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
        guard let port = try SettingReader(environment: environment).number(.port) else {
            return .address(.ipv4Loopback(port: self.portDefault))
        }
        return .port(UInt16(clamping: port))
    }
}

/// Reads variables, and says which one is wrong.
private struct SettingReader {
    let environment: Environment

    /// A whole number of the variable's range; `nil` when it is not set, or empty.
    func number(_ variable: FunctionVariable) throws -> Int? {
        guard let text = self.environment[variable.rawValue], !text.isEmpty,
            let range = variable.range
        else { return nil }
        guard let number = Int(text), range ~= number else {
            throw FunctionStartError(
                "\(variable.rawValue) is \"\(text)\" and not a number of "
                    + "\(range.lowerBound)…\(range.upperBound)"
            )
        }
        return number
    }

    /// A number above 0; 0 means no limit.
    func positive(_ variable: FunctionVariable) throws -> Int? {
        try self.number(variable).flatMap { $0 > 0 ? $0 : nil }
    }

    /// A time; 0 means none.
    func seconds(_ variable: FunctionVariable) throws -> Duration? {
        try self.positive(variable).map { .seconds($0) }
    }

    /// Both files, or neither.
    func tlsFiles() throws -> FunctionSettings.TLSFiles? {
        let interval = try self.number(.tlsReloadSeconds)
        let (certificate, key) = (self.text(.tlsCertificate), self.text(.tlsKey))
        guard let certificate, let key else {
            guard certificate == nil, key == nil else {
                throw FunctionStartError(
                    "SWIFTLET_TLS_CERT and SWIFTLET_TLS_KEY belong together, and one is not set"
                )
            }
            return nil
        }
        var files = FunctionSettings.TLSFiles(certificate: certificate, key: key)
        if let interval {
            files.reloadInterval = interval > 0 ? .seconds(interval) : nil
        }
        return files
    }

    /// The server's limits, with those that are set.
    func connections() throws -> FunctionSettings.Connections {
        var limits = FunctionSettings.Connections()
        limits.countMax = try self.number(.connectionsMax) ?? limits.countMax
        limits.headerTimeout = try self.seconds(.headerTimeoutSeconds) ?? limits.headerTimeout
        limits.bodyTimeout = try self.seconds(.bodyTimeoutSeconds) ?? limits.bodyTimeout
        limits.writeTimeout = try self.seconds(.writeTimeoutSeconds) ?? limits.writeTimeout
        limits.keepAliveTimeout =
            try self.seconds(.keepAliveTimeoutSeconds) ?? limits.keepAliveTimeout
        limits.halfClose = try self.halfClose()
        return limits
    }

    private func halfClose() throws -> HTTPServerConfiguration.HalfClose {
        switch self.text(.halfClose) {
        case nil, "answer": return .answer
        case "cancel": return .cancel
        case let text?:
            throw FunctionStartError(
                "SWIFTLET_HALF_CLOSE is \"\(text)\" and neither answer nor cancel"
            )
        }
    }

    private func text(_ variable: FunctionVariable) -> String? {
        self.environment[variable.rawValue].flatMap { $0.isEmpty ? nil : $0 }
    }

    func headerCoding() throws -> CloudEventHeaderCoding {
        switch self.environment[FunctionVariable.headerCoding.rawValue] {
        case nil, "", "strict": return .strict
        case "knative": return .knative
        case let text?:
            throw FunctionStartError(
                "SWIFTLET_CE_HEADERS is \"\(text)\" and neither strict nor knative"
            )
        }
    }
}

/// Why a function cannot start.
public struct FunctionStartError: Error, Sendable, CustomStringConvertible {
    /// One sentence that says what is wrong and where.
    public var description: String

    /// Makes an error of a sentence.
    public init(_ description: String) { self.description = description }
}
