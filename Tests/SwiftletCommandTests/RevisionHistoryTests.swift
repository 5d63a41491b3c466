// SPDX-License-Identifier: Apache-2.0

import Activator
import Manifests
import Testing

@testable import SwiftletCommand

@Suite("Revisions of a service over time")
struct RevisionHistoryTests {
    static func service(_ value: String, name: String? = nil, traffic: String = "") -> String {
        """
        apiVersion: serving.knative.dev/v1
        kind: Service
        metadata: {name: hello, namespace: shop}
        spec:
          template:
            metadata: {\(name.map { "name: \($0)" } ?? "")}
            spec:
              containers:
              - image: hello
                env: [{name: GREETING, value: \(value)}]
          \(traffic.isEmpty ? "" : "traffic: \(traffic)")
        ---

        """
    }

    static func wanted(_ text: String) throws -> [RevisionHistory.Wanted] {
        let set = try ManifestLoader.load(text: text, file: "m")
        return try set.services.map { service in
            var spec = RevisionSpec(
                namespace: service.metadata.namespace,
                service: service.metadata.name,
                revision: "any",
                command: ["/bin/hello"]
            )
            spec.environment = try set.environment(of: service.container, in: "shop")
            return RevisionHistory.Wanted(manifest: service, spec: spec)
        }
    }

    @Test("a changed template is a new revision, the same one is not")
    func generations() throws {
        var history = RevisionHistory()
        var plan = try history.apply(Self.wanted(Self.service("one")))
        #expect(plan.revisions.map(\.revision) == ["hello-00001"])
        plan = try history.apply(Self.wanted(Self.service("one")))
        #expect(plan.revisions.map(\.revision) == ["hello-00001"])
        plan = try history.apply(Self.wanted(Self.service("two")))
        #expect(plan.revisions.map(\.revision) == ["hello-00001", "hello-00002"])
        #expect(plan.services.first?.targets == [.init(revision: "hello-00002", percent: 100)])
    }

    @Test("traffic names older revisions, the newest, and tags")
    func traffic() throws {
        var history = RevisionHistory()
        _ = try history.apply(Self.wanted(Self.service("one")))
        let traffic =
            "[{revisionName: hello-00001, percent: 90}, {latestRevision: true, percent: 10, tag: next}]"
        let plan = try history.apply(Self.wanted(Self.service("two", traffic: traffic)))
        #expect(
            plan.services.first?.targets == [
                .init(revision: "hello-00001", percent: 90),
                .init(revision: "hello-00002", percent: 10, tag: "next"),
            ]
        )
    }

    @Test("a revision that is not there is refused, and nothing has changed then")
    func unknown() throws {
        var history = RevisionHistory()
        _ = try history.apply(Self.wanted(Self.service("one")))
        let wrong = try Self.wanted(
            Self.service("two", traffic: "[{revisionName: hello-9, percent: 100}]")
        )
        let error = #expect(throws: CommandError.self) { try history.apply(wrong) }
        #expect(
            error?.description.contains("names the revision hello-9, which is not there") == true
        )
        let plan = try history.apply(Self.wanted(Self.service("three")))
        #expect(plan.revisions.map(\.revision) == ["hello-00001", "hello-00002"])
    }

    @Test("a named revision never changes; one file can hold an older one beside the newest")
    func named() throws {
        var history = RevisionHistory()
        let both =
            Self.service("one", name: "hello-blue")
            + Self.service(
                "two",
                name: "hello-green",
                traffic:
                    "[{revisionName: hello-blue, percent: 50}, {latestRevision: true, percent: 50}]"
            )
        let plan = try history.apply(Self.wanted(both))
        #expect(plan.revisions.map(\.revision) == ["hello-blue", "hello-green"])
        #expect(plan.services.count == 1)
        let changed = try Self.wanted(Self.service("three", name: "hello-blue"))
        #expect(throws: CommandError.self) { try history.apply(changed) }
        // The same Service twice without names is a mistake.
        #expect(throws: ManifestError.self) {
            try Self.wanted(Self.service("one") + Self.service("two"))
        }
    }

    @Test("old revisions are forgotten, but not those that traffic names")
    func bounded() throws {
        var history = RevisionHistory()
        var plan = ActivatorPlan(revisions: [])
        for number in 0..<RevisionHistory.revisionsMax + 5 {
            let traffic = number == 0 ? "" : "[{revisionName: hello-00001, percent: 100}]"
            plan = try history.apply(Self.wanted(Self.service("v\(number)", traffic: traffic)))
        }
        #expect(plan.revisions.count == RevisionHistory.revisionsMax)
        #expect(plan.revisions.first?.revision == "hello-00001")
        #expect(plan.revisions.last?.revision == "hello-00025")
    }
}
