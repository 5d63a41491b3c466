// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Finds the revision that a request is for, as Knative does: by its `Host`.
///
/// `<service>.<namespace>` and whatever follows it reaches a service, so that
/// `hello.default.localhost:8080`, `hello.default.example.com` and
/// `hello.default.svc.cluster.local` do; the revision's name works in the service's place. When
/// there is only one service, any other host reaches it too. Nothing is allocated to find a route.
package struct RouteTable: Sendable {
    /// What a route is made of.
    package struct Name: Hashable, Sendable {
        /// The namespace.
        package var namespace: String
        /// The service.
        package var service: String
        /// Its revision.
        package var revision: String

        /// Makes a name.
        package init(namespace: String, service: String, revision: String) {
            self.namespace = namespace
            self.service = service
            self.revision = revision
        }
    }

    private struct Entry {
        var service: [UInt8]
        var revision: [UInt8]
        var namespace: [UInt8]
    }

    /// Most names that ``helpText`` lists.
    package static let namesShownMax = 20

    /// The names, in the order in which they were given.
    package let names: [Name]
    private let entries: [Entry]

    /// Makes a table; a route is the index of a name.
    package init(_ names: [Name]) {
        self.names = names
        self.entries = names.map { name in
            Entry(
                service: Array("\(name.service).\(name.namespace)".lowercased().utf8),
                revision: Array("\(name.revision).\(name.namespace)".lowercased().utf8),
                namespace: Array(name.namespace.lowercased().utf8)
            )
        }
    }

    /// The route for a `Host`, its port ignored.
    package func route(host: ArraySlice<UInt8>) -> Int? {
        for (index, entry) in self.entries.enumerated() {
            if Self.isHost(host, of: entry.service) || Self.isHost(host, of: entry.revision) {
                return index
            }
        }
        return self.entries.count == 1 ? 0 : nil
    }

    /// The route for the headers `Knative-Serving-Namespace` and `Knative-Serving-Revision`.
    package func route(namespace: ArraySlice<UInt8>, revision: ArraySlice<UInt8>) -> Int? {
        self.entries.firstIndex { entry in
            Self.equals(namespace, entry.namespace)
                && entry.revision.count == revision.count + 1 + entry.namespace.count
                && Self.hasPrefix(entry.revision[...], revision)
        }
    }

    /// What to write to a client whose host is no route.
    package var helpText: String {
        guard !self.names.isEmpty else { return "No function is deployed here." }
        let shown = self.names.prefix(Self.namesShownMax).map {
            "\($0.service).\($0.namespace).localhost"
        }
        let more = self.names.count - shown.count
        return "No function has this host name; those that work: "
            + shown.joined(separator: ", ") + (more > 0 ? " and \(more) more." : ".")
    }

    /// Whether `host` is `name`, alone or before a dot or colon; `name` is in lower case.
    private static func isHost(_ host: ArraySlice<UInt8>, of name: [UInt8]) -> Bool {
        guard self.hasPrefix(host, name[...]) else { return false }
        guard host.count > name.count else { return true }
        let next = host[host.startIndex + name.count]
        return next == UInt8(ascii: ".") || next == UInt8(ascii: ":")
    }

    /// Whether `bytes` begin with `prefix`, case aside.
    private static func hasPrefix(_ bytes: ArraySlice<UInt8>, _ prefix: ArraySlice<UInt8>) -> Bool {
        guard bytes.count >= prefix.count else { return false }
        for offset in 0..<prefix.count {
            guard
                HTTPText.lowercased(bytes[bytes.startIndex + offset])
                    == HTTPText.lowercased(prefix[prefix.startIndex + offset])
            else { return false }
        }
        return true
    }

    private static func equals(_ bytes: ArraySlice<UInt8>, _ other: [UInt8]) -> Bool {
        bytes.count == other.count && self.hasPrefix(bytes, other[...])
    }
}
