// SPDX-License-Identifier: Apache-2.0

/// Fields that Kubernetes and Knative know and that have no effect on this machine.
///
/// Where Knative takes a field only when the cluster's operator allowed it, it is here too: that
/// is for the cluster to say.
enum KubernetesFields {
    private static let localReference = FieldShape.object(["name": .text])

    private static let seccompProfile = FieldShape.object([
        "localhostProfile": .text, "type": .text,
    ])

    private static let seLinux = FieldShape.object([
        "level": .text, "role": .text, "type": .text, "user": .text,
    ])

    private static let items = FieldShape.list(
        .object(["key": .text, "mode": .integer, "path": .text])
    )

    /// Of a pod's specification.
    static let podSpec: [String: FieldShape] = [
        "affinity": .anything,
        "automountServiceAccountToken": .flag,
        "dnsConfig": .anything,
        "dnsPolicy": .text,
        "enableServiceLinks": .flag,
        "hostAliases": .anything,
        "hostIPC": .flag,
        "hostNetwork": .flag,
        "hostPID": .flag,
        "imagePullSecrets": .list(localReference),
        "initContainers": .anything,
        "loadBalancingPolicy": .text,
        "nodeSelector": .textMap,
        "priorityClassName": .text,
        "runtimeClassName": .text,
        "schedulerName": .text,
        "shareProcessNamespace": .flag,
        "tolerations": .anything,
        "topologySpreadConstraints": .anything,
    ]

    /// Of a pod's `securityContext`.
    static let podSecurityContext: [String: FieldShape] = [
        "appArmorProfile": .anything,
        "fsGroup": .integer,
        "fsGroupChangePolicy": .text,
        "seLinuxOptions": seLinux,
        "seccompProfile": seccompProfile,
        "supplementalGroups": .list(.integer),
        "sysctls": .anything,
        "windowsOptions": .anything,
    ]

    /// Of a pod's specification, but never of a Knative Service.
    static let podSpecRefused: Set<String> = [
        "activeDeadlineSeconds", "ephemeralContainers", "hostname", "nodeName", "os", "overhead",
        "preemptionPolicy", "priority", "readinessGates", "resourceClaims", "restartPolicy",
        "schedulingGates", "serviceAccount", "setHostnameAsFQDN", "subdomain",
        "terminationGracePeriodSeconds",
    ]

    /// Of a container.
    static let container: [String: FieldShape] = [
        "imagePullPolicy": .text,
        "terminationMessagePath": .text,
        "terminationMessagePolicy": .text,
    ]

    /// Of a container's `securityContext`.
    static let containerSecurityContext: [String: FieldShape] = [
        "allowPrivilegeEscalation": .flag,
        "appArmorProfile": .anything,
        "capabilities": .object(["add": .list(.text), "drop": .list(.text)]),
        "privileged": .flag,
        "procMount": .text,
        "readOnlyRootFilesystem": .flag,
        "seLinuxOptions": seLinux,
        "seccompProfile": seccompProfile,
        "windowsOptions": .anything,
    ]

    /// Of a container, but never in a Knative Service.
    static let containerRefused: Set<String> = [
        "lifecycle", "resizePolicy", "restartPolicy", "stdin", "stdinOnce", "tty", "volumeDevices",
    ]

    /// The kinds of volume.
    static let volume: [String: FieldShape] = [
        "configMap": .object([
            "defaultMode": .integer, "items": items, "name": .text, "optional": .flag,
        ]),
        "csi": .anything,
        "downwardAPI": .anything,
        "emptyDir": .object(["medium": .text, "sizeLimit": .quantity]),
        "ephemeral": .anything,
        "hostPath": .anything,
        "image": .anything,
        "persistentVolumeClaim": .object(["claimName": .text, "readOnly": .flag]),
        "projected": .anything,
        "secret": .object([
            "defaultMode": .integer, "items": items, "optional": .flag, "secretName": .text,
        ]),
    ]
}
