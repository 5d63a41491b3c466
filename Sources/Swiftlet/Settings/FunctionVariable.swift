// SPDX-License-Identifier: Apache-2.0

/// The environment variables that a function heeds: the one list, of which the help is printed.
enum FunctionVariable: String, CaseIterable, Sendable {
    case port = "PORT"
    case listenAddress = "LISTEN_ADDRESS"
    case listenDescriptors = "LISTEN_FDS"
    case notifySocket = "NOTIFY_SOCKET"
    case service = "K_SERVICE"
    case containerConcurrency = "CONTAINER_CONCURRENCY"
    case queueDepth = "SWIFTLET_QUEUE_DEPTH"
    case queueSeconds = "SWIFTLET_QUEUE_SECONDS"
    case timeoutSeconds = "REVISION_TIMEOUT_SECONDS"
    case responseStartSeconds = "REVISION_RESPONSE_START_TIMEOUT_SECONDS"
    case idleSeconds = "REVISION_IDLE_TIMEOUT_SECONDS"
    case bodyBytesMax = "SWIFTLET_BODY_BYTES_MAX"
    case connectionsMax = "SWIFTLET_CONNECTIONS_MAX"
    case headerTimeoutSeconds = "SWIFTLET_HEADER_TIMEOUT_SECONDS"
    case bodyTimeoutSeconds = "SWIFTLET_BODY_TIMEOUT_SECONDS"
    case writeTimeoutSeconds = "SWIFTLET_WRITE_TIMEOUT_SECONDS"
    case keepAliveTimeoutSeconds = "SWIFTLET_KEEP_ALIVE_TIMEOUT_SECONDS"
    case halfClose = "SWIFTLET_HALF_CLOSE"
    case batchEventsMax = "SWIFTLET_BATCH_EVENTS_MAX"
    case backgroundMax = "SWIFTLET_BACKGROUND_MAX"
    case headerCoding = "SWIFTLET_CE_HEADERS"
    case drainQuietSeconds = "SWIFTLET_DRAIN_QUIET_SECONDS"
    case drainSeconds = "SWIFTLET_DRAIN_SECONDS"
    case tlsCertificate = "SWIFTLET_TLS_CERT"
    case tlsKey = "SWIFTLET_TLS_KEY"
    case tlsReloadSeconds = "SWIFTLET_TLS_RELOAD_SECONDS"
    case metricsPort = "METRICS_PORT"
    case logLevel = "LOG_LEVEL"
    case logFormat = "LOG_FORMAT"

    /// What it decides, in a few words.
    var meaning: String {
        switch self {
        case .port: "port to listen on, on every interface"
        case .listenAddress: "HOST:PORT to listen on, before PORT"
        case .listenDescriptors: "inherited listening sockets (systemd), before both"
        case .notifySocket: "where to report readiness (systemd)"
        case .service: "name of the Knative Service: the source of replies, the label of logs"
        case .containerConcurrency: "requests that run at once; 0 is no limit"
        case .queueDepth: "requests that wait beyond those; more get 503"
        case .queueSeconds: "longest wait in that queue; then 503"
        case .timeoutSeconds: "longest run of a request, waiting not counted; then 504; 0 is 300"
        case .responseStartSeconds: "longest time to the first byte of an answer; 0 is no limit"
        case .idleSeconds: "longest time between two writes of an answer; 0 is no limit"
        case .bodyBytesMax: "largest request body; larger ones get 413"
        case .connectionsMax: "open connections; more wait in the kernel's queue"
        case .headerTimeoutSeconds: "from the first byte of a head to its last; then 408"
        case .bodyTimeoutSeconds: "between two reads of a body that is waited for; then 408"
        case .writeTimeoutSeconds: "between two writes that the client takes; then a reset"
        case .keepAliveTimeoutSeconds: "between two requests; then the connection is closed"
        case .halfClose: "answer, or cancel: what a client that sends no more wants"
        case .batchEventsMax: "most events of a batch; larger ones get 413"
        case .backgroundMax: "most background work at once"
        case .headerCoding: "strict, or knative: event headers without percent-encoding"
        case .drainQuietSeconds: "after SIGTERM, serve until there was no request for so long"
        case .drainSeconds: "after SIGTERM, time for what runs before it is cut off"
        case .tlsCertificate: "file of the certificate chain (PEM), read again on SIGHUP"
        case .tlsKey: "file of its private key (PEM)"
        case .tlsReloadSeconds: "how often to see whether those files changed; 0 is never"
        case .metricsPort: "port for Prometheus metrics"
        case .logLevel: "debug, info, warning or error"
        case .logFormat: "text or json"
        }
    }

    /// What holds when it is not set.
    var defaultText: String {
        switch self {
        case .port: "8080 on 127.0.0.1"
        case .listenAddress, .listenDescriptors, .notifySocket, .service, .metricsPort,
            .tlsCertificate, .tlsKey:
            "none"
        case .containerConcurrency, .responseStartSeconds, .idleSeconds, .drainQuietSeconds: "0"
        case .queueDepth: "10 × concurrency"
        case .queueSeconds, .timeoutSeconds: "300"
        case .bodyBytesMax: "16777216"
        case .connectionsMax: "20000"
        case .headerTimeoutSeconds, .tlsReloadSeconds: "10"
        case .bodyTimeoutSeconds, .writeTimeoutSeconds: "30"
        case .keepAliveTimeoutSeconds: "75"
        case .halfClose: "answer"
        case .batchEventsMax, .backgroundMax: "1024"
        case .headerCoding: "strict"
        case .drainSeconds: "30"
        case .logLevel: "info"
        case .logFormat: "text"
        }
    }

    /// The whole numbers that it takes; `nil` when it is no number.
    var range: ClosedRange<Int>? {
        switch self {
        case .port, .metricsPort: 0...65_535
        case .containerConcurrency: 0...100_000
        case .queueDepth: 0...1_000_000
        // Knative takes 0 for its default.
        case .timeoutSeconds: 0...86_400
        case .queueSeconds, .drainSeconds, .headerTimeoutSeconds,
            .bodyTimeoutSeconds, .writeTimeoutSeconds, .keepAliveTimeoutSeconds:
            1...86_400
        case .responseStartSeconds, .idleSeconds, .drainQuietSeconds, .tlsReloadSeconds:
            0...86_400
        case .connectionsMax: 1...1_000_000
        case .bodyBytesMax: 1...(1 << 40)
        case .batchEventsMax, .backgroundMax: 1...1_000_000
        default: nil
        }
    }

    /// The text of `--help`.
    static func help(program: String) -> String {
        var text = """
            \(program) serves CloudEvents and plain HTTP requests, as Knative starts it.

            Usage: \(program) [--help]

            It takes no arguments; the environment decides:

            """
        let width = self.allCases.map(\.rawValue.utf8.count).max() ?? 0
        for variable in self.allCases {
            let name = variable.rawValue
            let padding = String(repeating: " ", count: width - name.utf8.count)
            text += "  \(name)\(padding)  \(variable.meaning) [\(variable.defaultText)]\n"
        }
        return text
    }
}
