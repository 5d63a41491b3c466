// SPDX-License-Identifier: Apache-2.0

/// Everything that a set of manifests declares, validated.
package struct ManifestSet: Sendable {
    /// Functions; one that occurs several times has its older revisions first.
    package var services: [ServiceManifest] = []
    /// What brings records of Kafka to them.
    package var sources: [KafkaSourceManifest] = []
    /// Topics that have to exist.
    package var topics: [KafkaTopicManifest] = []
    /// Changes in buckets that go to topics.
    package var notifications: [BucketNotification] = []
    /// Values that must not be shown.
    package var secrets: [SecretManifest] = []
    /// Settings by name.
    package var configMaps: [ConfigMapManifest] = []
    /// What has no effect here, in the order of the files.
    package var diagnostics: [ManifestDiagnostic] = []

    /// Declares nothing.
    package init() {}

    /// The Service of that name, in its newest revision.
    package func service(_ name: String, in namespace: String) -> ServiceManifest? {
        self.services.last { $0.metadata.name == name && $0.metadata.namespace == namespace }
    }

    /// The Secret of that name.
    package func secret(_ name: String, in namespace: String) -> SecretManifest? {
        self.secrets.first { $0.metadata.name == name && $0.metadata.namespace == namespace }
    }

    /// The ConfigMap of that name.
    package func configMap(_ name: String, in namespace: String) -> ConfigMapManifest? {
        self.configMaps.first { $0.metadata.name == name && $0.metadata.namespace == namespace }
    }
}
