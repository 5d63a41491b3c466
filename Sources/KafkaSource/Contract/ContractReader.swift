// SPDX-License-Identifier: Apache-2.0

internal import Kafka

/// Reads the resources of a contract.
struct ContractReader {
    /// What Knative's data plane takes when there are retries and no delay, in milliseconds.
    private static let backoffDelayMilliseconds: Int64 = 200
    /// The longest delay and timeout, in milliseconds: about 24 days.
    private static let millisecondsMax = Int64(Int32.max)

    private(set) var sources: [String: KafkaSourceSpec] = [:]
    private(set) var warnings: [String] = []
    private let tokenFile: String?

    init(tokenFile: String?) { self.tokenFile = tokenFile }

    /// Notes the fields of a message that nobody asked for.
    mutating func finish(_ message: ProtobufMessage) {
        for path in message.unknown {
            self.warnings.append("\(path) is not known here and has no effect")
        }
    }

    /// What all egresses of a resource have in common.
    private struct Common {
        var uid: String
        var topics: [String]
        var bootstrapServers: [String]
        var egressConfig: DeliverySpec?
        var overrides: [String: String]
        var properties: [KafkaProperty]
        var reference: (namespace: String, name: String)?
    }

    /// Reads a resource.
    mutating func read(
        _ resource: ProtobufMessage,
        _ secret: SecretLookup
    ) throws(KafkaSourceError) {
        // What takes events in is another program's.
        for name in ["ingress", "featureFlags", "eventPolicies"] { resource.skip(name) }
        let common = Common(
            uid: try resource.text("uid"),
            topics: try resource.texts("topics"),
            bootstrapServers: try resource.text("bootstrapServers").split(separator: ",")
                .map { String($0.filter { $0 != " " }) }.filter { !$0.isEmpty },
            egressConfig: try self.delivery(resource),
            overrides: try self.overrides(resource),
            properties: try self.properties(resource, secret),
            reference: try self.reference(resource)
        )
        let egresses = try resource.messages("egresses")
        self.finish(resource)
        guard !egresses.isEmpty else { return }
        guard !common.topics.isEmpty, !common.topics.contains("") else {
            throw resource.error("topics", "must name at least one topic")
        }
        guard !common.bootstrapServers.isEmpty else {
            throw resource.error("bootstrapServers", "must name at least one server")
        }
        for egress in egresses { try self.read(egress, common) }
    }

    private mutating func read(
        _ egress: ProtobufMessage,
        _ common: Common
    ) throws(KafkaSourceError) {
        let uid = try egress.text("uid")
        let group = try egress.text("consumerGroup")
        guard !group.isEmpty else { throw egress.error("consumerGroup", "must not be empty") }
        let id = uid.isEmpty ? "\(common.uid)/\(group)" : uid
        guard self.sources[id] == nil else {
            throw egress.error("uid", "is that of another egress")
        }
        guard self.sources.count < Contract.sourcesMax else {
            throw egress.error("uid", "is one egress too many; \(Contract.sourcesMax) are taken")
        }
        let reference = try self.reference(egress) ?? common.reference
        let ordering = try egress.choice("deliveryOrder", of: ["UNORDERED", "ORDERED"])
        let keyTypes: [RecordKeyType] = [.string, .int, .float, .byteArray]
        let keyType = try egress.choice(
            "keyType",
            of: ["String", "Integer", "Double", "ByteArray"]
        )
        var source = KafkaSourceSpec(
            namespace: reference?.namespace ?? "",
            name: reference?.name ?? id,
            bootstrapServers: common.bootstrapServers,
            topics: common.topics,
            consumerGroup: group,
            // The control plane stores where a new group begins before it writes the contract.
            initialOffset: .earliest,
            ordering: ordering == 0 ? .unordered : .ordered,
            delivery: try self.delivery(egress) ?? common.egressConfig ?? Self.noDelivery,
            keyType: keyTypes[keyType],
            ceOverrides: common.overrides,
            sink: try self.address("destination", egress),
            properties: common.properties
        )
        source.replies = try self.replies(egress, common)
        source.filter = try ContractFilters.filter(of: egress, &self)
        // One consumer reads all partitions, so the number of virtual replicas does not matter.
        for name in ["vReplicas", "featureFlags", "oidcServiceAccountName"] { egress.skip(name) }
        self.finish(egress)
        self.sources[id] = source
    }

    // MARK: Parts

    private mutating func reference(
        _ message: ProtobufMessage
    ) throws(KafkaSourceError) -> (namespace: String, name: String)? {
        guard let reference = try message.message("reference") else { return nil }
        let names = (try reference.text("namespace"), try reference.text("name"))
        for name in ["uuid", "kind", "groupVersion", "version", "resourceVersion"] {
            reference.skip(name)
        }
        self.finish(reference)
        return names
    }

    /// An address, with the certificates that it shows.
    private mutating func address(
        _ name: String,
        _ message: ProtobufMessage
    ) throws(KafkaSourceError) -> SinkAddress {
        try self.address(name, url: try message.text(name), message)
    }

    private mutating func address(
        _ name: String,
        url: String,
        _ message: ProtobufMessage
    ) throws(KafkaSourceError) -> SinkAddress {
        var address = SinkAddress(url: url)
        let authorities = try message.text(name + "CACerts")
        address.authorities = authorities.isEmpty ? nil : authorities
        address.tokenFile = try self.tokenFile(name + "Audience", message)
        guard address.topic == nil, address.problem == nil else {
            throw message.error(name, "must begin with http:// or https://")
        }
        return address
    }

    /// Where the token for an audience is.
    ///
    /// Knative's data plane asks the API server for one; here it is mounted, and the cluster renews
    /// it.
    private mutating func tokenFile(
        _ name: String,
        _ message: ProtobufMessage
    ) throws(KafkaSourceError) -> String? {
        guard try !message.text(name).isEmpty else { return nil }
        if self.tokenFile == nil {
            self.warnings.append(
                "\(message.path(of: name)) has no effect: name the file that holds the token in "
                    + "SWIFTLET_OIDC_TOKEN_FILE"
            )
        }
        return self.tokenFile
    }

    /// No retries, as protobuf's zero says.
    private static let noDelivery = DeliverySpec(retry: 0)

    private mutating func delivery(
        _ message: ProtobufMessage
    ) throws(KafkaSourceError) -> DeliverySpec? {
        guard let config = try message.message("egressConfig") else { return nil }
        var deadLetterSink: SinkAddress?
        let deadLetter = SinkAddress(url: try config.text("deadLetter"))
        let authorities = try config.text("deadLetterCACerts")
        if !deadLetter.url.isEmpty {
            if let problem = deadLetter.problem {
                throw config.error("deadLetter", "is no address: \(problem)")
            }
            deadLetterSink = deadLetter
            deadLetterSink?.authorities = authorities.isEmpty ? nil : authorities
        }
        let tokenFile = try self.tokenFile("deadLetterAudience", config)
        deadLetterSink?.tokenFile = tokenFile
        let policy = try config.choice("backoffPolicy", of: ["Exponential", "Linear"])
        let delay = try config.number("backoffDelay", max: Self.millisecondsMax)
        let timeout = try config.number("timeout", max: Self.millisecondsMax)
        let spec = DeliverySpec(
            retry: Int(try config.number("retry", max: Int64(Int32.max))),
            backoffPolicy: policy == 0 ? .exponential : .linear,
            backoffDelay: .milliseconds(delay > 0 ? delay : Self.backoffDelayMilliseconds),
            timeout: timeout > 0 ? .milliseconds(timeout) : nil,
            deadLetterSink: deadLetterSink
        )
        self.finish(config)
        return spec
    }

    private mutating func overrides(
        _ resource: ProtobufMessage
    ) throws(KafkaSourceError) -> [String: String] {
        guard let message = try resource.message("cloudEventOverrides") else { return [:] }
        let overrides = try message.map("extensions")
        for name in overrides.keys.sorted() where !RecordConversion.isExtensionName(name) {
            throw message.error("extensions.\(name)", "cannot name an extension")
        }
        self.finish(message)
        return overrides
    }

    private mutating func replies(
        _ egress: ProtobufMessage,
        _ common: Common
    ) throws(KafkaSourceError) -> ReplyPolicy {
        egress.skip("discardReply")
        if egress.has("replyToOriginalTopic") {
            // A resource with more than one topic takes nothing in, and so has no original.
            return .send(SinkAddress(url: SinkAddress.topicScheme + (common.topics.first ?? "")))
        }
        let url = try egress.text("replyUrl")
        guard url.isEmpty else { return .send(try self.address("replyUrl", url: url, egress)) }
        for name in ["replyUrlCACerts", "replyUrlAudience"] { egress.skip(name) }
        return .discard
    }

    // MARK: Credentials

    private mutating func properties(
        _ resource: ProtobufMessage,
        _ secret: SecretLookup
    ) throws(KafkaSourceError) -> [KafkaProperty] {
        do {
            return try self.credentials(resource).properties(secret)
        } catch {
            let isPlaced = error.message.hasPrefix(resource.path)
            throw isPlaced ? error : KafkaSourceError(message: "\(resource.path): \(error.message)")
        }
    }

    private mutating func credentials(
        _ resource: ProtobufMessage
    ) throws(KafkaSourceError) -> ContractCredentialList {
        resource.skip("absentAuth")
        if let secret = try resource.message("authSecret") {
            let namespace = try secret.text("namespace")
            return .secret(namespace: namespace, name: try secret.text("name"))
        }
        guard let message = try resource.message("multiAuthSecret") else {
            return ContractCredentialList()
        }
        var list = ContractCredentialList()
        let names = ContractCredentialList.protocols
        list.protocol = names[try message.choice("protocol", of: names)]
        for secret in try message.messages("references") {
            let place = try self.reference(secret) ?? ("", "")
            for entry in try secret.messages("keyFieldReferences") {
                let fields = ContractCredentialList.Field.allCases
                let field = fields[try entry.choice("field", of: fields.map(\.name))]
                list.references.append(
                    .init(
                        field: field,
                        namespace: place.namespace,
                        name: place.name,
                        key: try entry.text("secretKey")
                    )
                )
                self.finish(entry)
            }
            self.finish(secret)
        }
        self.finish(message)
        return list
    }
}
