// SPDX-License-Identifier: Apache-2.0

extension RevisionSpec {
    /// How an instance tells that it can serve: the manifest's `readinessProbe` (Kubernetes,
    /// Configure Liveness, Readiness and Startup Probes).
    package struct ReadinessProbe: Sendable, Equatable {
        /// A field of a request.
        package struct Header: Sendable, Equatable {
            /// The name.
            package var name: String
            /// The value.
            package var value: String

            /// Makes a field.
            package init(name: String, value: String) {
                self.name = name
                self.value = value
            }
        }

        /// What is tried.
        package enum Action: Sendable, Equatable {
            /// A GET that is answered with 200 to 399.
            case httpGet(path: String, headers: [Header])
            /// A connection.
            case tcpSocket
            /// A command that exits with 0: the absolute path of a program, and its arguments. It
            /// runs as the instance does: in its directory, with its variables, user and limits.
            case exec([String])
            /// The gRPC health check of a service, or of all with an empty name, that is answered
            /// with SERVING.
            case grpc(service: String)
        }

        /// What is tried.
        package var action: Action
        /// How long to wait before the first try.
        package var initialDelay = Duration.zero
        /// From one try to the next while the instance is ready; zero tries no more then.
        ///
        /// Until it is ready tries follow each other faster, as Kubernetes allows itself too.
        package var period = Duration.zero
        /// How long a try may take.
        package var timeout = Duration.seconds(1)
        /// How often in a row it has to succeed.
        package var successThreshold = 1
        /// How often in a row it has to fail until an instance that was ready is so no more.
        package var failureThreshold = 3

        /// Makes a probe with Kubernetes' defaults.
        package init(_ action: Action) { self.action = action }

        /// Makes a probe of a path.
        package init(path: String) { self.init(.httpGet(path: path, headers: [])) }

        /// What the instance has to do, to follow "did not" in a sentence.
        var expectation: String {
            switch self.action {
            case .httpGet(let path, _):
                "answer its readinessProbe, GET \(path), with 200 to 399"
            case .tcpSocket: "take the connection of its readinessProbe"
            case .grpc: "answer its readinessProbe, the gRPC health check, with SERVING"
            case .exec(let command):
                "pass its readinessProbe, the command \(command.first ?? "")"
            }
        }
    }
}
