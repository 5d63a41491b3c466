// SPDX-License-Identifier: Apache-2.0

/// Where events are sent: an HTTP address, or a topic.
package struct SinkAddress: Sendable, Hashable {
    /// What the URL of a topic begins with: `kafka:NAME`, on the brokers of the source.
    package static let topicScheme = "kafka:"

    /// An absolute URL, `http` or `https`, or `kafka:` and the name of a topic.
    package var url: String
    /// The `Host` to be asked for when it is not the URL's.
    package var host: String?
    /// Certificates to trust, in PEM, instead of the system's.
    package var authorities: String?
    /// A file whose content is the bearer token that each request carries; read again and again.
    package var tokenFile: String?
    /// Whether HTTP/2 is spoken without asking, also without TLS.
    package var isHTTP2: Bool

    /// Makes an address.
    package init(
        url: String,
        host: String? = nil,
        authorities: String? = nil,
        tokenFile: String? = nil,
        isHTTP2: Bool = false
    ) {
        self.url = url
        self.host = host
        self.authorities = authorities
        self.tokenFile = tokenFile
        self.isHTTP2 = isHTTP2
    }

    /// The topic, when it is one.
    package var topic: String? {
        guard self.url.hasPrefix(Self.topicScheme) else { return nil }
        return String(self.url.dropFirst(Self.topicScheme.utf8.count))
    }

    /// What is wrong with it, `nil` when nothing is.
    package var problem: String? {
        if let topic = self.topic {
            return Self.isTopic(topic) ? nil : "kafka: must be followed by the name of a topic."
        }
        guard !self.url.hasPrefix("http://"), !self.url.hasPrefix("https://") else { return nil }
        return "the URL must begin with http:// or https://, or be kafka: and a topic."
    }

    /// Whether Kafka takes the name (`org.apache.kafka.common.internals.Topic`).
    private static func isTopic(_ name: String) -> Bool {
        1...249 ~= name.utf8.count && name != "." && name != ".."
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
