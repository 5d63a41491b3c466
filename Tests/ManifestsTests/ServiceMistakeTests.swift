// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("Mistakes in a serving.knative.dev/v1 Service")
struct ServiceMistakeTests {
    private static let pod = "spec.template.spec"
    private static let first = "spec.template.spec.containers[0]"
    private static let label =
        "a DNS-1123 label (a-z, 0-9 and -, at most 63, a letter or digit at both ends)"
    private static let serviceName =
        "a DNS-1035 label (a-z, 0-9 and -, at most 63, starting with a letter)"

    static let metadataMistakes: [Mistake] = [
        Mistake(
            "name: exam-generator",
            "name: 1exam",
            "4:9: metadata.name: expected \(serviceName), got \"1exam\""
        ),
        Mistake(
            "  name: exam-generator\n",
            "",
            "4:3: metadata.name: missing, but required"
        ),
        Mistake(
            "name: exam-generator",
            "name: 12",
            "4:9: metadata.name: expected a string, got an integer; put it in quotes"
        ),
        Mistake(
            "namespace: exam",
            "namespace: Exam",
            "5:14: metadata.namespace: expected \(label), got \"Exam\""
        ),
        Mistake(
            "visibility: cluster-local",
            "visibility: private",
            "7:40: metadata.labels[\"networking.knative.dev/visibility\"]: expected cluster-local,"
                + " got \"private\""
        ),
        Mistake(
            "example.com/note: \"yes\"",
            "example.com/note: yes",
            "9:23: metadata.annotations[\"example.com/note\"]: expected a string, got a boolean;"
                + " put it in quotes"
        ),
        Mistake(
            "example.com/note: \"yes\"",
            "autoscaling.knative.dev/min-scale: \"1\"",
            "9:40: metadata.annotations[\"autoscaling.knative.dev/min-scale\"]: has no effect on a"
                + " Service: move it to spec.template.metadata.annotations"
        ),
        Mistake(
            "example.com/note: \"yes\"",
            "swiftlet.dev/comand: x",
            "9:26: warning: metadata.annotations[\"swiftlet.dev/comand\"]: unknown annotation; did"
                + " you mean swiftlet.dev/command?"
        ),
        Mistake(
            "labels:\n    net",
            "labelz:\n    net",
            "6:3: warning: metadata.labelz: unknown field; did you mean labels?"
        ),
        Mistake(
            "name: exam-generator-v2",
            "name: other-v2",
            "13:13: spec.template.metadata.name: expected a name that starts with"
                + " exam-generator-, got \"other-v2\""
        ),
        Mistake(
            "min-scale: \"1\"",
            "min-scale: 1",
            "16:44: spec.template.metadata.annotations[\"autoscaling.knative.dev/min-scale\"]:"
                + " expected a string, got an integer; put it in quotes"
        ),
        Mistake(
            "'my app.py'",
            "'my app.py",
            "18:31: spec.template.metadata.annotations[\"swiftlet.dev/command\"]: a quote is not"
                + " closed, or a \\ ends the text"
        ),
    ]

    @Test("mistakes in metadata are told", arguments: metadataMistakes)
    func metadata(_ mistake: Mistake) {
        mistake.check(in: ServiceManifestTests.manifest)
    }

    static let podMistakes: [Mistake] = [
        Mistake(
            "containerConcurrency: 4",
            "containerConcurrency: -1",
            "20:29: \(pod).containerConcurrency: expected 0 to 1000, got -1"
        ),
        Mistake(
            "containerConcurrency: 4",
            "containerConcurrency: 1001",
            "20:29: \(pod).containerConcurrency: expected 0 to 1000, got 1001"
        ),
        Mistake(
            "containerConcurrency: 4",
            "containerConcurrency: \"4\"",
            "20:29: \(pod).containerConcurrency: expected an integer, got a string"
        ),
        Mistake(
            "containerConcurrency: 4",
            "containerConcurency: 4",
            "20:7: warning: \(pod).containerConcurency: unknown field; did you mean"
                + " containerConcurrency?"
        ),
        Mistake(
            "timeoutSeconds: 120",
            "timeoutSeconds: 601",
            "21:23: \(pod).timeoutSeconds: expected 0 to 600, got 601"
        ),
        Mistake(
            "timeoutSeconds: 120",
            "timeoutSeconds: 45",
            "22:36: \(pod).responseStartTimeoutSeconds: expected timeoutSeconds, 45, or less, got"
                + " 60"
        ),
        Mistake(
            "enableServiceLinks: false",
            "enableServiceLinks: 0",
            "25:27: \(pod).enableServiceLinks: expected true or false, got an integer"
        ),
        Mistake(
            "enableServiceLinks: false",
            "terminationGracePeriodSeconds: 5",
            "25:7: warning: \(pod).terminationGracePeriodSeconds: Knative does not allow this"
                + " field, so a cluster refuses the Service"
        ),
        Mistake(
            "[{name: registry}]",
            "[{nme: registry}]",
            "26:27: warning: \(pod).imagePullSecrets[0].nme: unknown field; did you mean name?"
        ),
        Mistake(
            "sizeLimit: 64Mi",
            "sizeLimit: 64MB",
            "63:43: \(pod).volumes[0].emptyDir.sizeLimit: expected a quantity of 0 or more,"
                + " such as 500m or 64Mi, got a string"
        ),
        Mistake(
            "{name: tmp, emptyDir: {sizeLimit: 64Mi}}",
            "{name: tmp}",
            "60:18: \(first).volumeMounts[0].name: no volume is named \"tmp\"",
            "63:9: \(pod).volumes[0]: expected exactly one of emptyDir, secret, configMap,"
                + " projected, persistentVolumeClaim, got 0"
        ),
        Mistake(
            "- {name: certificates, mountPath: /etc/ssl/own/, readOnly: true}",
            "",
            "63:7: warning: \(pod).volumes: no container mounts certificates, so a cluster"
                + " refuses the Service"
        ),
        Mistake(
            "percent: 10",
            "percent: 11",
            "66:3: spec.traffic: expected percents that sum to 100, got 101"
        ),
        Mistake(
            "latestRevision: true, ",
            "latestRevision: false, ",
            "66:5: spec.traffic[0].revisionName: missing, but required with latestRevision false"
        ),
        Mistake(
            "tag: old",
            "tag: Old",
            "67:57: spec.traffic[1].tag: expected \(label), got \"Old\""
        ),
    ]

    @Test("mistakes in the pod are told", arguments: podMistakes)
    func pod(_ mistake: Mistake) {
        mistake.check(in: ServiceManifestTests.manifest)
    }

    static let containerMistakes: [Mistake] = [
        Mistake(
            "name: user-container",
            "name: queue-proxy",
            "28:15: \(first).name: queue-proxy is reserved for Knative's own container"
        ),
        Mistake(
            "image: registry.example:5000/team/exam-generator:v1.2@sha256:0123",
            "image: ''",
            "29:16: \(first).image: expected a text, got an empty one"
        ),
        Mistake(
            "image: registry.example:5000/team/exam-generator:v1.2@sha256:0123",
            "image: a/..",
            "29:16: \(first).image: expected an image such as registry.example/team/name:tag, got"
                + " \"a/..\""
        ),
        Mistake(
            "command: [/usr/bin/exam]",
            "command: /usr/bin/exam",
            "31:18: \(first).command: expected a list, got a string"
        ),
        Mistake(
            "[\"--port\", \"$(PORT)\"]",
            "[--port, 8080]",
            "32:24: \(first).args[1]: expected a string, got an integer; put it in quotes"
        ),
        Mistake(
            "name: h2c",
            "name: http",
            "34:24: \(first).ports[0].name: expected no name, http1 or h2c, got \"http\""
        ),
        Mistake(
            "containerPort: 8081",
            "containerPort: 8012",
            "34:44: \(first).ports[0].containerPort: 8012 is taken by Knative; choose another"
        ),
        Mistake(
            "containerPort: 8081",
            "containerPort: 65536",
            "34:44: \(first).ports[0].containerPort: expected 0 to 65535, got 65536"
        ),
        Mistake(
            "protocol: TCP",
            "protocol: UDP",
            "34:60: \(first).ports[0].protocol: expected TCP, got \"UDP\""
        ),
        Mistake(
            "protocol: TCP}]",
            "protocol: TCP}, {containerPort: 1}]",
            "34:66: \(first).ports[1]: expected a single port, got 2"
        ),
        Mistake(
            "- configMapRef: {name: settings}\n          prefix: X_",
            "- prefix: X_",
            "36:11: \(first).envFrom[0]: expected exactly one of secretRef, configMapRef"
        ),
        Mistake(
            "memory: 256Mi",
            "memory: lots",
            "47:28: \(first).resources.limits.memory: expected a quantity of 0 or more,"
                + " such as 500m or 64Mi, got a string"
        ),
        Mistake(
            "memory: 256Mi",
            "memory: -5Mi",
            "47:28: \(first).resources.limits.memory: expected a quantity of 0 or more,"
                + " such as 500m or 64Mi, got a string"
        ),
        Mistake(
            "memory: 256Mi",
            "memory: 16Ei",
            "47:28: \(first).resources.limits.memory: expected a quantity of 0 or more,"
                + " such as 500m or 64Mi, got a string"
        ),
        Mistake(
            "periodSeconds: 2",
            "periodSeconds: 0\n          timeoutSeconds: 1",
            "52:27: \(first).readinessProbe.timeoutSeconds: not allowed with periodSeconds 0"
        ),
        Mistake(
            "tcpSocket: {port: 8081}",
            "tcpSocket: {port: web}",
            "52:43: \(first).livenessProbe.tcpSocket.port: expected the container port's number"
                + " or name"
        ),
        Mistake(
            "tcpSocket: {port: 8081}",
            "tcpSocket: {port: 8081}, exec: {command: [a]}",
            "52:24: \(first).livenessProbe: expected one of httpGet, tcpSocket, exec, grpc, got 2"
        ),
        Mistake(
            "runAsNonRoot: true",
            "runAsNonRoot: \"true\"",
            "54:25: \(first).securityContext.runAsNonRoot: expected true or false, got a string"
        ),
        Mistake(
            "runAsNonRoot: true",
            "runAsNonroot: true",
            "54:11: warning: \(first).securityContext.runAsNonroot: unknown field; did you mean"
                + " runAsNonRoot?"
        ),
        Mistake(
            "runAsNonRoot: true",
            "runAsUser: -1",
            "54:22: \(first).securityContext.runAsUser: expected 0 to 2147483647, got -1"
        ),
        Mistake(
            "runAsNonRoot: true",
            "runAsGroup: 2147483648",
            "54:23: \(first).securityContext.runAsGroup: expected 0 to 2147483647, got 2147483648"
        ),
        Mistake(
            "runAsNonRoot: true",
            "runAsUser: shop",
            "54:22: \(first).securityContext.runAsUser: expected an integer, got a string"
        ),
        Mistake(
            "mountPath: /tmp}",
            "mountPath: /dev/./}",
            "60:34: \(first).volumeMounts[0].mountPath: /dev is reserved, so mount the volume"
                + " below it"
        ),
        Mistake(
            "mountPath: /tmp}",
            "mountPath: tmp}",
            "60:34: \(first).volumeMounts[0].mountPath: expected an absolute path, got \"tmp\""
        ),
        Mistake(
            "readOnly: true}",
            "readOnly: false}",
            "61:11: \(first).volumeMounts[1].readOnly: expected true, for nothing can be written"
                + " to a volume of kind secret"
        ),
        Mistake(
            "imagePullPolicy: IfNotPresent",
            "lifecycle: {}",
            "30:9: warning: \(first).lifecycle: Knative does not allow this field, so a cluster"
                + " refuses the Service"
        ),
        Mistake(
            "imagePullPolicy: IfNotPresent",
            "replicas: 3",
            "30:9: warning: \(first).replicas: unknown field"
        ),
    ]

    @Test("mistakes in the container are told", arguments: containerMistakes)
    func container(_ mistake: Mistake) {
        mistake.check(in: ServiceManifestTests.manifest)
    }

    static let environmentMistakes: [Mistake] = [
        Mistake(
            "name: TOPIC",
            "name: PORT",
            "40:17: \(first).env[0].name: PORT is reserved: Knative sets it, so choose another name"
        ),
        Mistake(
            "name: TOPIC",
            "name: K_SERVICE",
            "40:17: \(first).env[0].name: K_SERVICE is reserved: Knative sets it, so choose"
                + " another name"
        ),
        Mistake(
            "name: TOPIC",
            "name: A=B",
            "40:17: \(first).env[0].name: expected a variable's name (printable ASCII without"
                + " '='), got \"A=B\""
        ),
        Mistake(
            "value: exam-generated",
            "value: 12345678",
            "41:18: \(first).env[0].value: expected a string, got an integer; put it in quotes"
        ),
        Mistake(
            "name: EMPTY",
            "name: TOPIC",
            "45:18: warning: \(first).env[4]: TOPIC was given already at line 40; this one wins"
        ),
        Mistake(
            "{secretKeyRef: {name: keys, key: access}}",
            "{}",
            "42:34: \(first).env[1].valueFrom: expected exactly one of secretKeyRef,"
                + " configMapKeyRef, fieldRef, resourceFieldRef"
        ),
        Mistake(
            "key: access",
            "kee: access",
            "42:49: \(first).env[1].valueFrom.secretKeyRef.key: missing, but required",
            "42:62: warning: \(first).env[1].valueFrom.secretKeyRef.kee: unknown field; did you"
                + " mean key?"
        ),
        Mistake(
            "- {name: KEY, valueFrom",
            "- {name: KEY, value: a, valueFrom",
            "42:30: \(first).env[1].value: give either value or valueFrom, not both"
        ),
    ]

    @Test("mistakes in the environment are told", arguments: environmentMistakes)
    func environment(_ mistake: Mistake) {
        mistake.check(in: ServiceManifestTests.manifest)
    }

    static let shapeMistakes: [Mistake] = [
        Mistake("kind: Service\n", "", "1:1: kind: missing, but required"),
        Mistake(
            "apiVersion: serving.knative.dev/v1\n",
            "",
            "1:1: apiVersion: missing, but required"
        ),
        Mistake(
            "serving.knative.dev/v1",
            "serving.knative.dev/v1alpha1",
            "1:13: apiVersion: expected serving.knative.dev/v1 for a Service, got"
                + " \"serving.knative.dev/v1alpha1\""
        ),
        Mistake(
            "metadata:\n  name: hello\n",
            "",
            "1:1: metadata.name: missing, but required"
        ),
        Mistake(
            "metadata:\n  name: hello\n",
            "metadata: hello\n",
            "3:11: metadata: expected a mapping, got a string"
        ),
        Mistake(
            "spec:\n  template:",
            "spac:\n  template:",
            "1:1: spec: missing, but required",
            "5:1: warning: spac: unknown field; did you mean spec?"
        ),
        Mistake(
            "template:\n    spec:\n      containers:\n      - image: hello",
            "{}",
            "6:3: spec.template: missing, but required"
        ),
        Mistake(
            "    spec:\n      containers:\n      - image: hello",
            "    {}",
            "7:5: spec.template.spec: missing, but required"
        ),
        Mistake(
            "\n      - image: hello",
            " []",
            "8:7: spec.template.spec.containers: missing, but required"
        ),
        Mistake(
            "\n      - image: hello",
            "",
            "8:7: spec.template.spec.containers: missing, but required"
        ),
        Mistake(
            "- image: hello",
            "- hello",
            "9:9: spec.template.spec.containers[0]: expected a mapping, got a string"
        ),
        Mistake(
            "- image: hello",
            "- image: hello\n      - image: helper",
            "9:7: spec.template.spec.containers: expected exactly one container with ports, got 0",
            "9:9: warning: spec.template.spec.containers[0]: ignored here, for only the container"
                + " with ports is run",
            "10:9: warning: spec.template.spec.containers[1]: ignored here, for only the container"
                + " with ports is run"
        ),
    ]

    @Test("what is missing or of the wrong shape is told", arguments: shapeMistakes)
    func shape(_ mistake: Mistake) {
        mistake.check(in: ServiceManifestTests.smallest)
    }

    @Test("all mistakes are told at once, in the order of the lines")
    func tellsAll() {
        let text = ServiceManifestTests.manifest
            .replacing("namespace: exam", with: "namespace: Exam")
            .replacing("containerConcurrency: 4", with: "containerConcurrency: many")
            .replacing("name: TOPIC", with: "name: K_REVISION")
            .replacing("percent: 10", with: "percent: 1000")
        let lines = Load.diagnostics(text).compactMap { $0.split(separator: ":").dropFirst().first }
        #expect(lines == ["5", "20", "40", "66", "67"])
    }
}
