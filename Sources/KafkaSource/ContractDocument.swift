// SPDX-License-Identifier: Apache-2.0

internal import EventFilters

/// The contract as it is written (`contract.proto` of Knative's broker for Kafka).
struct ContractDocument: Decodable {
    /// A number that protobuf writes as a number, or as text when it may be long; or the name of a
    /// choice, which may be its number.
    struct Word: Decodable {
        var text: String
        var number: Int64? { Int64(self.text) }
        var isOrdered: Bool { self.text == "ORDERED" || self.text == "1" }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int64.self) {
                self.text = String(number)
            } else {
                self.text = try container.decode(String.self)
            }
        }
    }

    struct Empty: Decodable {}

    struct Reference: Decodable {
        var namespace: String?
        var name: String?
    }

    struct Overrides: Decodable {
        var extensions: [String: String]?
    }

    struct EgressConfig: Decodable {
        var deadLetter: String?
        var deadLetterCACerts: String?
        var retry: Word?
        var backoffPolicy: Word?
        var backoffDelay: Word?
        var timeout: Word?
    }

    struct Attributes: Decodable, Equatable {
        var attributes: [String: String]?
    }

    struct Egress: Decodable {
        var uid: String?
        var consumerGroup: String?
        var destination: String?
        var destinationCACerts: String?
        var replyUrl: String?
        var replyUrlCACerts: String?
        var replyToOriginalTopic: Empty?
        var egressConfig: EgressConfig?
        var deliveryOrder: Word?
        var keyType: Word?
        var reference: Reference?
        var filter: Attributes?
        var dialectedFilter: [Dialect]?
    }

    struct KeyField: Decodable {
        var secretKey: String?
        var field: Word?
    }

    struct SecretReference: Decodable {
        var reference: Reference?
        var keyFieldReferences: [KeyField]?
    }

    struct MultiSecret: Decodable {
        var `protocol`: Word?
        var references: [SecretReference]?
    }

    struct Resource: Decodable {
        var uid: String?
        var topics: [String]?
        var bootstrapServers: String?
        var egressConfig: EgressConfig?
        var egresses: [Egress]?
        var authSecret: Reference?
        var multiAuthSecret: MultiSecret?
        var cloudEventOverrides: Overrides?
        var reference: Reference?
    }

    var generation: Word?
    var resources: [Resource]?
}

extension ContractDocument {
    /// A filter in one of the dialects of CloudEvents subscriptions.
    indirect enum Dialect: Decodable, Equatable {
        case exact([String: String])
        case prefix([String: String])
        case suffix([String: String])
        case all([Dialect])
        case any([Dialect])
        case not(Dialect)
        case cesql(String)

        private enum CodingKeys: String, CodingKey {
            case exact, prefix, suffix, all, any, not, cesql
        }

        private struct Filters: Decodable { var filters: [Dialect]? }
        private struct Filter: Decodable { var filter: Dialect }
        private struct Expression: Decodable { var expression: String }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            guard let key = container.allKeys.first, container.allKeys.count == 1 else {
                throw KafkaSourceError(message: "A filter has exactly one dialect.")
            }
            func attributes() throws -> [String: String] {
                try container.decode(Attributes.self, forKey: key).attributes ?? [:]
            }
            switch key {
            case .exact: self = .exact(try attributes())
            case .prefix: self = .prefix(try attributes())
            case .suffix: self = .suffix(try attributes())
            case .all: self = .all(try container.decode(Filters.self, forKey: key).filters ?? [])
            case .any: self = .any(try container.decode(Filters.self, forKey: key).filters ?? [])
            case .not: self = .not(try container.decode(Filter.self, forKey: key).filter)
            case .cesql:
                self = .cesql(try container.decode(Expression.self, forKey: key).expression)
            }
        }

        /// The filter that is meant.
        func filter() throws -> EventFilter {
            switch self {
            case .exact(let attributes): .exact(attributes)
            case .prefix(let attributes): .prefix(attributes)
            case .suffix(let attributes): .suffix(attributes)
            case .all(let filters): .all(try filters.map { try $0.filter() })
            case .any(let filters): .any(try filters.map { try $0.filter() })
            case .not(let filter): .not(try filter.filter())
            case .cesql(let expression): try .cesql(expression)
            }
        }
    }
}
