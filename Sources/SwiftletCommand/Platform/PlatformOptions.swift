// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Kubernetes
internal import Swiftlet

/// What `up`, `demo`, `activate` and `dispatch` were asked for.
struct PlatformOptions: Sendable {
    static let portDefault = 8080
    static let bucketPortDefault = 9000
    static let adminPortDefault = 9090
    static let stateDirectoryDefault = ".swiftlet"

    /// Where the instances of functions run.
    enum Backend: String, CaseIterable {
        /// On this machine, as processes.
        case processes
        /// In the pods of Deployments.
        case kubernetes
    }

    var manifests: [String]
    var backend = Backend.processes
    /// The API server; `nil` is the one that a pod's environment names.
    var kubernetes: String?
    /// Where the token and the authorities for the API server are.
    var serviceAccountDirectory = KubernetesAccess.serviceAccountDirectory
    /// The address that the activator and the admin port listen at.
    var host = SocketAddress.ipv4Loopback(port: 0)
    var port = Self.portDefault
    var bucketPort = Self.bucketPortDefault
    var adminPort = Self.adminPortDefault
    /// A Kafka cluster; `nil` is the embedded broker.
    var kafka: String?
    /// An object storage; `nil` is the embedded bucket.
    var storage: String?
    var stateDirectory = Self.stateDirectoryDefault
    var functionsDirectory: String?
    /// An idle function ends after this, in place of what Knative's autoscaler decides.
    var idleWindow: Duration?
    /// Where functions are found by sources, instead of an activator here.
    var activator: String?
    /// The admin port of an activator elsewhere, which is told the lag of the sources.
    var activatorAdmin: String?

    /// The credentials of the embedded bucket, or of the object storage that was named.
    var accessKey = StorageAccess.accessKeyDefault
    var secretKey = StorageAccess.secretKeyDefault
    var region = StorageAccess.regionDefault

    static let fileFlag = FlagSyntax(
        "file",
        letter: "f",
        value: "FILE",
        environment: "SWIFTLET_MANIFESTS",
        help: "manifests: a file, a folder, or - for standard input; repeatable",
        isRepeatable: true
    )
    static let portFlag = FlagSyntax("port", value: "N", help: "activator's port (8080; 0: any)")
    static let hostFlag = FlagSyntax(
        "host",
        value: "ADDRESS",
        help: "the address to listen at (127.0.0.1; 0.0.0.0: every interface)"
    )
    static let backendFlags = [
        FlagSyntax(
            "backend",
            value: "NAME",
            help: "where functions run: processes, or kubernetes: pods of Deployments (processes)"
        ),
        FlagSyntax(
            "kubernetes",
            value: "URL",
            help: "the API server (the one that a pod's environment names); by http:// no token is "
                + "shown"
        ),
        FlagSyntax(
            "service-account",
            value: "DIR",
            help: "token and ca.crt for the API server "
                + "(\(KubernetesAccess.serviceAccountDirectory))"
        ),
    ]
    static let adminPortFlag = FlagSyntax(
        "admin-port",
        value: "N",
        help: "admin and metrics port (9090; 0: any)"
    )
    static let kafkaFlag = FlagSyntax(
        "kafka",
        value: "HOST:PORT",
        help: "a Kafka cluster instead of the embedded broker"
    )
    static let functionsFlag = FlagSyntax(
        "functions",
        value: "DIR",
        help: "where programs are looked for, after the folder of swiftlet itself"
    )
    static let idleFlag = FlagSyntax(
        "idle",
        value: "TIME",
        help: "an idle function ends after this (as Knative's autoscaler decides: 60s)"
    )
    static let outputFlag = FlagSyntax(
        "output",
        letter: "o",
        value: "FORMAT",
        help: "text or json: one line with the addresses when ready (text)"
    )
    static let bucketFlags = [
        FlagSyntax("bucket-port", value: "N", help: "embedded bucket's port (9000; 0: any)"),
        FlagSyntax(
            "s3",
            value: "URL",
            help: "an object storage instead of the embedded bucket; AWS_ACCESS_KEY_ID and "
                + "AWS_SECRET_ACCESS_KEY say who we are there"
        ),
        FlagSyntax(
            "state",
            value: "DIR",
            help: "where the embedded bucket keeps objects (.swiftlet)"
        ),
    ]

    /// Reads what the flags say.
    init(_ arguments: CommandArguments) throws {
        self.manifests = arguments.all("file")
        guard !self.manifests.isEmpty else { throw UsageError("-f FILE is missing") }
        let ports = 0...65_535
        self.port = try arguments.number("port", in: ports) ?? self.port
        self.bucketPort = try arguments.number("bucket-port", in: ports) ?? self.bucketPort
        self.adminPort = try arguments.number("admin-port", in: ports) ?? self.adminPort
        self.kafka = arguments["kafka"]
        self.storage = arguments["s3"]
        self.stateDirectory = arguments["state"] ?? self.stateDirectory
        self.functionsDirectory = try Self.functionsDirectory(arguments["functions"])
        self.idleWindow = try arguments.duration("idle")
        self.activator = arguments["activator"]
        self.activatorAdmin = arguments["activator-admin"]
        if let url = self.activatorAdmin, !url.hasPrefix("http://"), !url.hasPrefix("https://") {
            throw UsageError("--activator-admin \(url): expected a URL such as http://HOST:9090")
        }
        try self.readBackend(arguments)
        self.readCredentials(Environment.process)
    }

    /// A folder that is not there would be passed over without a word.
    private static func functionsDirectory(_ path: String?) throws -> String? {
        guard let path, !Files.isFolder(path) else { return path }
        throw UsageError("--functions \(path): expected a folder that is there")
    }

    private mutating func readBackend(_ arguments: CommandArguments) throws {
        if let name = arguments["backend"] {
            guard let backend = Backend(rawValue: name) else {
                let names = Backend.allCases.map(\.rawValue).joined(separator: " or ")
                throw UsageError("--backend \(name): expected \(names)")
            }
            self.backend = backend
        }
        self.kubernetes = arguments["kubernetes"]
        self.serviceAccountDirectory = arguments["service-account"] ?? self.serviceAccountDirectory
        guard let host = arguments["host"] else { return }
        guard !host.isEmpty,
            let address = SocketAddress(parsing: host.contains(":") ? "[\(host)]:0" : "\(host):0")
        else { throw UsageError("--host \(host): expected an IP address") }
        self.host = address
    }

    /// An ambient AWS account must not change who may use the bucket of this machine.
    private mutating func readCredentials(_ environment: Environment) {
        let prefix = self.storage == nil ? "SWIFTLET" : "AWS"
        if let key = environment["\(prefix)_ACCESS_KEY_ID"] { self.accessKey = key }
        if let key = environment["\(prefix)_SECRET_ACCESS_KEY"] { self.secretKey = key }
        if let region = environment["\(prefix)_REGION"] { self.region = region }
    }
}
