// SPDX-License-Identifier: Apache-2.0

/// The rules that names in manifests keep.
enum NameRule: Sendable {
    /// A label of a host name (RFC 1123): namespaces, containers, volumes.
    case dnsLabel
    /// The same, starting with a letter (RFC 1035): services, which become host names.
    case serviceName
    /// Labels joined by points (RFC 1123): most other objects.
    case dnsSubdomain
    /// A Kafka topic.
    case topic
    /// An S3 bucket.
    case bucket
    /// A key of a Secret's or ConfigMap's data.
    case dataKey
    /// An environment variable.
    case environmentVariable

    /// Whether `name` keeps the rule.
    func accepts(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        switch self {
        case .dnsLabel:
            return Self.isLabel(bytes[...])
        case .serviceName:
            return Self.isLabel(bytes[...]) && bytes.first.map(Self.isLower) == true
        case .dnsSubdomain:
            return bytes.count <= 253 && Self.labels(bytes).allSatisfy(Self.isLabel)
        case .topic:
            return 1...249 ~= bytes.count && name != "." && name != ".."
                && bytes.allSatisfy { Self.isAlphanumeric($0) || "._-".utf8.contains($0) }
        case .bucket:
            return 3...63 ~= bytes.count && Self.labels(bytes).allSatisfy(Self.isLabel)
                && !bytes.allSatisfy { Self.isDigit($0) || $0 == UInt8(ascii: ".") }
        case .dataKey:
            return 1...253 ~= bytes.count && name != "." && !name.hasPrefix("..")
                && bytes.allSatisfy { Self.isAlphanumeric($0) || "._-".utf8.contains($0) }
        case .environmentVariable:
            // Kubernetes takes any printable ASCII but `=` since 1.30.
            return !bytes.isEmpty
                && bytes.allSatisfy { 0x20...0x7E ~= $0 && $0 != UInt8(ascii: "=") }
        }
    }

    /// What a name must be, for a message.
    var expectation: String {
        switch self {
        case .dnsLabel:
            "a DNS-1123 label (a-z, 0-9 and -, at most 63, a letter or digit at both ends)"
        case .serviceName:
            "a DNS-1035 label (a-z, 0-9 and -, at most 63, starting with a letter)"
        case .dnsSubdomain:
            "a DNS-1123 subdomain (labels of a-z, 0-9 and - joined by points, at most 253)"
        case .topic:
            "a topic's name (letters, digits, '.', '_' and '-', at most 249)"
        case .bucket:
            "a bucket's name (a-z, 0-9, '-' and '.', 3 to 63, a letter or digit at both ends)"
        case .dataKey:
            "a key (letters, digits, '.', '_' and '-', at most 253)"
        case .environmentVariable:
            "a variable's name (printable ASCII without '=')"
        }
    }

    private static func labels(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    }

    private static func isLabel(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard 1...63 ~= bytes.count, let first = bytes.first, let last = bytes.last,
            first != UInt8(ascii: "-"), last != UInt8(ascii: "-")
        else { return false }
        return bytes.allSatisfy { byte in
            self.isLower(byte) || self.isDigit(byte) || byte == UInt8(ascii: "-")
        }
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        self.isLower(byte | 0x20) && byte < 0x80 || self.isDigit(byte)
    }
}
