// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Manifests

@Suite("The environment of a container")
struct EnvironmentTests {
    private static let objects = """
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: keys, namespace: exam}
        stringData: {access: minio, secret: minio123}
        data: {binary: //4=}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings, namespace: exam}
        data: {mode: fast, level: "2"}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: keys, namespace: other}
        stringData: {access: wrong}

        """

    /// Resolves the environment of a Service whose container has these fields.
    private static func resolve(_ fields: String) throws(ManifestError) -> [String] {
        let set = try ManifestLoader.load(
            text: """
                apiVersion: serving.knative.dev/v1
                kind: Service
                metadata: {name: s, namespace: exam}
                spec:
                  template:
                    spec:
                      containers:
                      - image: i
                \(fields)
                \(self.objects)
                """,
            file: "m"
        )
        guard let container = set.services.first?.container else { return [] }
        return try set.environment(of: container, in: "exam").map { "\($0.name)=\($0.value)" }
    }

    private static func told(_ fields: String) -> [String] {
        do throws(ManifestError) {
            return try self.resolve(fields)
        } catch {
            return error.diagnostics.map(\.description)
        }
    }

    @Test("values come from the manifest, Secrets and ConfigMaps, in order")
    func resolves() throws {
        let environment = try Self.resolve(
            """
                    envFrom:
                    - {configMapRef: {name: settings}, prefix: X_}
                    - {secretRef: {name: none, optional: true}}
                    env:
                    - {name: TOPIC, value: exam-generated}
                    - {name: KEY, valueFrom: {secretKeyRef: {name: keys, key: access}}}
                    - {name: MODE, valueFrom: {configMapKeyRef: {name: settings, key: mode}}}
                    - {name: SPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
                    - {name: GONE, valueFrom: {secretKeyRef: {name: keys, key: x, optional: true}}}
                    - {name: X_level, value: "3"}
                    - {name: EMPTY}
            """
        )
        #expect(
            environment == [
                "X_level=3", "X_mode=fast", "TOPIC=exam-generated", "KEY=minio", "MODE=fast",
                "SPACE=exam", "EMPTY=",
            ]
        )
    }

    @Test("$(NAME) stands for a variable before it, $$ for $")
    func references() throws {
        let environment = try Self.resolve(
            """
                    env:
                    - {name: HOST, value: store}
                    - {name: URL, value: "http://$(HOST):9000/$(LATER)/$$(HOST)/$HOST/$("}
                    - {name: LATER, value: "$(URL)"}
            """
        )
        let url = "http://store:9000/$(LATER)/$(HOST)/$HOST/$("
        #expect(environment == ["HOST=store", "URL=\(url)", "LATER=\(url)"])
    }

    static let failures: [(String, String)] = [
        (
            "        env: [{name: A, valueFrom: {secretKeyRef: {name: gone, key: k}}}]",
            "m:9:22: A: there is no Secret exam/gone in the manifests"
        ),
        (
            "        env: [{name: A, valueFrom: {secretKeyRef: {name: keys, key: gone}}}]",
            "m:9:22: A: Secret exam/keys has no key gone"
        ),
        (
            "        env: [{name: A, valueFrom: {configMapKeyRef: {name: gone, key: k}}}]",
            "m:9:22: A: there is no ConfigMap exam/gone in the manifests"
        ),
        (
            "        env: [{name: A, valueFrom: {secretKeyRef: {name: keys, key: binary}}}]",
            "m:9:22: A: the key binary of Secret exam/keys is not text"
        ),
        (
            "        env: [{name: A, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]",
            "m:9:22: A: there is no pod here whose status.podIP could be taken"
        ),
        (
            "        env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}]",
            "m:9:22: A: there is no container here whose limits.cpu could be taken"
        ),
        (
            "        envFrom: [{secretRef: {name: gone}}]",
            "m:9:19: there is no Secret exam/gone in the manifests"
        ),
        (
            "        envFrom: [{secretRef: {name: keys}}]",
            "m:9:19: the key binary of Secret is not text, so it cannot be a variable"
        ),
    ]

    @Test("what is missing is named, and no value is", arguments: failures)
    func fails(_ fields: String, _ message: String) {
        #expect(Self.told(fields) == [message])
    }

    @Test("all that is missing is told at once")
    func failsTogether() {
        let told = Self.told(
            """
                    env:
                    - {name: A, valueFrom: {secretKeyRef: {name: gone, key: k}}}
                    - {name: B, valueFrom: {secretKeyRef: {name: keys, key: gone}}}
            """
        )
        #expect(told.count == 2)
    }

    @Test("an environment that grows by references has a limit")
    func limit() {
        var fields = "        env:\n        - {name: A0, value: xxxxxxxxxxxxxxxx}\n"
        for index in 1...40 {
            fields += "        - {name: A\(index), value: \"$(A\(index - 1))$(A\(index - 1))\"}\n"
        }
        let told = Self.told(fields)
        #expect(told.contains { $0.hasSuffix("the environment is longer than 1048576 bytes") })
    }

    @Test("a Secret's text is found for who needs it")
    func secretText() throws {
        let set = try ManifestLoader.load(text: Self.objects, file: "m")
        let mark = SourceMark(file: "m", line: 1, column: 1)
        let access = KeyReference(name: "keys", key: "access", isOptional: false)
        #expect(try set.secretText(access, in: "exam", at: mark) == "minio")
        #expect(try set.secretText(access, in: "other", at: mark) == "wrong")
        #expect(throws: ManifestError.self) {
            try set.secretText(access, in: "default", at: mark)
        }
    }
}
