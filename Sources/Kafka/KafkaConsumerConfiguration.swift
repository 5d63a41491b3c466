// SPDX-License-Identifier: Apache-2.0

/// Where a group starts in a partition of which it has no committed offset.
package enum InitialOffset: String, Sendable, CaseIterable {
    /// At the oldest record that is still there.
    case earliest
    /// After the newest record at the time of the first assignment.
    case latest
}

/// What a consumer is made from.
package struct KafkaConsumerConfiguration: Sendable {
    /// Records of a partition that are fetched ahead; one fetch more may come on top.
    ///
    /// This and the two limits below bound the memory of a consumer, whatever its lag: records of a
    /// kilobyte take about a third of a megabyte for each partition.
    static let queuedRecordsMax = 500
    /// Kilobytes of a partition that are fetched ahead; one fetch more may come on top.
    static let queuedKilobytesMax = 128
    /// Bytes of a partition that one fetch brings, as with Knative; one record may be larger.
    static let fetchBytesMax = 65_536
    /// The longest that an idle fetch request stays with the broker, in milliseconds.
    ///
    /// A partition that ran dry waits for it while another one of the same broker has nothing new,
    /// because a connection carries one fetch at a time. New records end it at once.
    static let fetchWaitMilliseconds = 100

    /// Where the cluster is: `host:port`, several joined by commas.
    package var bootstrapServers: String
    /// The name under which offsets are kept.
    package var group: String
    /// The topics to read.
    package var topics: [String]
    /// Where a new group starts.
    package var initialOffset: InitialOffset
    /// Further properties of librdkafka; they win over the defaults.
    package var properties: [KafkaProperty]
    /// Takes what librdkafka logs, on its threads.
    package var log: KafkaLog

    /// Makes a configuration.
    package init(
        bootstrapServers: String,
        group: String,
        topics: [String],
        initialOffset: InitialOffset = .latest,
        properties: [KafkaProperty] = [],
        log: @escaping KafkaLog
    ) {
        self.bootstrapServers = bootstrapServers
        self.group = group
        self.topics = topics
        self.initialOffset = initialOffset
        self.properties = properties
        self.log = log
    }

    /// All properties in the order in which they are set: the later one counts.
    var allProperties: [KafkaProperty] {
        let isEmbedded = EmbeddedBroker.isRunning(at: self.bootstrapServers)
        let fetchWait =
            isEmbedded ? EmbeddedBroker.fetchWaitMilliseconds : Self.fetchWaitMilliseconds
        let defaults: [KafkaProperty] = [
            ("client.id", "swiftlet"),
            // As Knative's KafkaSource has them.
            ("session.timeout.ms", "10000"),
            ("heartbeat.interval.ms", "3000"),
            ("isolation.level", "read_committed"),
            ("auto.offset.reset", "earliest"),
            ("allow.auto.create.topics", "true"),
            ("fetch.min.bytes", "1"),
            // Knative's assignor stops all members at each rebalance; this one only what moves.
            ("partition.assignment.strategy", "cooperative-sticky"),
            ("queued.min.messages", String(Self.queuedRecordsMax)),
            ("queued.max.messages.kbytes", String(Self.queuedKilobytesMax)),
            ("max.partition.fetch.bytes", String(Self.fetchBytesMax)),
            ("fetch.wait.max.ms", String(fetchWait)),
            ("fetch.error.backoff.ms", "100"),
            // A topic that is created after its source is found in seconds, not in five minutes.
            ("topic.metadata.refresh.interval.ms", "10000"),
            ("reconnect.backoff.max.ms", "2000"),
            ("socket.nagle.disable", "true"),
            ("log.connection.close", "false"),
        ]
        // Commits follow the acknowledgement of the sink, never the mere delivery to the process.
        let fixed: [KafkaProperty] = [
            ("bootstrap.servers", self.bootstrapServers),
            ("group.id", self.group),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            // Where a partition ends when marks of transactions follow its last record.
            ("enable.partition.eof", "true"),
        ]
        return defaults + self.properties + fixed
    }
}

/// How much is taken from a partition's queue before its fetcher is asked to look at it again.
///
/// A fetcher rests only at a full queue, so half a queue is taken at least once before it is empty,
/// and the fetcher hears in time that there is room.
struct RefillPace: Equatable {
    var records: Int
    var bytes: Int

    /// The pace for the limits among `properties`, of which the later ones count.
    init(_ properties: [KafkaProperty]) {
        func limit(_ name: String, _ fallback: Int) -> Int {
            properties.last { $0.name == name }.flatMap { Int($0.value) } ?? fallback
        }
        let records = limit("queued.min.messages", KafkaConsumerConfiguration.queuedRecordsMax)
        let kilobytes = limit(
            "queued.max.messages.kbytes",
            KafkaConsumerConfiguration.queuedKilobytesMax
        )
        self.records = max(1, records / 2)
        self.bytes = max(1, kilobytes.multipliedReportingOverflow(by: 512).partialValue)
    }
}
