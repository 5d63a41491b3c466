// SPDX-License-Identifier: Apache-2.0

import Activator
import EventLoop
import HTTP
import HTTPClient
import Kubernetes
import TestSupport
import Testing

/// What goes wrong between the activator and the API server, while requests wait.
@Suite("Kubernetes: trouble with the API server", .serialized, .timeLimit(.minutes(5)))
struct TroubleTests {
    private static func text(_ answer: HTTPClientResponse) -> String {
        String(decoding: answer.body, as: UTF8.self)
    }

    @Test("the API server restarts while a request waits for a pod")
    func restart() async throws {
        try await withPods { cluster, stage in
            await cluster.change { $0.setBecomesReady(false) }
            async let answer = stage.request()
            #expect(await cluster.scales.wait { $0.last == 1 })
            await cluster.stopListening()
            await cluster.change { $0.setAllReady(true) }
            try await stage.wait {
                stage.metric(#"swiftlet_kubernetes_failures_total{reason="unreachable"}"#) != nil
            }
            try await cluster.listen()
            await cluster.change { $0.setAllReady(true) }
            #expect(Self.text(try await answer) == "hello-1")
            #expect(stage.logged.contains { $0.contains("cannot watch the EndpointSlices") })
        }
    }

    @Test("the API server is away when the request comes, and when nobody knows of any pod")
    func awayAtFirst() async throws {
        try await withPods { cluster, stage in
            _ = try await stage.request()
            await cluster.change { $0.setReplicas(0) }
            try await stage.wait { try await stage.status.instances.isEmpty }
            await cluster.stopListening()
            async let answer = stage.request()
            try await stage.wait { try await stage.status.queuedCount == 1 }
            try await cluster.listen()
            #expect(Self.text(try await answer) == "hello-2")
        }
    }

    @Test("the queue's bounds hold while the API server is away")
    func bounds() async throws {
        var configuration = ActivatorConfiguration()
        configuration.queueCountMax = 2
        try await withPods(configuration: configuration) { cluster, stage in
            await cluster.stopListening()
            async let first = stage.request()
            async let second = stage.request()
            try await stage.wait { try await stage.status.queuedCount == 2 }
            let third = try await stage.request()
            #expect(third.status == .serviceUnavailable && third.fields.contains("retry-after"))
            try await cluster.listen()
            #expect(try await first.status == .ok)
            #expect(try await second.status == .ok)
        }
    }

    @Test("the token is replaced, and the old one refused")
    func rotation() async throws {
        try await withPods { cluster, stage in
            _ = try await stage.request()
            await cluster.change { $0.setReplicas(0) }
            try await stage.wait { try await stage.status.instances.isEmpty }
            await cluster.change { cluster in
                cluster.setTokens(["second-token"])
                cluster.endWatches()
            }
            async let answer = stage.request()
            try await stage.wait {
                stage.metric(#"swiftlet_kubernetes_failures_total{reason="unauthorized"}"#) != nil
            }
            #expect(stage.logged.contains { $0.contains("check the token of the service account") })
            #expect(!stage.logged.contains { $0.contains("-token") })
            cluster.folder.write("token", "second-token")
            #expect(Self.text(try await answer) == "hello-2")
        }
    }

    @Test("changes are forgotten (410): all is listed again")
    func gone() async throws {
        try await withPods { cluster, stage in
            await cluster.change { $0.setBecomesReady(false) }
            async let answer = stage.request()
            #expect(await cluster.scales.wait { $0.last == 1 })
            try await stage.wait { await cluster.loop.run { cluster.pods.count == 1 } }
            let listCount = cluster.requests.entries.count { $0.contains("limit=500") }
            await cluster.change { cluster in
                cluster.setAllReady(true)
                cluster.compact()
            }
            #expect(Self.text(try await answer) == "hello-1")
            // A second one, which nothing but a list can have told.
            await cluster.change { $0.compact() }
            #expect(
                await cluster.requests.wait { entries in
                    entries.count { $0.contains("limit=500") } > listCount
                }
            )
        }
    }

    @Test(
        "refusals of the scale are counted and logged once, and the request waits them out",
        arguments: [
            (HTTPStatus.forbidden, "forbidden"), (.conflict, "conflict"), (.notFound, "notFound"),
            (.internalServerError, "serverFailed"), (.serviceUnavailable, "serverFailed"),
        ]
    )
    func refusedScale(_ status: HTTPStatus, _ reason: String) async throws {
        try await withPods { cluster, stage in
            await cluster.change { cluster in
                cluster.add(TestCluster.Fault(kind: .patch, status: status, count: 2))
            }
            let text = try await stage.text()
            #expect(text == "hello-1")
            let series = #"swiftlet_kubernetes_failures_total{reason="\#(reason)"}"#
            #expect(stage.metric(series) == "2")
            let lines = stage.logged.filter { $0.contains("cannot scale the Deployment") }
            #expect(lines.count == 1)
            #expect(lines.first?.contains("answered \(status)") == true)
        }
    }

    @Test("the server asks to be left alone for a while, and is")
    func throttled() async throws {
        try await withPods { cluster, stage in
            let fault = TestCluster.Fault(
                kind: .patch,
                status: .tooManyRequests,
                fields: ["Retry-After": "1"]
            )
            await cluster.change { $0.add(fault) }
            let text = try await stage.text()
            #expect(text == "hello-1")
            #expect(stage.metric(#"swiftlet_kubernetes_failures_total{reason="throttled"}"#) == "1")
            #expect(cluster.requests.entries.count { $0.hasPrefix("PATCH") } == 3)
        }
    }

    @Test("lists and watches that fail, or end at once, are tried again")
    func faultyWatches() async throws {
        try await withPods { cluster, stage in
            await cluster.change { cluster in
                cluster.add(TestCluster.Fault(kind: .watch, status: .internalServerError, count: 3))
                cluster.add(TestCluster.Fault(kind: .list, status: .serviceUnavailable, count: 2))
                cluster.endWatches()
            }
            #expect(try await stage.text() == "hello-1")
            await cluster.change { cluster in
                cluster.endWatches()
                cluster.evictFirst()
            }
            try await stage.wait { try await stage.text() == "hello-2" }
        }
    }

    @Test("a server with another certificate is told nothing")
    func wrongAuthority() async throws {
        let cluster = try await TestCluster()
        try cluster.folder.makeCertificate("other")
        let stage = try await podStage(cluster, authorities: "\(cluster.folder.path)/other.crt")
        try await stage.wait {
            stage.metric(#"swiftlet_kubernetes_failures_total{reason="unreachable"}"#) != nil
        }
        #expect(cluster.requests.entries.isEmpty)
        await stage.end()
        await cluster.end()
    }

    @Test("no pod comes in time: the instance is given up, and the number goes back")
    func neverReady() async throws {
        var configuration = ActivatorConfiguration()
        configuration.podStartTimeout = .milliseconds(100)
        configuration.queueTimeout = .milliseconds(50)
        try await withPods(configuration: configuration) { cluster, stage in
            await cluster.change { $0.setBecomesReady(false) }
            let answer = try await stage.request()
            #expect(answer.status == .serviceUnavailable)
            try await stage.wait { try await stage.status.crashesTotal == 1 }
            #expect(await cluster.scales.wait { $0.last == 0 })
            let status = try await stage.status
            #expect(status.lastCrash?.contains("no pod that became ready within") == true)
        }
    }
}
