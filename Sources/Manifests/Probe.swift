// SPDX-License-Identifier: Apache-2.0

/// How to find out whether a container is well.
package struct Probe: Sendable {
    /// What is tried.
    package enum Action: Sendable {
        /// A GET whose status is 200 to 399.
        case httpGet(path: String, headers: [(name: String, value: String)])
        /// A connection.
        case tcpSocket
        /// A command that exits with 0.
        case exec([String])
        /// The health service of gRPC.
        case grpc(service: String)
    }

    /// What is tried; a connection when the manifest says nothing.
    package let action: Action
    /// The port's number; `nil` is the container's port.
    package let port: Int?
    /// How long to wait before the first try.
    package let initialDelay: Duration
    /// Time between tries; zero is Knative's own probing without a pause, which a readiness probe
    /// has that speaks of no time.
    package let period: Duration
    /// How long a try may take.
    package let timeout: Duration
    /// How often in a row it has to succeed.
    package let successThreshold: Int
    /// How often in a row it has to fail.
    package let failureThreshold: Int
}

extension Probe {
    private static let secondsMax = Int(Int32.max)

    /// Reads `readinessProbe` and its like; mistakes inside are noted and replaced by defaults.
    init(_ reader: inout ObjectReader, port containerPort: ContainerPort?, isReadiness: Bool) {
        defer { reader.finish() }
        let seconds = 0...Self.secondsMax
        let period = reader.integer("periodSeconds", in: seconds)
        let timeout = reader.integer("timeoutSeconds", in: seconds) ?? 0
        let failureThreshold = reader.integer("failureThreshold", in: seconds) ?? 0
        let successThreshold = reader.integer("successThreshold", in: 1...Self.secondsMax)
        // Knative fills in Kubernetes' defaults, also for zero, as soon as one of these is given.
        let isKnatives = isReadiness && timeout == 0 && failureThreshold == 0
        self.period = .seconds(period ?? (isKnatives ? 0 : 10))
        self.initialDelay = .seconds(reader.integer("initialDelaySeconds", in: seconds) ?? 0)
        self.timeout = .seconds(timeout == 0 ? 1 : timeout)
        self.successThreshold = successThreshold ?? 1
        self.failureThreshold = failureThreshold == 0 ? 3 : failureThreshold
        if period == 0 {
            // Knative's own probing has neither.
            for name in ["timeoutSeconds", "failureThreshold"] where reader.has(name) {
                reader.problems.error(
                    reader.mark(of: name),
                    "\(reader.path(of: name)): not allowed with periodSeconds 0"
                )
            }
        }
        reader.accept(["terminationGracePeriodSeconds": .integer])
        (self.action, self.port) = Self.action(&reader, containerPort)
    }

    private static func action(
        _ reader: inout ObjectReader,
        _ containerPort: ContainerPort?
    ) -> (Action, port: Int?) {
        var found: [(Action, port: Int?)] = []
        if var get = reader.object("httpGet") {
            let path = get.text("path")?.value ?? "/"
            let headers = get.objects("httpHeaders").map { Self.header($0) }
            let port = Self.port(&get, containerPort)
            get.accept(["host": .text, "scheme": .text])
            get.finish()
            found.append((.httpGet(path: path, headers: headers), port))
        }
        if var socket = reader.object("tcpSocket") {
            found.append((.tcpSocket, Self.port(&socket, containerPort)))
            socket.accept(["host": .text])
            socket.finish()
        }
        if var exec = reader.object("exec") {
            found.append((.exec(exec.requiredWords("command").map(\.value)), nil))
            exec.finish()
        }
        if var grpc = reader.object("grpc") {
            let service = grpc.text("service")?.value ?? ""
            found.append((.grpc(service: service), Self.port(&grpc, containerPort)))
            grpc.finish()
        }
        if found.count > 1 {
            let message = "expected one of httpGet, tcpSocket, exec, grpc, got \(found.count)"
            reader.problems.error(reader.mark, "\(reader.path): \(message)")
        }
        return found.first ?? (.tcpSocket, nil)
    }

    private static func header(_ header: ObjectReader) -> (name: String, value: String) {
        var header = header
        defer { header.finish() }
        return (header.requiredText("name")?.value ?? "", header.text("value")?.value ?? "")
    }

    /// The port as a number; a name has to be the container port's, 0 is the container's port.
    private static func port(
        _ reader: inout ObjectReader,
        _ containerPort: ContainerPort?
    ) -> Int? {
        guard case .scalar(let scalar) = reader.node("port")?.content else { return nil }
        if case .string(let name) = scalar.value {
            if !name.isEmpty, name != containerPort?.name ?? "" {
                reader.problems.error(
                    reader.mark(of: "port"),
                    "\(reader.path(of: "port")): expected the container port's number or name"
                )
            }
            return nil
        }
        let port = reader.integer("port", in: 0...65_535)
        return port == 0 ? nil : port
    }
}
