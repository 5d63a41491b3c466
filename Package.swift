// swift-tools-version: 6.2
import PackageDescription

/// Every target: Swift 6, strict concurrency, and no warning left standing.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// Targets without I/O, lock or clock; no unsafe construct goes unmarked there.
let pure: [SwiftSetting] = strict + [.strictMemorySafety()]

let package = Package(
    name: "swiftlet",
    products: [
        .library(name: "Swiftlet", targets: ["Swiftlet"]),
        .executable(name: "swiftlet", targets: ["SwiftletCommand"]),
        .executable(name: "exam-generator", targets: ["exam-generator"]),
        .executable(name: "event-display", targets: ["event-display"]),
        .executable(name: "hello", targets: ["hello"]),
    ],
    targets: [
        // System libraries, one module each.
        .target(name: "CLinux"),
        .systemLibrary(name: "CKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(
            name: "CCurl",
            pkgConfig: "libcurl",
            providers: [.apt(["libcurl4-openssl-dev"])]
        ),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        // Linked statically, which its pkg-config file would prevent.
        .systemLibrary(name: "CNghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .target(name: "COpenSSL"),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),

        // The runtime: what every function links. Arrows point up this list only.
        .target(name: "Bytes", swiftSettings: pure),
        .target(name: "EventLoop", dependencies: ["CLinux", "Bytes"], swiftSettings: strict),
        .target(name: "HTTP", dependencies: ["Bytes"], swiftSettings: pure),
        .target(name: "HTTP2", dependencies: ["CNghttp2"], swiftSettings: strict),
        .target(
            name: "HTTPServer",
            dependencies: [
                "HTTP2", "CNghttp2", "COpenSSL", "HTTP", "EventLoop", "Bytes", "CLinux",
            ],
            exclude: ["LIMITS.md"],
            swiftSettings: strict
        ),
        .target(name: "CloudEvents", dependencies: ["Bytes", "HTTP"], swiftSettings: pure),
        .target(name: "CESQL", dependencies: ["CloudEvents", "Bytes"], swiftSettings: pure),
        .target(name: "EventFilters", dependencies: ["CESQL", "CloudEvents"], swiftSettings: pure),
        .target(name: "Telemetry", dependencies: ["Bytes", "CLinux"], swiftSettings: strict),
        .target(
            name: "Swiftlet",
            dependencies: [
                "HTTPServer", "HTTP", "EventLoop", "EventFilters", "CloudEvents", "Telemetry",
                "Bytes", "CLinux",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "SwiftletTesting",
            dependencies: ["Swiftlet", "CloudEvents"],
            swiftSettings: strict
        ),

        // The platform: what brings events to functions.
        .target(
            name: "HTTP2Client",
            dependencies: ["HTTP2", "CNghttp2", "HTTP"],
            swiftSettings: strict
        ),
        .target(
            name: "HTTPClient",
            dependencies: ["CCurl", "EventLoop", "HTTP", "Bytes"],
            swiftSettings: strict
        ),
        .target(
            name: "Kafka",
            dependencies: ["CKafka", "CLinux", "EventLoop", "Bytes"],
            swiftSettings: strict
        ),
        .target(
            name: "KafkaSource",
            dependencies: [
                "Kafka", "EventFilters", "CloudEvents", "HTTPClient", "HTTP", "EventLoop",
                "Telemetry", "Bytes",
            ],
            swiftSettings: strict
        ),
        .target(
            name: "ObjectStorage",
            dependencies: [
                "CCrypto", "HTTPClient", "HTTPServer", "HTTP", "EventLoop", "Telemetry", "Bytes",
            ],
            swiftSettings: strict
        ),
        .target(name: "Manifests", dependencies: ["CYAML"], swiftSettings: strict),
        .target(name: "Autoscaler", swiftSettings: pure),
        .target(
            name: "Kubernetes",
            dependencies: ["HTTPClient", "HTTP", "EventLoop", "Telemetry", "Bytes"],
            swiftSettings: strict
        ),
        .target(
            name: "Activator",
            dependencies: [
                "Autoscaler", "Kubernetes", "HTTP2Client", "HTTPServer", "HTTP", "EventLoop",
                "Telemetry", "Bytes", "CLinux",
            ],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "SwiftletCommand",
            dependencies: [
                "Activator", "Autoscaler", "Kubernetes", "Manifests", "ObjectStorage",
                "KafkaSource", "Kafka", "HTTPClient",
                "HTTPServer", "HTTP", "CloudEvents", "Swiftlet", "EventLoop",
                "Telemetry", "Bytes",
                "CLinux",
            ],
            swiftSettings: strict
        ),

        // Functions.
        .executableTarget(
            name: "exam-generator",
            dependencies: [
                "Swiftlet", "CloudEvents", "ObjectStorage", "Kafka", "HTTPClient", "HTTP",
                "EventLoop", "Telemetry", "Bytes", "CLinux",
            ],
            path: "functions/exam-generator",
            exclude: ["README.md", "samples"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "event-display",
            dependencies: ["Swiftlet", "CloudEvents"],
            path: "functions/event-display",
            exclude: ["README.md"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "hello",
            dependencies: ["Swiftlet"],
            path: "functions/hello",
            exclude: ["README.md", "service.yaml"],
            swiftSettings: strict
        ),
        .executableTarget(
            name: "runtime-info",
            dependencies: ["Swiftlet"],
            path: "functions/runtime-info",
            exclude: ["README.md"],
            swiftSettings: strict
        ),

        // Benchmarks.
        .executableTarget(
            name: "Bench",
            dependencies: ["Swiftlet", "CloudEvents", "HTTP", "EventLoop"],
            exclude: ["allocations.c", "driver"],
            swiftSettings: strict
        ),
        .executableTarget(name: "BenchLoop", dependencies: ["CLinux"], swiftSettings: strict),
        // C, as the least that any language could do.
        .executableTarget(
            name: "BenchDispatch",
            linkerSettings: [.linkedLibrary("rdkafka"), .linkedLibrary("curl")]
        ),

        // Tests.
        .target(
            name: "TestSupport",
            dependencies: ["EventLoop"],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "TestSupport", "CESQL", "CloudEvents", "HTTPServer", "HTTP", "EventLoop", "Bytes",
            ],
            path: "Tests/FuzzTargets",
            swiftSettings: strict
        ),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets"], swiftSettings: strict),
        .testTarget(
            name: "BytesTests",
            dependencies: ["TestSupport", "Bytes"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EventLoopTests",
            dependencies: ["TestSupport", "EventLoop", "CLinux"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "HTTPTests",
            dependencies: ["TestSupport", "FuzzTargets", "HTTP", "Bytes"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "HTTPServerTests",
            dependencies: [
                "TestSupport", "HTTPServer", "HTTP", "EventLoop", "CNghttp2", "CLinux", "Bytes",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "HTTP2ClientTests",
            dependencies: ["TestSupport", "HTTP2Client", "HTTP"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "HTTPClientTests",
            dependencies: ["HTTPClient", "HTTPServer", "HTTP", "EventLoop", "Bytes"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CloudEventsTests",
            dependencies: ["TestSupport", "CloudEvents", "HTTP", "Bytes"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "CESQLTests",
            dependencies: ["TestSupport", "CESQL", "CloudEvents", "Bytes"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EventFiltersTests",
            dependencies: ["TestSupport", "EventFilters", "CESQL", "CloudEvents", "Bytes"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "TelemetryTests",
            dependencies: ["Telemetry", "Bytes"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SwiftletTests",
            dependencies: [
                "TestSupport", "Swiftlet", "SwiftletTesting", "CloudEvents", "HTTP", "HTTPServer",
                "EventLoop", "Bytes", "Telemetry",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KafkaTests",
            dependencies: ["TestSupport", "Kafka", "EventLoop", "Bytes"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KafkaSourceTests",
            dependencies: [
                "TestSupport",
                "KafkaSource", "Kafka", "CloudEvents", "HTTPServer", "HTTPClient", "HTTP",
                "EventLoop", "Telemetry", "Bytes",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ObjectStorageTests",
            dependencies: [
                "ObjectStorage", "HTTPClient", "HTTPServer", "HTTP", "EventLoop", "Telemetry",
                "Bytes",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ManifestsTests",
            dependencies: ["Manifests"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "AutoscalerTests",
            dependencies: ["TestSupport", "Autoscaler"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "KubernetesTests",
            dependencies: [
                "TestSupport", "Kubernetes", "Activator", "HTTPServer", "HTTPClient", "HTTP",
                "EventLoop", "Telemetry", "Bytes",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ActivatorTests",
            dependencies: [
                "TestSupport",
                "Activator", "Autoscaler", "HTTP2Client", "HTTPServer", "HTTPClient", "HTTP",
                "EventLoop",
                "Telemetry", "Bytes",
                "CLinux",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ExamGeneratorTests",
            dependencies: [
                "exam-generator", "Swiftlet", "SwiftletTesting", "CloudEvents", "ObjectStorage",
                "Kafka", "HTTPClient", "HTTP", "EventLoop", "CLinux", "Bytes",
            ],
            swiftSettings: strict
        ),
        .testTarget(
            name: "EventDisplayTests",
            dependencies: ["event-display", "CloudEvents", "Bytes"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "ConformanceTests",
            dependencies: ["TestSupport", "runtime-info", "hello", "EventLoop", "CLinux"],
            swiftSettings: strict
        ),
        .testTarget(
            name: "SwiftletCommandTests",
            dependencies: [
                "SwiftletCommand", "Activator", "Autoscaler", "EventLoop", "KafkaSource", "Kafka",
                "Manifests", "Swiftlet", "Telemetry",
            ],
            swiftSettings: strict
        ),
        .testTarget(name: "TidyTests", swiftSettings: strict),
    ]
)

// The fuzzer has no `main` of its own, libFuzzer brings one: nothing else can build it.
if Context.environment["SWIFTLET_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: ["FuzzTargets"],
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]
        )
    )
}
