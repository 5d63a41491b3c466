// SPDX-License-Identifier: Apache-2.0

import Manifests
import Testing

@Suite("serving.knative.dev/v1 Service")
struct ServiceManifestTests {
    static let manifest = """
        apiVersion: serving.knative.dev/v1
        kind: Service
        metadata:
          name: exam-generator
          namespace: exam
          labels:
            networking.knative.dev/visibility: cluster-local
          annotations:
            example.com/note: "yes"
        spec:
          template:
            metadata:
              name: exam-generator-v2
              labels: {app: exam}
              annotations:
                autoscaling.knative.dev/min-scale: "1"
                autoscaling.knative.dev/max-scale: "8"
                swiftlet.dev/command: "python3 -u 'my app.py'"
            spec:
              containerConcurrency: 4
              timeoutSeconds: 120
              responseStartTimeoutSeconds: 60
              idleTimeoutSeconds: 30
              serviceAccountName: exam
              enableServiceLinks: false
              imagePullSecrets: [{name: registry}]
              containers:
              - name: user-container
                image: registry.example:5000/team/exam-generator:v1.2@sha256:0123
                imagePullPolicy: IfNotPresent
                command: [/usr/bin/exam]
                args: ["--port", "$(PORT)"]
                workingDir: /work
                ports: [{name: h2c, containerPort: 8081, protocol: TCP}]
                envFrom:
                - configMapRef: {name: settings}
                  prefix: X_
                - secretRef: {name: keys, optional: true}
                env:
                - name: TOPIC
                  value: exam-generated
                - {name: KEY, valueFrom: {secretKeyRef: {name: keys, key: access}}}
                - {name: MODE, valueFrom: {configMapKeyRef: {name: settings, key: m, optional: true}}}
                - {name: SPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
                - {name: EMPTY}
                resources:
                  limits: {memory: 256Mi, cpu: 1}
                  requests: {cpu: 100m}
                readinessProbe:
                  httpGet: {path: /healthz, port: 0, httpHeaders: [{name: A, value: b}]}
                  periodSeconds: 2
                livenessProbe: {tcpSocket: {port: 8081}, failureThreshold: 5}
                securityContext:
                  runAsNonRoot: true
                  readOnlyRootFilesystem: true
                  allowPrivilegeEscalation: false
                  capabilities: {drop: [ALL]}
                  seccompProfile: {type: RuntimeDefault}
                volumeMounts:
                - {name: tmp, mountPath: /tmp}
                - {name: certificates, mountPath: /etc/ssl/own/, readOnly: true}
              volumes:
              - {name: tmp, emptyDir: {sizeLimit: 64Mi}}
              - {name: certificates, secret: {secretName: certificates}}
          traffic:
          - {latestRevision: true, percent: 90}
          - {revisionName: exam-generator-v1, percent: 10, tag: old}

        """

    /// The smallest that Knative takes.
    static let smallest = """
        apiVersion: serving.knative.dev/v1
        kind: Service
        metadata:
          name: hello
        spec:
          template:
            spec:
              containers:
              - image: hello

        """

    @Test("every field that is used is read")
    func readsAll() throws {
        let set = try Load.set(Self.manifest)
        #expect(set.diagnostics == [])
        let service = try #require(set.service("exam-generator", in: "exam"))
        #expect(service.isClusterLocal)
        #expect(service.metadata.annotations == ["example.com/note": "yes"])
        #expect(service.metadata.mark.description == "m:1:1")
        #expect(service.revisionName == "exam-generator-v2")
        #expect(service.revisionLabels == ["app": "exam"])
        #expect(service.scaling.minScale == 1)
        #expect(service.scaling.maxScale == 8)
        #expect(service.commandOverride == ["python3", "-u", "my app.py"])
        #expect(service.containerConcurrency == 4)
        #expect(service.timeout == .seconds(120))
        #expect(service.responseStartTimeout == .seconds(60))
        #expect(service.idleTimeout == .seconds(30))
        #expect(service.serviceAccountName == "exam")
        #expect(service.executableName == "exam-generator")
        #expect(service.sidecars.isEmpty)
        #expect(service.volumes.map(\.kind) == ["emptyDir", "secret"])
        #expect(service.traffic.map(\.percent) == [90, 10])
        #expect(service.traffic.map(\.revisionName) == [nil, "exam-generator-v1"])
        #expect(service.traffic.map(\.tag) == [nil, "old"])
    }

    @Test("every field of a container that is used is read")
    func readsContainer() throws {
        let container = try #require(try Load.set(Self.manifest).services.first).container
        #expect(container.name == "user-container")
        #expect(container.command == ["/usr/bin/exam"])
        #expect(container.arguments == ["--port", "$(PORT)"])
        #expect(container.workingDirectory == "/work")
        #expect(container.port?.number == 8081)
        #expect(container.port?.isHTTP2 == true)
        #expect(container.environmentSources.map(\.name) == ["settings", "keys"])
        #expect(container.environmentSources.map(\.prefix) == ["X_", ""])
        #expect(container.environmentSources.map(\.isOptional) == [false, true])
        #expect(container.environment.map(\.name) == ["TOPIC", "KEY", "MODE", "SPACE", "EMPTY"])
        #expect(container.resourceLimits == ["memory": "256Mi", "cpu": "1"])
        #expect(container.resourceRequests == ["cpu": "100m"])
        let readiness = try #require(container.readinessProbe)
        guard case .httpGet(let path, let headers) = readiness.action else {
            Issue.record("the probe is no GET")
            return
        }
        #expect(path == "/healthz")
        #expect(headers.map(\.name) == ["A"])
        #expect(headers.map(\.value) == ["b"])
        #expect(readiness.port == nil)
        #expect(readiness.period == .seconds(2))
        let liveness = try #require(container.livenessProbe)
        #expect(liveness.port == 8081)
        #expect(liveness.failureThreshold == 5)
        #expect(liveness.period == .seconds(10))
        #expect(container.volumeMounts.map(\.path) == ["/tmp", "/etc/ssl/own"])
        #expect(container.volumeMounts.map(\.isReadOnly) == [false, true])
    }

    @Test("what a manifest leaves out has Knative's defaults")
    func defaults() throws {
        let service = try #require(try Load.set(Self.smallest).services.first)
        #expect(service.metadata.namespace == "default")
        #expect(!service.isClusterLocal)
        #expect(service.containerConcurrency == 0)
        #expect(service.timeout == .seconds(300))
        #expect(service.responseStartTimeout == nil)
        #expect(service.idleTimeout == nil)
        #expect(service.scaling == ScalingAnnotations())
        #expect(service.commandOverride == nil)
        #expect(service.container.port == nil)
        #expect(service.traffic.isEmpty)
    }

    static let images: [(String, String)] = [
        ("hello", "hello"), ("hello:v1", "hello"), ("dev.local/hello:1", "hello"),
        ("localhost:5000/a/b/hello", "hello"), ("a/hello@sha256:00", "hello"),
        ("a/hello:v1@sha256:00", "hello"), ("ghcr.io/o/my_fn.swift", "my_fn.swift"),
    ]

    @Test("an image names its program", arguments: images)
    func executableNames(_ image: String, _ name: String) throws {
        let text = Self.smallest.replacing("image: hello", with: "image: \(image)")
        #expect(try Load.set(text).services.first?.executableName == name)
    }

    @Test("the command may be given on the Service, and the template's wins")
    func commandOverrides() throws {
        let text = Self.manifest.replacing(
            "example.com/note: \"yes\"",
            with: "swiftlet.dev/command: '[\"node\", \"x y.js\"]'"
        )
        #expect(try Load.set(text).services.first?.commandOverride?.first == "python3")
        let onlyService = text.replacing("swiftlet.dev/command: \"py", with: "example.com/a: \"py")
        #expect(try Load.set(onlyService).services.first?.commandOverride == ["node", "x y.js"])
    }

    @Test("the Deployment may be named on the Service, and the template's name wins")
    func deployments() throws {
        #expect(try Load.set(Self.manifest).services.first?.deployment == nil)
        let onService = Self.manifest.replacing(
            "example.com/note: \"yes\"",
            with: "swiftlet.dev/deployment: exam"
        )
        #expect(try Load.set(onService).services.first?.deployment == "exam")
        let endpoints = onService.replacing("/deployment: exam", with: "/endpoints: exam-pods")
        #expect(try Load.set(endpoints).services.first?.endpoints == "exam-pods")
        let onBoth = onService.replacing(
            "swiftlet.dev/command: \"py",
            with: "swiftlet.dev/deployment: exam-v2\n        swiftlet.dev/command: \"py"
        )
        #expect(try Load.set(onBoth).services.first?.deployment == "exam-v2")
        let wrong = onService.replacing("deployment: exam", with: "deployment: Exam/2")
        #expect(throws: ManifestError.self) { try Load.set(wrong) }
    }

    @Test("beside the container with a port others are read, and told to be ignored")
    func sidecars() throws {
        let text = Self.smallest.replacing(
            "      - image: hello\n",
            with: """
                      - image: hello
                        ports: [{containerPort: 8081}]
                      - image: helper
                        name: helper
                        env: [{name: PORT, value: "1"}]

                """
        )
        let set = try Load.set(text)
        #expect(set.services.first?.executableName == "hello")
        #expect(set.services.first?.sidecars.map(\.image) == ["helper"])
        #expect(
            set.diagnostics.map(\.description) == [
                "m:11:9: warning: spec.template.spec.containers[1]: ignored here, for only the"
                    + " container with ports is run"
            ]
        )
    }
}
