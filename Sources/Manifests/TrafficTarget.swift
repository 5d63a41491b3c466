// SPDX-License-Identifier: Apache-2.0

/// A share of a Service's requests, and the revision that answers them.
package struct TrafficTarget: Sendable, Hashable {
    /// The revision; `nil` is the newest.
    package let revisionName: String?
    /// The share in percent; `nil` is none, for a target that is reached by its tag only.
    package let percent: Int?
    /// What its own address starts with.
    package let tag: String?
}

extension TrafficTarget {
    /// Reads one item of `traffic`; `nil` when it is unusable.
    init?(_ reader: inout ObjectReader) {
        defer { reader.finish() }
        let revisionName = reader.text("revisionName")
        let isLatest = reader.flag("latestRevision")
        let percent = reader.integer("percent", in: 0...100)
        let tag = reader.text("tag")
        reader.accept(["url": .text, "configurationName": .text])
        if let tag, !tag.value.isEmpty { reader.problems.check(tag, is: .dnsLabel) }
        let name = revisionName.flatMap { $0.value.isEmpty ? nil : $0 }
        if let name {
            reader.problems.check(name, is: .serviceName)
            if isLatest == true {
                reader.problems.error(name, "not allowed with latestRevision true")
            }
        } else if isLatest == false {
            reader.problems.error(
                reader.mark,
                "\(reader.path).revisionName: missing, but required with latestRevision false"
            )
        }
        self.init(
            revisionName: name?.value,
            percent: percent,
            tag: tag.flatMap { $0.value.isEmpty ? nil : $0.value }
        )
    }

    /// Reads `traffic`, whose shares have to sum up to 100 and whose tags differ.
    static func list(in spec: inout ObjectReader) -> [TrafficTarget] {
        let mark = spec.mark(of: "traffic")
        let path = spec.path(of: "traffic")
        let targets = spec.objects("traffic").compactMap { item in
            var item = item
            return TrafficTarget(&item)
        }
        let sum = targets.reduce(0) { $0 + ($1.percent ?? 0) }
        if !targets.isEmpty, sum != 100 {
            spec.problems.error(mark, "\(path): expected percents that sum to 100, got \(sum)")
        }
        var tags: Set<String> = []
        for tag in targets.compactMap(\.tag) where !tags.insert(tag).inserted {
            spec.problems.error(mark, "\(path): the tag \(ShownText.quoted(tag)) is used twice")
        }
        return targets
    }
}
