// SPDX-License-Identifier: Apache-2.0

internal import Kafka
internal import KafkaSource
internal import Manifests

/// What `replay` and `redrive` were asked for.
struct RedeliveryOptions: Sendable {
    /// Attempts after the first where no source says how many.
    static let retriesDefault = 3
    /// Failures that end the work.
    static let failuresMaxDefault = 100
    /// Numbers that a list of partitions may go up to.
    static let partitionMax: Int32 = 99_999

    /// The source to act for; its own filter is part of it.
    var source: KafkaSourceSpec
    /// Whether a manifest has it.
    var isFromManifest: Bool
    /// The topics that were named.
    var topics: [String]
    var partitions: Set<Int32>?
    var from = OffsetBound.beginning
    var to = OffsetBound.end
    var filter: SourceFilter?
    var rate: Double?
    var underWayMax: Int
    var failuresMax = Self.failuresMaxDefault
    var statePath: String?
    var isDryRun: Bool
    var wantsJSON: Bool
    /// The flags that a state has to agree with.
    var job: [String: String]

    /// Reads what the flags say; manifests are read too.
    ///
    /// - Throws: ``UsageError``, or whatever is wrong with the manifests.
    init(_ arguments: CommandArguments, command: String) throws {
        self.topics = arguments.all("topic")
        self.isDryRun = arguments.isOn("dry-run")
        self.wantsJSON = try arguments.wantsJSON
        self.statePath = arguments["resume"]
        self.partitions = try arguments["partitions"].map(Self.partitions)
        self.from = try Self.bound("from", arguments) ?? self.from
        self.to = try Self.bound("to", arguments) ?? self.to
        self.filter = try arguments["filter"].map { text in
            do {
                return try SourceFilter.cesql(text)
            } catch {
                throw UsageError("--filter: \(error)")
            }
        }
        self.rate = try Self.rate(arguments)
        self.failuresMax =
            try arguments.number("max-failures", in: 1...1_000_000) ?? self.failuresMax
        self.isFromManifest = !arguments.all("file").isEmpty
        self.source = try Self.source(arguments, command: command, topics: self.topics)
        let ownMax = self.source.ordering == .unordered ? self.source.inFlightMax : 1
        self.underWayMax = try arguments.number("parallel", in: 1...10_000) ?? ownMax
        self.job = ["command": command]
        for name in RedeliveryFlags.jobNames {
            let values = arguments.all(name)
            if !values.isEmpty { self.job[name] = values.joined(separator: " ") }
        }
    }

    // MARK: Values

    private static func bound(
        _ name: String,
        _ arguments: CommandArguments
    ) throws -> OffsetBound? {
        guard let text = arguments[name] else { return nil }
        guard let bound = OffsetBound(text) else {
            throw UsageError(
                "--\(name) is \"\(text)\"; it can be beginning, end, an offset, a time such as "
                    + "2026-01-31T12:00:00Z, or how long ago: 90s, 15m, 2h, 7d"
            )
        }
        return bound
    }

    private static func rate(_ arguments: CommandArguments) throws -> Double? {
        guard let text = arguments["rate"] else { return nil }
        let number = text.hasSuffix("/s") ? String(text.dropLast(2)) : text
        guard let rate = Double(number), rate >= 0.001, rate <= 1e6 else {
            throw UsageError("--rate is \"\(text)\" and not a number of records, 0.001…1000000")
        }
        return rate
    }

    /// Reads `0,3-5`.
    static func partitions(_ text: String) throws -> Set<Int32> {
        var numbers: Set<Int32> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map {
                $0.allSatisfy(\.isNumber) ? Int32($0) : nil
            }
            guard ends.count <= 2, case let first?? = ends.first, case let last?? = ends.last,
                first <= last, last <= Self.partitionMax
            else {
                throw UsageError("--partitions is \"\(text)\" and not a list such as 0,3-5")
            }
            numbers.formUnion(first...last)
        }
        return numbers
    }

    // MARK: The source

    private static func source(
        _ arguments: CommandArguments,
        command: String,
        topics: [String]
    ) throws -> KafkaSourceSpec {
        var source =
            arguments.all("file").isEmpty
            ? try self.plainSource(arguments, command: command, topics: topics)
            : try self.manifestSource(arguments)
        var delivery = source.delivery ?? DeliverySpec()
        if let retries = try arguments.number("retry", in: 0...1000) { delivery.retry = retries }
        if let timeout = try arguments.duration("timeout") {
            guard timeout > .zero else { throw UsageError("--timeout must be above zero") }
            delivery.timeout = timeout
        }
        source.delivery = delivery
        return source
    }

    /// The source of a manifest.
    private static func manifestSource(_ arguments: CommandArguments) throws -> KafkaSourceSpec {
        let manifests = try ManifestLoader.load(files: arguments.all("file"))
        for diagnostic in manifests.diagnostics { Terminal.note("\(diagnostic)") }
        let sources = try SourcePlan(
            manifests: manifests,
            bootstrapServers: arguments["kafka"],
            activator: arguments["activator"]
        ).sources()
        let names = sources.map { "\($0.namespace)/\($0.name)" }.joined(separator: ", ")
        guard let wanted = arguments["source"] else {
            guard sources.count == 1, let source = sources.first else {
                throw UsageError(
                    sources.isEmpty
                        ? "there is no KafkaSource in the manifests"
                        : "say with --source which one is meant: \(names)"
                )
            }
            return source
        }
        let found = sources.filter { wanted == $0.name || wanted == "\($0.namespace)/\($0.name)" }
        guard found.count == 1, let source = found.first else {
            throw UsageError("--source is \"\(wanted)\"; there are \(names)")
        }
        return source
    }

    /// A source of flags alone.
    private static func plainSource(
        _ arguments: CommandArguments,
        command: String,
        topics: [String]
    ) throws -> KafkaSourceSpec {
        guard let servers = arguments["kafka"] else {
            throw UsageError("give --kafka HOST:PORT, or -f FILE with a KafkaSource")
        }
        let words = (arguments["source"] ?? command).split(separator: "/", maxSplits: 1)
        guard let name = words.last else { throw UsageError("--source must not be empty") }
        return KafkaSourceSpec(
            namespace: words.count > 1 ? String(words[0]) : "default",
            name: String(name),
            bootstrapServers: servers.split(separator: ",").map(String.init),
            topics: topics,
            consumerGroup: "",
            delivery: DeliverySpec(retry: Self.retriesDefault),
            // Whoever needs a sink asks for one.
            sink: SinkAddress(url: "")
        )
    }
}
