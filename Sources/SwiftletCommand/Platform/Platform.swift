// SPDX-License-Identifier: Apache-2.0

internal import Activator
internal import CLinux
internal import EventLoop
internal import HTTPClient
internal import HTTPServer
internal import Kafka
internal import KafkaSource
internal import Kubernetes
internal import Manifests
internal import ObjectStorage
internal import Swiftlet
internal import Synchronization
internal import Telemetry

/// Which parts of the platform are wanted.
struct PlatformParts: OptionSet {
    let rawValue: Int

    static let broker = PlatformParts(rawValue: 1)
    static let bucket = PlatformParts(rawValue: 2)
    static let activator = PlatformParts(rawValue: 4)
    static let dispatcher = PlatformParts(rawValue: 8)
    static let all: PlatformParts = [.broker, .bucket, .activator, .dispatcher]
}

/// Everything that `swiftlet up` runs: broker, bucket, activator and dispatcher.
///
/// Each part has an event loop of its own, so none waits for another's disk or socket.
/// Used by one task; not `Sendable`.
final class Platform {
    /// How long a part may take to finish what runs when it is stopped.
    private static let stopDeadline = Duration.seconds(10)
    /// Descriptors that clients of the activator leave to everything but its instances.
    private static let descriptorsReserved = 32

    private(set) var addresses = Addresses()
    private(set) var activator: Activator?
    /// Takes in changed manifests; `nil` without functions.
    private(set) var deployer: FunctionDeployer?
    let options: PlatformOptions
    private let manifests: ManifestSet
    private let parts: PlatformParts
    private let milestones: MilestoneRecorder
    private let metrics = Metrics()
    private let isReady = ReadyFlag()
    private var dispatchers: [KafkaSourceDispatcher] = []
    private var shutdown = Shutdown()

    init(
        _ options: PlatformOptions,
        manifests: ManifestSet,
        parts: PlatformParts,
        milestones: MilestoneRecorder = .none
    ) {
        self.options = options
        self.manifests = manifests
        self.parts = parts
        self.milestones = milestones
    }

    /// Starts all parts, in the order in which an event passes them backwards: whoever receives is
    /// there before whoever sends.
    ///
    /// - Throws: One sentence; what was started until then is stopped again.
    func start() async throws {
        do {
            try await self.startAdmin()
            if self.parts.contains(.broker) { try await self.startBroker() }
            if self.parts.contains(.bucket) { try await self.startBucket() }
            if self.parts.contains(.activator), !self.manifests.services.isEmpty {
                try await self.startActivator()
            }
            if self.parts.contains(.dispatcher) { try await self.startDispatchers() }
        } catch {
            await self.stop()
            throw error
        }
    }

    /// What has to happen before the platform is ready.
    var readiness: Readiness {
        Readiness(
            dispatchers: self.dispatchers,
            kafka: self.addresses.kafka ?? "the manifests' brokers",
            flag: self.isReady
        )
    }

    /// Ends everything, senders before receivers; nothing is left running.
    func stop() async { await self.shutdown.run() }

    // MARK: Parts

    private func makeLoop(_ name: String) throws -> EventLoop {
        let loop = try EventLoop(name: name)
        loop.start()
        self.shutdown.add {
            loop.stop()
            loop.join()
        }
        return loop
    }

    private func listen(
        _ server: HTTPServer,
        port: Int,
        flag: String
    ) async throws -> SocketAddress {
        do {
            return try await server.listen(on: self.options.host.with(port: UInt16(port)))
        } catch let error as SystemError where error.isAddressInUse {
            throw Self.portInUse(port, flag)
        }
    }

    private static func portInUse(_ port: Int, _ flag: String) -> CommandError {
        CommandError(
            "port \(port) is in use; stop what listens there or choose another with --\(flag) "
                + "(0 picks a free one)"
        )
    }

    private func startAdmin() async throws {
        let loop = try self.makeLoop("admin")
        let isReady = self.isReady
        let activatorBox = self.activatorBox
        let dispatcherBox = self.dispatcherBox
        let handler = AdminHandler.make(
            metrics: self.metrics,
            isReady: { isReady.isSet },
            isAlive: { await dispatcherBox.isAlive },
            functions: { await FunctionsReport.json(of: activatorBox.value) },
            lag: { await activatorBox.value?.take($0) ?? false }
        )
        let server = HTTPServer(loop: loop, handler: handler)
        let address = try await self.listen(
            server,
            port: self.options.adminPort,
            flag: "admin-port"
        )
        self.addresses.admin = "http://\(address)"
        self.shutdown.add { await server.drain(deadline: .seconds(1)) }
    }

    /// The activator comes after the admin port, which shows its state.
    private let activatorBox = ActivatorBox()
    private let dispatcherBox = DispatcherBox()

    private func startBroker() async throws {
        if let kafka = self.options.kafka {
            self.addresses.kafka = kafka
            return
        }
        let broker = try EmbeddedBroker()
        self.addresses.kafka = broker.bootstrapServers
        self.shutdown.add { await broker.close() }
        for (topic, partitions) in TopicPlan(self.manifests).topics {
            try broker.createTopic(topic, partitions: partitions)
        }
    }

    private func startBucket() async throws {
        if let storage = self.options.storage {
            self.addresses.bucket = storage
            return
        }
        guard let kafka = self.addresses.kafka else { return }
        let producerLoop = try self.makeLoop("notifier")
        let producer = try KafkaProducer(
            loop: producerLoop,
            properties: [
                ("bootstrap.servers", kafka), ("linger.ms", "0"), ("client.id", "swiftlet-bucket"),
            ]
        )
        self.shutdown.add { await producer.close(deadline: Self.stopDeadline) }
        await producer.prepare(topics: self.manifests.notifications.map(\.topic))
        let loop = try self.makeLoop("bucket")
        let bucket = try EmbeddedBucket(
            loop: loop,
            configuration: try self.bucketConfiguration(),
            publisher: KafkaPublisher(producer: producer),
            milestones: self.milestones,
            logger: Logger(label: "bucket")
        )
        do {
            let port = UInt16(self.options.bucketPort)
            let address = try await bucket.start(on: .ipv4Loopback(port: port))
            self.addresses.bucket = "http://\(address)"
        } catch let error as SystemError where error.isAddressInUse {
            throw Self.portInUse(self.options.bucketPort, "bucket-port")
        }
        self.shutdown.add { await bucket.stop(deadline: Self.stopDeadline) }
    }

    private func bucketConfiguration() throws -> EmbeddedBucketConfiguration {
        var configuration = EmbeddedBucketConfiguration(
            stateDirectory: self.options.stateDirectory,
            accessKey: self.options.accessKey,
            secretKey: self.options.secretKey
        )
        configuration.region = self.options.region
        for notification in self.manifests.notifications {
            let suffixes = notification.suffixes.isEmpty ? [""] : notification.suffixes
            configuration.rules += try suffixes.map { suffix in
                try NotificationRule(
                    bucket: notification.bucket,
                    topic: notification.topic,
                    events: notification.events,
                    prefix: notification.prefix,
                    suffix: suffix
                )
            }
        }
        return configuration
    }

    private func startActivator() async throws {
        let deployer = FunctionDeployer(
            self.options,
            platformVariables: self.platformVariables,
            refusesOtherUsers: self.parts == .activator
        )
        let plan = try await deployer.plan(for: self.manifests)
        let loop = try self.makeLoop("activator")
        var proxying = ActivatorConfiguration()
        proxying.usesCgroups = self.options.backend == .processes
        let logger = Logger(label: "activator")
        let activator = Activator(
            loop: loop,
            configuration: proxying,
            plan: plan,
            cluster: try self.cluster(loop, logger),
            logger: logger,
            milestones: self.milestones,
            metrics: self.metrics
        )
        var configuration = HTTPServerConfiguration()
        configuration.bodyBytesMax = proxying.bodyBytesMax
        // Some descriptors are for the instances' connections, whoever holds all others.
        let descriptors = Int(swiftlet_descriptor_limit())
        configuration.connectionsMax = min(
            configuration.connectionsMax,
            max(1, descriptors - descriptors / 4 - Self.descriptorsReserved)
        )
        let server = HTTPServer(loop: loop, configuration: configuration, handler: activator)
        let address = try await self.listen(server, port: self.options.port, flag: "port")
        await activator.start()
        self.addresses.activator = "http://\(address)"
        self.activator = activator
        self.activatorBox.value = activator
        await deployer.use(activator)
        self.deployer = deployer
        // Behind its end nobody could answer for it.
        let box = self.activatorBox
        self.shutdown.add { box.value = nil }
        self.shutdown.add { await activator.stop(deadline: Self.stopDeadline) }
        self.shutdown.add { await server.drain(deadline: Self.stopDeadline) }
    }

    /// Where the functions' pods are; `nil` when they run as processes.
    private func cluster(_ loop: EventLoop, _ logger: Logger) throws -> KubernetesClient? {
        guard self.options.backend == .kubernetes else { return nil }
        do {
            let access = try KubernetesAccess.inCluster(
                url: self.options.kubernetes,
                directory: self.options.serviceAccountDirectory
            ) { Environment.process[$0] }
            return KubernetesClient(
                loop: loop,
                access: access,
                logger: logger,
                metrics: self.metrics
            )
        } catch {
            throw CommandError("--backend kubernetes: \(error)")
        }
    }

    private var platformVariables: [(name: String, value: String)] {
        var variables: [(name: String, value: String)] = []
        if let kafka = self.addresses.kafka { variables.append(("KAFKA_BOOTSTRAP_SERVER", kafka)) }
        if let bucket = self.addresses.bucket {
            variables += [
                ("AWS_ENDPOINT_URL", bucket), ("AWS_ACCESS_KEY_ID", self.options.accessKey),
                ("AWS_SECRET_ACCESS_KEY", self.options.secretKey),
                ("AWS_REGION", self.options.region),
            ]
        }
        return variables
    }

    private func startDispatchers() async throws {
        let plan = SourcePlan(
            manifests: self.manifests,
            bootstrapServers: self.addresses.kafka ?? self.options.kafka,
            activator: self.addresses.activator ?? self.options.activator
        )
        let sources = try plan.sources()
        guard !sources.isEmpty else { return }
        let loop = try self.makeLoop("dispatcher")
        let client = HTTPClient(loop: loop, configuration: .manySmallRequests)
        self.shutdown.add { await client.close() }
        // The plan has the sources in the order of their manifests.
        for (manifest, source) in zip(self.manifests.sources, sources) {
            let dispatcher = try KafkaSourceDispatcher(
                spec: source,
                loop: loop,
                client: client,
                logger: Logger(label: "dispatcher"),
                milestones: self.milestones,
                metrics: self.metrics
            )
            self.dispatchers.append(dispatcher)
            self.dispatcherBox.add(dispatcher)
            self.shutdown.add { await dispatcher.stop(deadline: Self.stopDeadline) }
            self.connectLag(of: dispatcher, sink: manifest.sink, client)
            dispatcher.start()
        }
    }
}

/// Waits until every source has its partitions, so that what is uploaded from then on is seen.
struct Readiness: Sendable {
    /// How long Kafka may take to hand out partitions; the first join of a group takes 3 s.
    private static let assignmentDeadline = Duration.seconds(60)

    let dispatchers: [KafkaSourceDispatcher]
    let kafka: String
    let flag: ReadyFlag

    /// - Throws: ``CommandError`` when Kafka does not answer.
    func wait() async throws {
        for dispatcher in self.dispatchers {
            guard await dispatcher.waitUntilAssigned(deadline: Self.assignmentDeadline) else {
                throw CommandError(
                    "Kafka at \(self.kafka) handed out no partitions within 60 s; is it running, "
                        + "and do the topics exist?"
                )
            }
        }
        self.flag.set()
    }
}

/// Whether everything was started; any thread.
final class ReadyFlag: Sendable {
    private let flag = Atomic<Bool>(false)

    var isSet: Bool { self.flag.load(ordering: .relaxed) }

    func set() { self.flag.store(true, ordering: .relaxed) }
}

/// A place for the activator that is filled later; any thread.
final class ActivatorBox: Sendable {
    private let box = Mutex<Activator?>(nil)

    var value: Activator? {
        get { self.box.withLock { $0 } }
        set { self.box.withLock { $0 = newValue } }
    }
}

/// The dispatchers, for the admin port, which comes before them; any thread.
final class DispatcherBox: Sendable {
    private let box = Mutex<[KafkaSourceDispatcher]>([])

    func add(_ dispatcher: KafkaSourceDispatcher) { self.box.withLock { $0.append(dispatcher) } }

    /// Whether none of them has stopped reading for no reason.
    var isAlive: Bool {
        get async {
            for dispatcher in self.box.withLock({ $0 }) {
                if await dispatcher.statistics.isStalled { return false }
            }
            return true
        }
    }
}
