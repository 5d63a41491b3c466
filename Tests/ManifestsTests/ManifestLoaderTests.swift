// SPDX-License-Identifier: Apache-2.0

import Glibc
import Manifests
import Testing

@Suite("Loading manifests")
struct ManifestLoaderTests {
    private static func topic(_ name: String, _ more: String = "") -> String {
        """
        ---
        apiVersion: kafka.strimzi.io/v1beta2
        kind: KafkaTopic
        metadata: {name: \(name)}
        \(more)

        """
    }

    // MARK: - Documents

    @Test("documents of all kinds come out in their order")
    func documents() throws {
        let text =
            "# Source: exam/templates/topics.yaml\n" + Self.topic("a") + "---\n# empty\n"
            + OtherKindsTests.job + "---\n" + Self.topic("b") + "---\n"
            + ServiceManifestTests.manifest
            + "---\n" + KafkaSourceManifestTests.manifest + "---\n" + OtherKindsTests.secret
        let set = try Load.set(text)
        #expect(set.diagnostics == [])
        #expect(set.topics.map(\.topic) == ["a", "b"])
        #expect(set.services.count == 1)
        #expect(set.sources.count == 1)
        #expect(set.secrets.count == 1)
        #expect(set.notifications.count == 1)
    }

    @Test("a file without documents declares nothing")
    func nothing() throws {
        for text in ["", "\n", "# only\n", "---\n---\n", "null\n"] {
            let set = try Load.set(text)
            #expect(set.services.isEmpty && set.diagnostics.isEmpty)
        }
    }

    @Test("items of a List are objects, with paths that say so")
    func list() throws {
        let items = """
            apiVersion: v1
            kind: List
            metadata: {resourceVersion: ""}
            items:
            - {apiVersion: kafka.strimzi.io/v1, kind: KafkaTopic, metadata: {name: a}}
            - {apiVersion: v1, kind: Secret, metadata: {name: b}}
            """
        let set = try Load.set(items)
        #expect(set.diagnostics == [])
        #expect(set.topics.map(\.topic) == ["a"])
        #expect(set.secrets.count == 1)
        Mistake("{name: b}", "{}", "6:44: items[1].metadata.name: missing, but required")
            .check(in: items)
        Mistake(
            "- {apiVersion: v1, kind: Secret",
            "- {apiVersion: v1, kind: List",
            "6:26: warning: ignored here: kind List of v1 \"b\""
        ).check(in: items)
    }

    static let ignored: [(String, String)] = [
        (
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: exam}",
            "m:2:7: warning: ignored here: kind Namespace of v1 \"exam\""
        ),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: []}",
            "m:2:7: warning: ignored here: kind Service of v1 \"s\""
        ),
        (
            "apiVersion: apps/v1\nkind: Deployment",
            "m:2:7: warning: ignored here: kind Deployment of apps/v1"
        ),
        (
            "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {}",
            "m:2:7: warning: ignored here: kind Job of batch/v1 \"j\""
        ),
        (
            "apiVersion: kafka.example.com/v1\nkind: KafkaTopic\nmetadata: {name: t}",
            "m:2:7: warning: ignored here: kind KafkaTopic of kafka.example.com/v1 \"t\""
        ),
        (
            "apiVersion: x/v1\nkind: Secret\nmetadata: 1",
            "m:2:7: warning: ignored here: kind Secret of x/v1"
        ),
    ]

    @Test("other kinds are ignored, and that is told", arguments: ignored)
    func ignores(_ text: String, _ message: String) {
        #expect(Load.diagnostics(text) == [message])
    }

    static let refused: [(String, String)] = [
        ("hello", "m:1:1: document: expected a mapping, got a string"),
        ("- a", "m:1:1: document: expected a mapping, got a list"),
        ("kind: Secret", "m:1:1: apiVersion: missing, but required"),
        ("apiVersion: v1\nkind: ''", "m:2:7: kind: expected a text, got an empty one"),
        (
            "apiVersion: v2\nkind: Secret",
            "m:1:13: apiVersion: expected v1 for a Secret, got \"v2\""
        ),
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n---\na: [",
            "m:6:1: did not find expected node content while parsing a flow node"
        ),
    ]

    @Test("what is no object of Kubernetes is refused", arguments: refused)
    func refuses(_ text: String, _ message: String) {
        #expect(Load.diagnostics(text) == [message])
    }

    @Test("an object that is declared twice is told with both places")
    func duplicates() throws {
        let text = Self.topic("a") + Self.topic("b") + Self.topic("a")
        #expect(
            Load.diagnostics(text) == [
                "m:12:1: KafkaTopic default/a was declared already at m:2:1: remove one of the two"
            ]
        )
        let elsewhere =
            Self.topic("a") + Self.topic("a").replacing("{name", with: "{namespace: x, name")
        #expect(try Load.set(elsewhere).topics.count == 2)
    }

    @Test("what was captured from a cluster is ignored where it means nothing here")
    func captured() throws {
        let path = Load.repositoryPath("Tests/Fixtures/manifests/ksvc-deployment.yaml")
        let set = try ManifestLoader.load(files: [path])
        #expect(
            set.diagnostics.map(\.message)
                == ["ignored here: kind Deployment of apps/v1 \"hello-00001-deployment\""]
        )
        let hello = Load.repositoryPath("Tests/Fixtures/manifests/hello.yaml")
        let service = try #require(try ManifestLoader.load(files: [hello]).services.first)
        #expect(service.scaling.target == 10)
        #expect(service.scaling.maxScale == 3)
        #expect(service.containerConcurrency == 5)
        #expect(service.timeout == .seconds(30))
        #expect(service.executableName == "hello")
        #expect(service.container.port?.number == 8080)
    }

    @Test("as many problems are told as the limit says, and that there are more")
    func diagnosticsLimit() {
        var limits = ManifestLimits()
        limits.diagnosticsMax = 3
        let unknown = (1...3).map { "x\($0): 1\n" }.joined()
        #expect(Load.diagnostics(Self.topic("a", unknown), limits: limits).count == 3)
        let told = Load.diagnostics(Self.topic("a", unknown + "x4: 1\n"), limits: limits)
        #expect(told.count == 4)
        #expect(
            told.last == "m:8:1: more than 3 problems were found: from here on they are not told;"
                + " correct the first ones and try again"
        )
    }

    @Test("an error carries the warnings too, and is one line each")
    func errorText() {
        let text = Self.topic("a", "unknown: 1\nspec: {partitions: 0}")
        let error = #expect(throws: ManifestError.self) { try Load.set(text) }
        #expect(
            error?.description == """
                m:5:1: warning: unknown: unknown field
                m:6:20: spec.partitions: expected 1 to 10000, got 0
                """
        )
        #expect(error?.errors.map(\.mark.line) == [6])
    }

    @Test("what a manifest holds cannot steer the terminal")
    func controlCharacters() {
        let told = Load.diagnostics(Self.topic("a", "\"\\e[31m\\r\": 1"))
        #expect(told == ["m:5:1: warning: [\"\\u{1b}[31m\\u{d}\"]: unknown field"])
    }

    // MARK: - Files

    /// Runs `body` with a fresh directory that is removed afterwards.
    private static func withDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/manifests-tests-XXXXXX".utf8CString)
        let path = try #require(mkdtemp(&template).map { String(cString: $0) })
        defer {
            if let stream = opendir(path) {
                while let entry = readdir(stream) {
                    withUnsafeBytes(of: &entry.pointee.d_name) { name in
                        let text = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
                        if text != ".", text != ".." { remove("\(path)/\(text)") }
                    }
                }
                closedir(stream)
            }
            rmdir(path)
        }
        try body(path)
    }

    private static func write(_ text: String, to path: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }

    @Test("a directory stands for its YAML files, by name")
    func directory() throws {
        try Self.withDirectory { path in
            try Self.write(Self.topic("two"), to: "\(path)/2.yml")
            try Self.write(Self.topic("one"), to: "\(path)/1.yaml")
            try Self.write("not: yaml: at all", to: "\(path)/notes.txt")
            #expect(try ManifestLoader.load(files: [path]).topics.map(\.topic) == ["one", "two"])
            #expect(try ManifestLoader.load(files: [path + "/"]).topics.count == 2)
            try Self.write(Self.topic("one"), to: "\(path)/3.yaml")
            let message = "KafkaTopic default/one was declared already at \(path)/1.yaml:2:1"
            #expect(Self.told([path]) == ["\(path)/3.yaml:2:1: \(message): remove one of the two"])
        }
    }

    @Test("files that cannot be read are told, together with what is wrong in the others")
    func unreadable() throws {
        try Self.withDirectory { path in
            try Self.write("kind: Secret", to: "\(path)/a.yaml")
            let told = Self.told(["\(path)/none.yaml", "\(path)/a.yaml", path + "/empty"])
            #expect(
                told == [
                    "\(path)/none.yaml:1:1: cannot be read: No such file or directory",
                    "\(path)/a.yaml:1:1: apiVersion: missing, but required",
                    "\(path)/empty:1:1: cannot be read: No such file or directory",
                ]
            )
            remove("\(path)/a.yaml")
            #expect(Self.told([path]) == ["\(path):1:1: holds no .yaml or .yml file"])
        }
    }

    @Test("a file that is too long is refused while it is read")
    func longFile() throws {
        try Self.withDirectory { path in
            var limits = ManifestLimits()
            let text = Self.topic("a")
            try Self.write(text, to: "\(path)/a.yaml")
            limits.inputBytesMax = text.utf8.count
            #expect(try ManifestLoader.load(files: [path], limits: limits).topics.count == 1)
            limits.inputBytesMax -= 1
            #expect(
                Self.told(["\(path)/a.yaml"], limits: limits)
                    == ["\(path)/a.yaml:1:1: longer than \(text.utf8.count - 1) bytes"]
            )
            limits.inputBytesMax = 1024
            #expect(
                Self.told(["/dev/zero"], limits: limits)
                    == ["/dev/zero:1:1: longer than 1024 bytes"]
            )
        }
    }

    @Test("more files than the limit says are refused")
    func fileCount() throws {
        try Self.withDirectory { path in
            for name in ["a", "b", "c"] {
                try Self.write(Self.topic(name), to: "\(path)/\(name).yaml")
            }
            var limits = ManifestLimits()
            limits.filesMax = 3
            #expect(try ManifestLoader.load(files: [path], limits: limits).topics.count == 3)
            limits.filesMax = 2
            #expect(Self.told([path], limits: limits) == ["\(path)/c.yaml:1:1: more than 2 files"])
        }
    }

    @Test("a pipe is read to its end")
    func readsPipe() throws {
        var descriptors: [Int32] = [0, 0]
        try #require(pipe(&descriptors) == 0)
        let text = Self.topic("piped")
        #expect(Glibc.write(descriptors[1], text, text.utf8.count) == text.utf8.count)
        close(descriptors[1])
        defer { close(descriptors[0]) }
        let set = try ManifestLoader.load(files: ["/dev/fd/\(descriptors[0])"])
        #expect(set.topics.map(\.topic) == ["piped"])
    }

    private static func told(
        _ files: [String],
        limits: ManifestLimits = ManifestLimits()
    ) -> [String] {
        do throws(ManifestError) {
            return try ManifestLoader.load(files: files, limits: limits).diagnostics
                .map(\.description)
        } catch {
            return error.diagnostics.map(\.description)
        }
    }
}
