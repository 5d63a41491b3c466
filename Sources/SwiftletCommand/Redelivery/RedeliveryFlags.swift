// SPDX-License-Identifier: Apache-2.0

/// The flags that `replay` and `redrive` share.
enum RedeliveryFlags {
    static let file = FlagSyntax(
        "file",
        letter: "f",
        value: "FILE",
        environment: "SWIFTLET_MANIFESTS",
        help: "manifests that hold the source: file, folder or -; repeatable",
        isRepeatable: true
    )
    static let source = FlagSyntax(
        "source",
        value: "NAME",
        help: "the KafkaSource to act for, NAME or NAMESPACE/NAME (the only one in -f)"
    )
    static let kafka = FlagSyntax(
        "kafka",
        value: "HOST:PORT",
        help: "brokers; needed without -f, and win over those of the source"
    )
    static let activator = FlagSyntax(
        "activator",
        value: "URL",
        help: "where functions are reached; without it by their names in the cluster"
    )

    /// Which records, and how they go.
    static let job = [
        FlagSyntax(
            "partitions",
            value: "LIST",
            help: "only these, for example 0,3-5 (all)"
        ),
        FlagSyntax(
            "from",
            value: "BOUND",
            help: "first record: beginning, an offset, a time (2026-01-31T12:00:00Z) or how long "
                + "ago (90s, 2h, 7d) (beginning)"
        ),
        FlagSyntax(
            "to",
            value: "BOUND",
            help: "the record before which to stop: end, or as --from (end: as it is at the start)"
        ),
        FlagSyntax(
            "filter",
            value: "CESQL",
            help: "only events for which this expression is true; the others are passed over"
        ),
        FlagSyntax("rate", value: "N", help: "most records in a second (as fast as they go)"),
        FlagSyntax(
            "parallel",
            value: "N",
            help: "records of a partition under way at once; 1 keeps their order (1, or as the "
                + "source has it when it is unordered)"
        ),
        FlagSyntax("retry", value: "N", help: "attempts after the first (as the source; else 3)"),
        FlagSyntax("timeout", value: "TIME", help: "longest wait for an answer (as the source)"),
        FlagSyntax("max-failures", value: "N", help: "stop after so many failed records (100)"),
        FlagSyntax(
            "resume",
            value: "FILE",
            help: "keep in FILE what is done; where it exists, go on from there, failures first"
        ),
        FlagSyntax("dry-run", help: "print what would be sent, and send nothing"),
        FlagSyntax("output", letter: "o", value: "FORMAT", help: "text or json (text)"),
    ]

    /// The flags that say which job it is; a file of `--resume` is for one job.
    static let jobNames = [
        "source", "topic", "partitions", "from", "to", "filter", "sink", "to-sink",
    ]
}
