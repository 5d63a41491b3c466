// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import Testing

@testable import Activator

extension ProcessTests {
    @Suite("Traffic")
    struct TrafficTests {
        /// A revision that answers with its own name.
        static func spec(_ number: Int) -> RevisionSpec {
            TestFunction.spec {
                $0.revision = "probe-0000\(number)"
                $0.idleWindow = .milliseconds(50)
            }
        }

        static func plan(_ shares: [(number: Int, percent: Int, tag: String?)]) -> ActivatorPlan {
            let targets = shares.map {
                ServiceRoute.Target(
                    revision: "probe-0000\($0.number)",
                    percent: $0.percent,
                    tag: $0.tag
                )
            }
            let route = ServiceRoute(namespace: "test", service: "probe", targets: targets)
            return ActivatorPlan(revisions: shares.map { Self.spec($0.number) }, services: [route])
        }

        static func revision(
            _ stage: Stage,
            host: String = "probe.test.localhost"
        ) async throws -> String {
            let text = try await stage.request("/environment", ["Host": host]).text
            let line = text.split(separator: "\n").first { $0.hasPrefix("K_REVISION=") }
            return String(line?.dropFirst("K_REVISION=".count) ?? "")
        }

        @Test("shares, tags and Knative's headers each reach what they name")
        func split() async throws {
            try await Stage.with([Self.spec(1)]) { stage in
                await stage.activator.update(
                    Self.plan([(1, 80, nil), (2, 20, "next"), (3, 0, nil)])
                )
                var counts: [String: Int] = [:]
                for _ in 0..<50 { counts[try await Self.revision(stage), default: 0] += 1 }
                #expect(counts == ["probe-00001": 40, "probe-00002": 10])
                #expect(
                    try await Self.revision(stage, host: "next-probe.test.localhost")
                        == "probe-00002"
                )
                #expect(
                    try await Self.revision(stage, host: "probe-00003.test.localhost")
                        == "probe-00003"
                )
                let named = try await stage.request(
                    "/environment",
                    [
                        "Knative-Serving-Namespace": "test",
                        "Knative-Serving-Revision": "probe-00003",
                    ]
                )
                #expect(named.text.contains("K_REVISION=probe-00003"))
                // No traffic is meant for it, so it keeps nothing.
                try await Self.wait(on: stage) { statuses in
                    statuses.first { $0.revision == "probe-00003" }?.instances.isEmpty == true
                }
            }
        }

        static func wait(
            on stage: Stage,
            _ isWanted: ([RevisionStatus]) -> Bool
        ) async throws {
            while await !isWanted(stage.activator.status()) {
                try Task.checkCancellation()
                await stage.clientLoop.wait(for: .milliseconds(1))
            }
        }

        @Test(
            "traffic moves back and forth under load, and not one request fails",
            .timeLimit(.minutes(3))
        )
        func moves() async throws {
            try await Stage.with([Self.spec(1)]) { stage in
                let answered = Counted()
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            while !answered.isOver {
                                let body = Array("a body".utf8)
                                let answer = try? await stage.request(
                                    "/echo",
                                    method: .post,
                                    body: body
                                )
                                answered.count(answer?.status == .ok && answer?.body == body)
                            }
                        }
                    }
                    for turn in 0..<30 {
                        let before = answered.good
                        let plan =
                            turn % 3 == 0
                            ? Self.plan([(2, 100, nil)])
                            : turn % 3 == 1
                                ? Self.plan([(1, 50, nil), (2, 50, nil)])
                                : Self.plan([(1, 100, nil)])
                        await stage.activator.update(plan)
                        while answered.good < before + 20, answered.bad == 0 {
                            await stage.clientLoop.wait(for: .milliseconds(1))
                        }
                    }
                    answered.end()
                }
                #expect(answered.bad == 0 && answered.good >= 600)
                // What the plan no longer has is gone.
                try await Self.wait(on: stage) { $0.map(\.revision) == ["probe-00001"] }
            }
        }

        @Test("a revision that leaves the plan finishes what it has")
        func leaves() async throws {
            try await Stage.with([Self.spec(1)]) { stage in
                let gate = Gate()
                async let waiting = stage.request(gate.target)
                try await Self.wait(on: stage) { $0.first?.inFlightCount == 1 }
                await stage.activator.update(Self.plan([(2, 100, nil)]))
                #expect(try await Self.revision(stage) == "probe-00002")
                #expect(await stage.activator.status().count == 2)
                gate.open()
                #expect(try await waiting.text == "through")
                try await Self.wait(on: stage) { $0.map(\.revision) == ["probe-00002"] }
            }
        }

        @Test("a plan that changes nothing leaves instances as they are")
        func same() async throws {
            let spec = TestFunction.spec()
            try await Stage.with([spec]) { stage in
                let pid = try await stage.processID()
                await stage.activator.update(ActivatorPlan(revisions: [spec]))
                #expect(try await stage.processID() == pid)
            }
        }
    }
}
