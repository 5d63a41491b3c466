// SPDX-License-Identifier: Apache-2.0

/// How much a set of manifests may hold; beyond that it is refused with an error that says so.
package struct ManifestLimits: Sendable {
    /// Most bytes of one file.
    package var inputBytesMax = 8 * 1024 * 1024
    /// Most files of one load, those of directories counted.
    package var filesMax = 1000
    /// Most documents of one file, empty ones counted.
    package var documentsMax = 1000
    /// Most directives of one file, `%YAML` and `%TAG`; libyaml compares each with all before it.
    package var directivesMax = 100
    /// Deepest nesting of mappings and sequences.
    package var depthMax = 128
    /// Most nodes of one file, those that aliases repeat counted again each time.
    package var nodesMax = 500_000
    /// Most diagnostics that are kept; one more says that there were others.
    package var diagnosticsMax = 1000
    /// Largest `timeoutSeconds` (Knative's `max-revision-timeout-seconds`).
    package var revisionTimeoutSecondsMax = 600
    /// Largest `containerConcurrency` (Knative's `container-concurrency-max-limit`).
    package var containerConcurrencyMax = 1000

    /// The limits that Knative has by default, and ours.
    package init() {}
}
