// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Finds the revision that a request is for, as Knative does: by its `Host`.
///
/// `<service>.<namespace>` and whatever follows it reaches a service, so that
/// `hello.default.localhost:8080`, `hello.default.example.com` and
/// `hello.default.svc.cluster.local` do; `<tag>-<service>` reaches the revision that a tag names,
/// and a revision's name works in the service's place. When there is only one service, any other
/// host reaches it too. Nothing is allocated to find a route, and it takes the same time however
/// many there are.
struct RouteTable: Sendable {
    /// What a revision is called.
    struct RevisionName: Hashable, Sendable {
        var namespace: String
        var revision: String
    }

    private enum Meaning {
        case split(Int)
        case revision(Int)
    }

    private struct Entry {
        /// `name.namespace` in lower case.
        var name: [UInt8]
        var namespaceLength: Int
        var meaning: Meaning
        /// The next entry whose name has the same hash.
        var next: Int?
    }

    /// Most names that ``helpText`` lists.
    static let namesShownMax = 20

    private let hosts: [String]
    private var splits: [TrafficSplit] = []
    private var entries: [Entry] = []
    private var heads: [UInt64: Int] = [:]

    /// Makes a table whose routes are the indexes of revisions.
    ///
    /// Where names collide, services go before tags, and tags before revisions.
    init(revisions: [RevisionName], services: [ServiceRoute]) {
        self.hosts = services.map { "\($0.service).\($0.namespace).localhost" }
        let indexes = Dictionary(
            revisions.enumerated().map { ($0.element, $0.offset) },
            uniquingKeysWith: { first, _ in first }
        )
        func index(_ target: ServiceRoute.Target, _ service: ServiceRoute) -> Int? {
            indexes[RevisionName(namespace: service.namespace, revision: target.revision)]
        }
        for (name, index) in indexes {
            self.add(name.revision, name.namespace, .revision(index))
        }
        for service in services {
            for target in service.targets {
                guard let tag = target.tag, let index = index(target, service) else { continue }
                self.add("\(tag)-\(service.service)", service.namespace, .revision(index))
            }
        }
        for service in services {
            let shares = service.targets.compactMap { target in
                index(target, service).map { (revision: $0, share: target.percent) }
            }
            self.add(service.service, service.namespace, .split(self.splits.count))
            self.splits.append(TrafficSplit(shares))
        }
    }

    /// Adds a name in front of those with the same hash.
    private mutating func add(_ name: String, _ namespace: String, _ meaning: Meaning) {
        let bytes = Array("\(name).\(namespace)".lowercased().utf8)
        let hash = Self.hash(bytes[...])
        self.entries.append(
            Entry(
                name: bytes,
                namespaceLength: namespace.utf8.count,
                meaning: meaning,
                next: self.heads[hash]
            )
        )
        self.heads[hash] = self.entries.count - 1
    }

    /// The route of the next request for a `Host`, its port ignored.
    mutating func route(host: ArraySlice<UInt8>) -> Int? {
        guard let entry = self.entry(named: Self.firstLabels(of: host)) else {
            return self.splits.count == 1 ? self.splits[0].next() : nil
        }
        switch self.entries[entry].meaning {
        case .revision(let index): return index
        case .split(let index): return self.splits[index].next()
        }
    }

    /// The route for the headers `Knative-Serving-Namespace` and `Knative-Serving-Revision`.
    func route(namespace: ArraySlice<UInt8>, revision: ArraySlice<UInt8>) -> Int? {
        var hash = Self.hash(revision)
        hash = Self.hash([UInt8(ascii: ".")], hash)
        hash = Self.hash(namespace, hash)
        var next = self.heads[hash]
        while let index = next {
            let entry = self.entries[index]
            if case .revision(let route) = entry.meaning,
                entry.namespaceLength == namespace.count,
                entry.name.count == revision.count + 1 + namespace.count,
                Self.equals(entry.name[..<revision.count], revision),
                Self.equals(entry.name[(revision.count + 1)...], namespace)
            {
                return route
            }
            next = entry.next
        }
        return nil
    }

    private func entry(named name: ArraySlice<UInt8>) -> Int? {
        var next = self.heads[Self.hash(name)]
        while let index = next {
            if Self.equals(self.entries[index].name[...], name) { return index }
            next = self.entries[index].next
        }
        return nil
    }

    /// What to write to a client whose host is no route.
    var helpText: String {
        guard !self.hosts.isEmpty else { return "No function is deployed here." }
        let shown = self.hosts.prefix(Self.namesShownMax)
        let more = self.hosts.count - shown.count
        return "No function has this host name; those that work: "
            + shown.joined(separator: ", ") + (more > 0 ? " and \(more) more." : ".")
    }

    // MARK: Names

    /// A host up to its second dot, or its port.
    private static func firstLabels(of host: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var dots = 0
        for index in host.indices {
            switch host[index] {
            case UInt8(ascii: ":"): return host[..<index]
            case UInt8(ascii: "."):
                dots += 1
                if dots == 2 { return host[..<index] }
            default: break
            }
        }
        return host
    }

    private static let hashStart: UInt64 = 0xCBF2_9CE4_8422_2325

    /// FNV-1a, case aside; names that collide are told apart by comparison.
    private static func hash(_ bytes: ArraySlice<UInt8>, _ start: UInt64 = hashStart) -> UInt64 {
        var hash = start
        for byte in bytes {
            hash = (hash ^ UInt64(HTTPText.lowercased(byte))) &* 0x0000_0100_0000_01B3
        }
        return hash
    }

    /// Whether `bytes` are `name`, case aside; `name` is in lower case.
    private static func equals(_ name: ArraySlice<UInt8>, _ bytes: ArraySlice<UInt8>) -> Bool {
        guard name.count == bytes.count else { return false }
        for offset in 0..<name.count {
            let byte = bytes[bytes.startIndex + offset]
            guard name[name.startIndex + offset] == HTTPText.lowercased(byte) else { return false }
        }
        return true
    }
}
