// SPDX-License-Identifier: Apache-2.0

internal import CKafka
internal import Synchronization

/// A Kafka cluster inside this process, for development and for tests.
///
/// It is librdkafka's mock cluster: the real protocol on real sockets of 127.0.0.1, so programs of
/// other languages can connect. Know its limits:
///
/// - about 5 MiB are kept for each partition; beyond that the oldest records go, without a word;
/// - nothing is stored on disk: the records go with the process;
/// - the first member of a group waits three seconds for others to join;
/// - after the last member of a group has left in good order, no one can join this group any more
///   (a member that was killed is replaced when its session has timed out);
/// - a fetch that finds nothing is answered when its time is up, whatever arrives meanwhile; so
///   consumers of this process ask it more often;
/// - there are no access rules, no SASL and no TLS;
/// - a request about a time answers with the end of the partition.
package final class EmbeddedBroker: Sendable {
    /// The mock cluster and the client whose threads it uses.
    ///
    /// `@unchecked Sendable`: lives in the broker's mutex, and leaves it once, to be destroyed.
    private struct Cluster: @unchecked Sendable {
        // librdkafka's functions for both may be called from any thread.
        var cluster: OpaquePointer
        var client: OpaquePointer
        var callbacks: ClientCallbacks

        func destroy() {
            rd_kafka_mock_cluster_destroy(self.cluster)
            rd_kafka_destroy(self.client)
            withExtendedLifetime(self.callbacks) {}
        }
    }

    /// The longest that an idle fetch request stays with an embedded broker, in milliseconds.
    static let fetchWaitMilliseconds = 3
    /// The addresses of all brokers of this process.
    private static let running = Mutex<Set<String>>([])

    /// Whether clients that connect there reach a broker of this process.
    static func isRunning(at bootstrapServers: String) -> Bool {
        self.running.withLock { $0.contains(bootstrapServers) }
    }

    /// Where clients connect: `127.0.0.1:PORT`, several joined by commas.
    package let bootstrapServers: String
    private let cluster: Mutex<Cluster?>

    /// Starts the brokers, which are numbered from 1, on ports that the system chooses.
    package init(
        brokerCount: Int32 = 1,
        log: @escaping KafkaLog = KafkaLogLine.toStandardError
    ) throws {
        let callbacks = ClientCallbacks { line in
            // This client has no servers because it is the server.
            if line.facility != "CONFWARN" { log(line) }
        }
        let client = try KafkaConfiguration([("client.id", "swiftlet-embedded-broker")])
            .makeClient(RD_KAFKA_PRODUCER, callbacks: callbacks)
        guard let cluster = rd_kafka_mock_cluster_new(client, brokerCount),
            let servers = rd_kafka_mock_cluster_bootstraps(cluster)
        else {
            rd_kafka_destroy(client)
            throw KafkaError(
                code: .transport,
                message: "The embedded broker could not open its ports on 127.0.0.1."
            )
        }
        let bootstrapServers = String(cString: servers)
        BrokerListeners.disableDelay(of: bootstrapServers)
        Self.running.withLock { _ = $0.insert(bootstrapServers) }
        self.bootstrapServers = bootstrapServers
        self.cluster = Mutex(Cluster(cluster: cluster, client: client, callbacks: callbacks))
    }

    deinit {
        guard let cluster = self.takeCluster() else { return }
        BlockingThread(name: "kafka-broker").finish { cluster.destroy() }
    }

    /// Creates a topic; one that exists already stays as it is.
    package func createTopic(_ name: String, partitions: Int) throws {
        guard let count = Int32(exactly: partitions), 1...10_000 ~= count else {
            throw KafkaError(
                code: .configurationInvalid,
                message: "The topic \(name) needs 1 to 10000 partitions, not \(partitions)."
            )
        }
        try self.perform("Creating the topic \(name)") { cluster in
            let result = rd_kafka_mock_topic_create(cluster, name, count, 1)
            let isThere = result == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS
            return isThere ? RD_KAFKA_RESP_ERR_NO_ERROR : result
        }
    }

    /// Stops the brokers; clients that are still connected lose their connections.
    package func close() async {
        guard let cluster = self.takeCluster() else { return }
        await withCheckedContinuation { continuation in
            BlockingThread(name: "kafka-broker").finish {
                cluster.destroy()
                continuation.resume()
            }
        }
    }

    // MARK: Faults, for tests

    /// Lets the next requests of a kind fail, one for each code in turn.
    package func pushRequestErrors(_ request: KafkaRequest, _ codes: [KafkaError.Code]) throws {
        let errors = codes.map(\.raw)
        try self.perform("Arranging failures") {
            rd_kafka_mock_push_request_errors_array($0, request.rawValue, errors.count, errors)
            return RD_KAFKA_RESP_ERR_NO_ERROR
        }
    }

    /// Takes a broker off the network.
    package func setBrokerDown(_ broker: Int32 = 1) throws {
        try self.perform("Taking broker \(broker) down") {
            rd_kafka_mock_broker_set_down($0, broker)
        }
    }

    /// Brings a broker back.
    package func setBrokerUp(_ broker: Int32 = 1) throws {
        try self.perform("Bringing broker \(broker) up") {
            rd_kafka_mock_broker_set_up($0, broker)
        }
    }

    /// Moves a partition to another broker.
    package func setLeader(of topic: String, partition: Int32, broker: Int32) throws {
        try self.perform("Moving \(topic)[\(partition)]") {
            rd_kafka_mock_partition_set_leader($0, topic, partition, broker)
        }
    }

    /// Moves a group to another broker.
    package func setCoordinator(ofGroup group: String, broker: Int32) throws {
        try self.perform("Moving the group \(group)") {
            rd_kafka_mock_coordinator_set($0, "group", group, broker)
        }
    }

    /// Delays every answer of a broker.
    package func setRoundTripTime(_ milliseconds: Int32, broker: Int32 = 1) throws {
        try self.perform("Delaying broker \(broker)") {
            rd_kafka_mock_broker_set_rtt($0, broker, milliseconds)
        }
    }

    private func takeCluster() -> Cluster? {
        Self.running.withLock { _ = $0.remove(self.bootstrapServers) }
        return self.cluster.withLock { cluster in
            defer { cluster = nil }
            return cluster
        }
    }

    private func perform(
        _ what: String,
        _ body: (OpaquePointer) -> rd_kafka_resp_err_t
    ) throws(KafkaError) {
        let result = self.cluster.withLock { cluster -> rd_kafka_resp_err_t in
            guard let cluster else { return RD_KAFKA_RESP_ERR__DESTROY }
            return body(cluster.cluster)
        }
        guard result != RD_KAFKA_RESP_ERR_NO_ERROR else { return }
        throw KafkaError(result, doing: what)
    }
}

/// Kinds of requests that can be made to fail (Apache Kafka protocol, API keys).
package enum KafkaRequest: Int16, Sendable {
    /// A producer appends.
    case produce = 0
    /// A consumer reads.
    case fetch = 1
    /// A client asks for a partition's start or end.
    case listOffsets = 2
    /// A group stores offsets.
    case offsetCommit = 8
    /// A group reads its offsets.
    case offsetFetch = 9
    /// A member joins its group.
    case joinGroup = 11
}
