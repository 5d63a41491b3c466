// SPDX-License-Identifier: Apache-2.0

internal import Manifests

/// The topics that manifests name, and how many partitions each has.
struct TopicPlan {
    /// What a topic has that only a source or a bucket names.
    static let partitionsDefault = 1

    let topics: [(name: String, partitions: Int)]

    init(_ manifests: ManifestSet) {
        var topics: [(name: String, partitions: Int)] = []
        func add(_ name: String, _ partitions: Int) {
            guard !topics.contains(where: { $0.name == name }) else { return }
            topics.append((name, partitions))
        }
        for topic in manifests.topics {
            add(topic.topic, topic.partitions ?? Self.partitionsDefault)
        }
        for source in manifests.sources {
            for topic in source.topics { add(topic, Self.partitionsDefault) }
        }
        for notification in manifests.notifications {
            add(notification.topic, Self.partitionsDefault)
        }
        self.topics = topics
    }
}
