// SPDX-License-Identifier: Apache-2.0

import Autoscaler
import EventLoop
import Testing

@testable import Activator

@Suite("Revision state with lag")
struct LagScalingTests {
    typealias Machine = WindowedScalingTests.Machine

    static func machine(_ change: (inout RevisionLimits) -> Void = { _ in }) -> Machine {
        Machine { configuration, limits in
            configuration.lagTarget = 10
            configuration.stableWindow = .seconds(6)
            configuration.scaleToZeroGracePeriod = .zero
            configuration.scaleMax = 4
            change(&limits)
        }
    }

    static func report(_ records: Int, to machine: inout Machine, by source: String = "a") {
        let lag = SourceLag(records: records, parallelMax: 100)
        machine.state.lagReported(lag, by: source, at: machine.now)
        machine.perform()
    }

    @Test("lag at zero starts what it wants at once, with no request and no clock")
    func wakes() {
        var machine = Self.machine()
        Self.report(25, to: &machine)
        #expect(machine.started == 3 && machine.wakes == 0)
        // More lag does not wait for the next decision either; max-scale bounds it.
        Self.report(500, to: &machine)
        #expect(machine.started == 4 && machine.wakes == 0)
    }

    @Test("lag keeps it awake, says so, and without lag it sleeps")
    func awake() throws {
        var machine = Self.machine()
        for _ in 0..<60 {
            Self.report(7, to: &machine)
            machine.pass(.seconds(1))
        }
        #expect(machine.state.liveCount == 1 && machine.stopped.isEmpty)
        let reasons = machine.state.stayReasons(at: machine.now)
        #expect(
            reasons.map(\.text) == [
                "records that its sources have left: 7; an instance should have 10"
            ]
        )
        #expect(reasons.map(\.kind) == [.lag])
        let next = try #require(machine.state.nextDecision(at: machine.now))
        #expect(machine.now.duration(to: next) <= .seconds(2))
        Self.report(0, to: &machine)
        #expect(machine.timeToZero(max: .seconds(10)) != nil)
        let wakes = machine.wakes
        machine.pass(.seconds(3600))
        #expect(machine.wakes == wakes && machine.state.isEmpty, "nothing is polled at zero")
    }

    @Test("a source that falls silent does not keep it awake")
    func silent() {
        var machine = Self.machine()
        Self.report(7, to: &machine)
        #expect(machine.timeToZero(max: LagMeter.reportLifetime + .seconds(10)) != nil)
    }

    @Test("a revision that traffic has left, or that stops, has no use for lag")
    func retired() {
        var machine = Self.machine()
        Self.report(40, to: &machine)
        #expect(machine.state.liveCount == 4)
        machine.state.reachabilityChanged(to: false, at: machine.now)
        machine.perform()
        Self.report(40, to: &machine)
        #expect(machine.state.liveCount == 0)
        var stopping = Self.machine()
        stopping.state.stopBegan(at: stopping.now)
        Self.report(40, to: &stopping)
        #expect(stopping.started == 0)
    }

    @Test("a program that fails is not started for lag alone again and again")
    func failing() {
        var machine = Self.machine()
        Self.report(10, to: &machine)
        for _ in 0..<10 {
            for instance in machine.state.instances {
                machine.state.instanceExited(instance.id, at: machine.now)
                machine.perform()
            }
            Self.report(10, to: &machine)
            machine.pass(.seconds(1))
        }
        #expect(machine.started <= 2, "\(machine.started)")
        _ = machine.arrive()
        #expect(machine.dispatched.count == 1, "a request tries it")
    }

    @Test("without windows lag starts and keeps instances as well")
    func demand() {
        var machine = Self.machine()
        var limits = RevisionLimits()
        limits.instancesMax = 2
        limits.idleWindow = .seconds(3)
        machine.state = RevisionState(
            limits: limits,
            policy: DemandScaling(target: 1, lagTarget: 10)
        )
        for _ in 0..<20 {
            Self.report(11, to: &machine)
            machine.pass(.seconds(1))
        }
        #expect(machine.started == 2 && machine.stopped.isEmpty)
        #expect(machine.state.stayReasons(at: machine.now).map(\.kind).contains(.lag))
        Self.report(0, to: &machine)
        machine.pass(.seconds(7))
        #expect(machine.state.liveCount == 0)
    }
}

extension ProcessTests {
    @Suite("Lag reports")
    struct LagReportTests {
        @Test("each revision gets the part of the lag that its traffic is")
        func shares() async throws {
            func spec(_ number: Int) -> RevisionSpec {
                TestFunction.spec {
                    $0.revision = "probe-\(number)"
                    $0.lagTarget = 10
                }
            }
            let plan = ActivatorPlan(
                revisions: [spec(1), spec(2), spec(3)],
                services: [
                    ServiceRoute(
                        namespace: "test",
                        service: "probe",
                        targets: [
                            .init(revision: "probe-1", percent: 60),
                            .init(revision: "probe-2", percent: 10),
                            .init(revision: "probe-1", percent: 30),
                            .init(revision: "probe-3", percent: 0, tag: "new"),
                        ]
                    )
                ]
            )
            try await Stage.with([]) { stage in
                await stage.activator.update(plan)
                let lag = SourceLag(records: 20, parallelMax: 20)
                stage.activator.report(lag, of: "s", for: "probe", namespace: "test")
                stage.activator.report(lag, of: "s", for: "probe", namespace: "other")
                stage.activator.report(lag, of: "s", for: "nobody", namespace: "test")
                let status = await stage.activator.status()
                #expect(status.map(\.lag) == [18, 2, nil])
                #expect(status.map(\.startedTotal) == [2, 1, 0])
                #expect(status[0].history.last?.lag == 18)
                stage.activator.report(
                    SourceLag(records: 0, parallelMax: 0),
                    of: "s",
                    for: "probe",
                    namespace: "test"
                )
                #expect(await stage.activator.status().map(\.lag) == [0, 0, nil])
                for (service, isServed) in [("probe", true), ("nobody", false)] {
                    let isTaken = await withCheckedContinuation { continuation in
                        stage.activator.report(lag, of: "s", for: service, namespace: "test") {
                            continuation.resume(returning: $0)
                        }
                    }
                    #expect(isTaken == isServed)
                }
                let most = SourceLag(records: .max, parallelMax: 20)
                stage.activator.report(most, of: "s", for: "probe", namespace: "test")
                #expect(await stage.activator.status()[0].history.last?.lag ?? 0 > UInt32.max)
            }
        }
    }
}
