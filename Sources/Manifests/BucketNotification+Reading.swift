// SPDX-License-Identifier: Apache-2.0

extension BucketNotification {
    /// The short names of `mc event add --event`, and what they stand for.
    private static let shortNames: [String: [String]] = [
        "put": ["s3:ObjectCreated:*"],
        "delete": ["s3:ObjectRemoved:*"],
        "get": ["s3:ObjectAccessed:*"],
        "replica": ["s3:Replication:*"],
        "ilm": ["s3:ObjectRestore:*", "s3:ObjectTransition:*"],
        "scanner": ["s3:Scanner:*"],
    ]

    /// The events of S3 and MinIO, by their groups.
    private static let groups: [String: Set<String>] = [
        "s3:ObjectCreated": [
            "Put", "Post", "Copy", "CompleteMultipartUpload", "PutRetention", "PutLegalHold",
            "PutTagging", "DeleteTagging",
        ],
        "s3:ObjectRemoved": ["Delete", "DeleteMarkerCreated", "NoOP", "DeleteAllVersions"],
        "s3:ObjectAccessed": ["Get", "Head", "GetRetention", "GetLegalHold", "Attributes"],
        "s3:Replication": [
            "OperationFailedReplication", "OperationCompletedReplication",
            "OperationMissedThreshold", "OperationReplicatedAfterThreshold",
            "OperationNotTracked",
        ],
        "s3:ObjectRestore": ["Post", "Completed"],
        "s3:ObjectTransition": ["Failed", "Complete"],
        "s3:Scanner": ["ManyVersions", "LargeVersions", "BigPrefix"],
        "s3:LifecycleDelMarkerExpiration": ["Delete"],
    ]

    /// Most suffixes of one notification; S3 itself has no more rules in a bucket.
    private static let suffixesMax = 100

    /// Longest prefix or suffix in bytes, as in S3.
    private static let filterBytesMax = 1024

    /// Whether a Job's annotations declare a notification.
    static func isDeclared(in annotations: [String: Field<String>]) -> Bool {
        annotations.keys.contains { $0.hasPrefix(SwiftletAnnotation.domain) }
    }

    /// Reads the annotations of a Job; `nil` when they are unusable.
    init?(_ annotations: [String: Field<String>], at mark: SourceMark, _ problems: ProblemCollector)
    {
        SwiftletAnnotation.checkNames(
            annotations,
            known: [.bucket, .topic, .events, .prefix, .suffix],
            problems
        )
        func field(_ annotation: SwiftletAnnotation) -> Field<String>? {
            annotations[annotation.rawValue]
        }
        func required(_ annotation: SwiftletAnnotation, _ rule: NameRule) -> String? {
            guard let field = field(annotation) else {
                let path = ObjectReader.path(of: annotation.rawValue, in: "metadata.annotations")
                problems.error(mark, "\(path): missing, but required to set up notifications")
                return nil
            }
            return problems.check(field, is: rule) ? field.value : nil
        }
        let bucket = required(.bucket, .bucket)
        let topic = required(.topic, .topic)
        let events = Self.events(field(.events), problems)
        let prefix = field(.prefix)
        let suffixes = field(.suffix).map { Self.list($0.value) } ?? []
        for (filter, value) in [(prefix, prefix?.value ?? "")]
            + suffixes.map({ (field(.suffix), $0) })
        {
            guard let filter else { continue }
            Self.check(value, of: filter, problems)
        }
        if let field = field(.suffix) { Self.check(suffixes, of: field, problems) }
        guard let bucket, let topic, let events else { return nil }
        self.init(
            bucket: bucket,
            topic: topic,
            events: events,
            prefix: prefix?.value ?? "",
            suffixes: suffixes
        )
    }

    /// The events by the names of S3; without the annotation, what `put` stands for.
    private static func events(
        _ field: Field<String>?,
        _ problems: ProblemCollector
    ) -> [String]? {
        guard let field else { return Self.shortNames["put"] }
        var events: [String] = []
        for name in Self.list(field.value) {
            guard let names = Self.shortNames[name] ?? (Self.isEvent(name) ? [name] : nil) else {
                let words = Self.shortNames.keys.sorted().joined(separator: ", ")
                problems.error(
                    field,
                    "expected \(words), or events such as s3:ObjectCreated:Put, got"
                        + " \(ShownText.quoted(name))"
                )
                return nil
            }
            for name in names where !events.contains(name) { events.append(name) }
        }
        if events.isEmpty { problems.error(field, "expected at least one event") }
        return events
    }

    private static func isEvent(_ name: String) -> Bool {
        guard let colon = name.lastIndex(of: ":"),
            let kinds = Self.groups[String(name[..<colon])]
        else { return false }
        let kind = String(name[name.index(after: colon)...])
        return kind == "*" || kinds.contains(kind)
    }

    /// The parts of a list with commas, blanks around them dropped.
    private static func list(_ text: String) -> [String] {
        guard text.contains(where: { $0 != " " }) else { return [] }
        return text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            let head = part.drop { $0 == " " }
            return String(head.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// Notes a prefix or suffix that MinIO refuses.
    private static func check(
        _ filter: String,
        of field: Field<String>,
        _ problems: ProblemCollector
    ) {
        let segments = filter.split(separator: "/", omittingEmptySubsequences: false)
        if filter.utf8.count > Self.filterBytesMax {
            problems.error(field, "expected at most \(Self.filterBytesMax) bytes")
        } else if filter.contains("\\") || segments.contains(".") || segments.contains("..") {
            problems.error(field, "expected no \\ and no part that is . or ..")
        }
    }

    /// Notes suffixes by which one event would be told more than once.
    private static func check(
        _ suffixes: [String],
        of field: Field<String>,
        _ problems: ProblemCollector
    ) {
        if suffixes.count > Self.suffixesMax {
            let expected = "expected at most \(Self.suffixesMax) suffixes"
            problems.error(field, "\(expected), got \(suffixes.count)")
        } else if suffixes.contains("") || Self.hasOverlap(suffixes) {
            problems.error(
                field,
                "expected suffixes of which none ends with another, or an event is told twice"
            )
        }
    }

    private static func hasOverlap(_ suffixes: [String]) -> Bool {
        for (index, suffix) in suffixes.enumerated() {
            for (other, longer) in suffixes.enumerated()
            where other != index && longer.hasSuffix(suffix) {
                return true
            }
        }
        return false
    }
}
