// SPDX-License-Identifier: Apache-2.0

import Activator
import EventLoop
import HTTP
import HTTPClient
import Kubernetes
import TestSupport
import Testing

/// The activator against an API server and pods on loopback, by TLS and with a token.
@Suite("Kubernetes: pods from zero and back", .serialized, .timeLimit(.minutes(5)))
struct ClusterTests {
    @Test("a request at zero scales to one, waits for the pod, and is answered; then back to zero")
    func cycle() async throws {
        try await withPods(podSpec { $0.idleWindow = .milliseconds(50) }) { cluster, stage in
            for cycle in 1...3 {
                let answer = try await stage.request()
                #expect(answer.status == .ok)
                #expect(String(decoding: answer.body, as: UTF8.self) == "hello-\(cycle)")
                #expect(answer.fields["x-swiftlet-cold-start"] == "true")
                try await stage.wait { await cluster.loop.run { cluster.pods.isEmpty } }
                try await stage.wait { try await stage.status.instances.isEmpty }
            }
            #expect(cluster.scales.entries == [0, 1, 0, 1, 0, 1, 0])
            #expect(cluster.served.entries == ["hello-1", "hello-2", "hello-3"])
            let status = try await stage.status
            #expect(status.startedTotal == 3)
            #expect(status.crashesTotal == 0)
        }
    }

    @Test("a burst at zero has as many pods as max-scale allows, and each request one answer")
    func burst() async throws {
        try await withPods(
            podSpec {
                $0.containerConcurrency = 1
                $0.scale.max = 3
            }
        ) { cluster, stage in
            let answers = try await withThrowingTaskGroup(of: HTTPClientResponse.self) { group in
                for _ in 0..<50 { group.addTask { try await stage.request() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count == 50 && answers.allSatisfy { $0.status == .ok })
            #expect(cluster.served.entries.count == 50)
            #expect(cluster.scales.entries.max() == 3)
            try await stage.wait { try await stage.readyCount == 3 }
        }
    }

    @Test("Kubernetes takes another pod than the idle one: what it has is finished, none is lost")
    func otherPod() async throws {
        try await withPods(
            podSpec {
                $0.containerConcurrency = 1
                $0.idleWindow = .milliseconds(50)
            }
        ) { cluster, stage in
            await cluster.change { $0.setTakesOldest(true) }
            async let slow = stage.request("/slow")
            #expect(await cluster.served.wait { $0 == ["hello-1"] })
            #expect(try await stage.request().status == .ok)
            // The idle one is given back; the busy one goes, and with it the last that is wanted.
            #expect(await cluster.scales.wait { $0.starts(with: [0, 1, 2, 1]) })
            try await stage.wait {
                try await stage.status.instances.allSatisfy { $0.name != "hello-1" }
            }
            #expect(try await stage.text() != "hello-1")
            cluster.hold.set(true)
            let answer = try await slow
            #expect(answer.status == .ok)
            #expect(String(decoding: answer.body, as: UTF8.self) == "hello-1")
            #expect(try await stage.status.crashesTotal == 0)
        }
    }

    @Test("a drained node: the pod that goes finishes, another comes for the next request")
    func eviction() async throws {
        try await withPods { cluster, stage in
            async let slow = stage.request("/slow")
            #expect(await cluster.served.wait { $0 == ["hello-1"] })
            await cluster.change { $0.evictFirst() }
            try await stage.wait {
                try await stage.status.instances.allSatisfy { $0.name != "hello-1" }
            }
            let next = try await stage.text()
            #expect(next != "hello-1")
            cluster.hold.set(true)
            #expect(String(decoding: try await slow.body, as: UTF8.self) == "hello-1")
        }
    }

    @Test("instances that wait for a pod are shown as starting")
    func starting() async throws {
        try await withPods(podSpec { $0.containerConcurrency = 1 }) { cluster, stage in
            await cluster.change { $0.setBecomesReady(false) }
            async let first = stage.request()
            async let second = stage.request()
            try await stage.wait { try await stage.status.instances.count == 2 }
            let waiting = try await stage.status.instances
            #expect(waiting.map(\.state) == [.starting, .starting])
            #expect(waiting.map(\.name) == ["hello-00001-1", "hello-00001-2"])
            #expect(waiting.allSatisfy { $0.processID == 0 && $0.inFlightCount == 0 })
            try await stage.wait { await cluster.loop.run { cluster.pods.count == 2 } }
            await cluster.change { $0.setAllReady(true) }
            #expect(try await first.status == .ok)
            #expect(try await second.status == .ok)
            // One pod may have answered both before the other was told of.
            try await stage.wait { try await stage.readyCount == 2 }
            let names = try await stage.status.instances.map(\.name)
            #expect(Set(names) == ["hello-1", "hello-2"])
        }
    }

    @Test("somebody else scales to zero: the number is set again for the next request")
    func otherHand() async throws {
        try await withPods { cluster, stage in
            _ = try await stage.request()
            await cluster.change { $0.setReplicas(0) }
            try await stage.wait { try await stage.status.instances.isEmpty }
            #expect(try await stage.text() == "hello-2")
        }
    }

    @Test("a pod that is ready and takes no connection is left for another")
    func refusedConnection() async throws {
        try await withPods { cluster, stage in
            await cluster.change { $0.setBecomesReady(false) }
            async let answer = stage.request()
            #expect(await cluster.scales.wait { $0.last == 1 })
            // The port in its slice is not the pod's yet, and nobody listens there.
            try await stage.wait { await cluster.loop.run { cluster.pods.count == 1 } }
            await cluster.change { cluster in
                cluster.setBecomesReady(true)
                cluster.pods[0].pretendToListen(at: 1)
                cluster.setAllReady(true)
            }
            try await stage.wait { try await stage.status.startedTotal >= 2 }
            await cluster.change { $0.evictFirst() }
            #expect(String(decoding: try await answer.body, as: UTF8.self) == "hello-2")
        }
    }

    @Test("a node is lost: a connection that is never made is given up with its pod")
    func lostNode() async throws {
        try await withPods { cluster, stage in
            await cluster.change { $0.setBecomesReady(false) }
            async let answer = stage.request()
            #expect(await cluster.scales.wait { $0.last == 1 })
            try await stage.wait { await cluster.loop.run { cluster.pods.count == 1 } }
            let deaf = try DeafListener()
            await cluster.change { cluster in
                cluster.setBecomesReady(true)
                cluster.pods[0].pretendToListen(at: deaf.port)
                cluster.setAllReady(true)
            }
            try await stage.wait { try await stage.status.inFlightCount == 1 }
            await cluster.change { $0.evictFirst() }
            let text = String(decoding: try await answer.body, as: UTF8.self)
            #expect(text.hasPrefix("hello-") && text != "hello-1")
            deaf.close()
        }
    }

    @Test("a node is lost and nobody says so: a connection that is never made is given up in time")
    func silentNode() async throws {
        var configuration = ActivatorConfiguration()
        configuration.connectTimeout = .milliseconds(100)
        let cluster = try await TestCluster()
        let spec = podSpec { $0.scale.min = 2 }
        let stage = try await podStage(cluster, spec, configuration: configuration)
        try await stage.wait { try await stage.readyCount == 2 }
        let lost = try await stage.text()
        // It holds the only connection, so that the next request needs another.
        async let slow = stage.request("/slow")
        #expect(await cluster.served.wait { $0 == [lost, lost] })
        let port = try #require(await Self.stopListening(lost, in: cluster))
        var deaf: DeafListener?
        try await stage.wait {
            deaf = try? DeafListener(port: port)
            return deaf != nil
        }
        // The instance is warm, and nothing of the body has left.
        let answer = try await stage.request(body: Array(repeating: 7, count: 1000))
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(answer.status == .ok && text.hasPrefix("hello-") && text != lost)
        #expect(try await stage.status.crashesTotal == 0)
        cluster.hold.set(true)
        #expect(String(decoding: try await slow.body, as: UTF8.self) == lost)
        await stage.end()
        deaf?.close()
        await cluster.end()
    }

    /// Ends a pod's server, of which Kubernetes hears nothing.
    private static func stopListening(_ name: String, in cluster: TestCluster) async -> UInt16? {
        await cluster.loop.run {
            guard let pod = cluster.pods.first(where: { $0.name == name }) else { return nil }
            Task { await pod.end() }
            return pod.port
        }
    }

    @Test("a changed manifest is another revision in the same pods; no request fails meanwhile")
    func changedPlan() async throws {
        try await withPods(podSpec { $0.scale.max = 3 }) { cluster, stage in
            let over = Hold()
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var count = 0
                        while !over.isSet {
                            let answer = try await stage.request()
                            #expect(answer.status == .ok)
                            count += 1
                        }
                        return count
                    }
                }
                for number in 2...6 {
                    let next = podSpec {
                        $0.revision = "hello-0000\(number)"
                        $0.containerConcurrency = number
                        $0.scale.max = 3
                    }
                    let served = cluster.served.entries.count
                    await stage.activator.update(ActivatorPlan(revisions: [next]))
                    #expect(
                        await cluster.served.wait { $0.count > served + 8 }
                    )
                }
                over.set(true)
                let sent = try await group.reduce(0, +)
                #expect(cluster.served.entries.count == sent, "each request was served once")
            }
            try await stage.wait { await stage.activator.status().count == 1 }
        }
    }

    @Test("an activator that goes leaves its pods, and the next one takes them over")
    func handOver() async throws {
        let cluster = try await TestCluster()
        let first = try await podStage(cluster, podSpec { $0.scale.min = 2 })
        try await first.wait { try await first.readyCount == 2 }
        await first.end()
        #expect(cluster.scales.entries.last == 2)
        let second = try await podStage(cluster)
        try await second.wait { try await second.readyCount == 2 }
        #expect(try await second.request().status == .ok)
        #expect(cluster.scales.entries.last == 2)
        #expect(await cluster.loop.run { cluster.pods.map(\.name) } == ["hello-1", "hello-2"])
        await second.end()
        await cluster.end()
    }
}
