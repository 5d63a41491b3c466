// SPDX-License-Identifier: Apache-2.0

import Autoscaler
import EventLoop
import TestSupport
import Testing

@testable import Activator

@Suite("Revision state with Knative's autoscaler")
struct WindowedScalingTests {
    /// A state whose clock only moves from wish to wish of the state itself.
    struct Machine {
        var state: RevisionState
        var now = MonotonicTime(nanoseconds: 1_000_000_000_000)
        var started = 0
        var stopped: [InstanceID] = []
        var paused: [InstanceID] = []
        var resumed: [InstanceID] = []
        var dispatched: [RequestID] = []
        var wakes = 0

        init(
            capacity: Int = 1,
            _ change: (inout ScalingConfiguration, inout RevisionLimits) -> Void = { _, _ in }
        ) {
            var limits = RevisionLimits()
            limits.instanceCapacity = capacity
            limits.instanceTarget = capacity
            var configuration = ScalingConfiguration()
            configuration.initialScale = 0
            configuration.containerConcurrency = capacity
            // Else one request at an instance for one is a burst of two, as it is for Knative.
            configuration.targetUtilization = 1
            change(&configuration, &limits)
            let policy = WindowedScaling(configuration, instanceCapacity: capacity, at: self.now)
            self.state = RevisionState(limits: limits, policy: policy)
        }

        /// Does what the state wants; instances accept at once, and end at once.
        mutating func perform() {
            while let action = self.state.nextAction() {
                switch action {
                case .start(let id):
                    self.started += 1
                    self.state.instanceAccepts(id, at: self.now)
                case .dispatch(let request, let instance):
                    self.dispatched.append(request)
                    self.state.instanceAnswered(instance, at: self.now)
                case .stop(let id), .kill(let id):
                    self.stopped.append(id)
                    self.state.instanceExited(id, at: self.now)
                case .pause(let id): self.paused.append(id)
                case .resume(let id): self.resumed.append(id)
                case .refuse, .wake: break
                }
            }
        }

        mutating func arrive() -> RequestID {
            let id = self.state.requestArrived(bytes: 1, at: self.now)
            self.perform()
            return id
        }

        mutating func finish(_ id: RequestID) {
            self.state.requestFinished(id, at: self.now)
            self.perform()
        }

        /// Lets time pass, fired only when the state asked for it.
        mutating func pass(_ duration: Duration) {
            let end = self.now.advanced(by: duration)
            while let wake = self.state.wakeAt, wake <= end {
                self.now = max(self.now, wake)
                self.wakes += 1
                self.state.timerFired(at: self.now)
                self.perform()
            }
            self.now = end
        }

        /// From now until no instance is left.
        mutating func timeToZero(max: Duration) -> Duration? {
            let begin = self.now
            while self.state.liveCount > 0, let wake = self.state.wakeAt {
                guard begin.duration(to: wake) <= max else { return nil }
                self.pass(self.now.duration(to: wake))
            }
            return self.state.liveCount == 0 ? begin.duration(to: self.now) : nil
        }
    }

    @Test("requests that find no room get instances at once, without a decision of any clock")
    func needOfTheMoment() {
        var machine = Machine()
        for _ in 0..<4 { _ = machine.arrive() }
        #expect(machine.started == 4 && machine.dispatched.count == 4 && machine.wakes == 0)
    }

    @Test("the first request starts one instance, or as many as activation-scale says")
    func awakening() {
        var machine = Machine { configuration, _ in configuration.targetUtilization = 0.7 }
        machine.finish(machine.arrive())
        #expect(machine.started == 1)
        var activated = Machine { configuration, _ in configuration.activationScale = 3 }
        _ = activated.arrive()
        #expect(activated.started == 3)
    }

    @Test("instances of a moment stay for a panic window, and the last for a stable one")
    func momentPasses() {
        var machine = Machine()
        let requests = (0..<3).map { _ in machine.arrive() }
        machine.pass(.milliseconds(100))
        for request in requests { machine.finish(request) }
        machine.pass(.milliseconds(5900))
        #expect(machine.state.liveCount == 3)
        machine.pass(.milliseconds(200))
        #expect(machine.state.liveCount < 3)
        machine.pass(.seconds(50))
        #expect(machine.state.liveCount == 1)
        machine.pass(.seconds(10))
        #expect(machine.state.liveCount == 0)
    }

    @Test("a revision at zero asks for nothing: no timer, no tick")
    func silence() {
        var machine = Machine()
        let request = machine.arrive()
        machine.finish(request)
        let time = machine.timeToZero(max: .seconds(70))
        #expect(time != nil)
        #expect(machine.state.isEmpty)
        let wakes = machine.wakes
        machine.pass(.seconds(3600))
        #expect(machine.wakes == wakes)
        // While it was idle it was not woken at every tick either.
        #expect(wakes < 10, "\(wakes)")
    }

    @Test("the way to zero takes the window, and retention on top", arguments: [0, 30, 600])
    func timeToZero(_ retention: Int) throws {
        var machine = Machine { configuration, _ in
            configuration.scaleToZeroPodRetentionPeriod = .seconds(retention)
        }
        let request = machine.arrive()
        machine.pass(.milliseconds(500))
        machine.finish(request)
        let found = machine.timeToZero(max: .seconds(1000))
        let time = try #require(found)
        #expect(time >= .seconds(60 + retention) && time <= .seconds(64 + retention), "\(time)")
    }

    @Test("a steady load keeps its instances, and an instance too many finishes what it has")
    func drains() {
        var machine = Machine(capacity: 10)
        let first = (0..<20).map { _ in machine.arrive() }
        machine.pass(.seconds(90))
        #expect(machine.state.liveCount == 2)
        machine.stopped = []
        // Eight stay, on both instances: one of them takes nothing more, and ends with its last.
        for request in first[4..<16] { machine.finish(request) }
        machine.pass(.seconds(200))
        #expect(machine.state.liveCount == 1)
        let closing = machine.state.instances.filter { $0.phase == .closing }
        #expect(closing.count == 1 && closing[0].inFlightCount > 0 && machine.stopped.isEmpty)
        for request in first[..<4] + first[16...] { machine.finish(request) }
        #expect(machine.stopped == closing.map(\.id))
    }

    @Test("an instance that is closing is taken back before another is started")
    func reopens() {
        var machine = Machine(capacity: 10)
        let first = (0..<20).map { _ in machine.arrive() }
        machine.pass(.seconds(90))
        for request in first[2..<18] { machine.finish(request) }
        machine.pass(.seconds(200))
        let started = machine.started
        #expect(machine.state.instances.contains { $0.phase == .closing })
        for _ in 0..<14 { _ = machine.arrive() }
        #expect(machine.started == started && machine.state.liveCount == 2)
        #expect(machine.state.requests.queuedCount == 0)
    }

    @Test("min-scale is kept while traffic is meant for the revision, and only then")
    func reachability() {
        var machine = Machine { configuration, _ in configuration.scaleMin = 2 }
        machine.state.began(at: machine.now)
        machine.perform()
        #expect(machine.state.liveCount == 2)
        machine.pass(.seconds(500))
        #expect(machine.state.liveCount == 2)
        machine.state.reachabilityChanged(to: false, at: machine.now)
        machine.perform()
        #expect(machine.state.isEmpty)
        // A request by the revision's own name is served all the same.
        let request = machine.arrive()
        #expect(machine.dispatched.last == request && machine.state.liveCount == 1)
        machine.finish(request)
        #expect(machine.state.isEmpty)
        machine.state.reachabilityChanged(to: true, at: machine.now)
        machine.perform()
        #expect(machine.state.liveCount == 2)
    }

    @Test("an idle instance is paused, goes on for the next request, and ends in the end")
    func pauses() {
        var machine = Machine { _, limits in
            limits.pausedMax = 1
            limits.pauseTime = .seconds(1000)
        }
        machine.finish(machine.arrive())
        machine.pass(.seconds(70))
        #expect(machine.paused.count == 1 && machine.stopped.isEmpty)
        let request = machine.arrive()
        #expect(machine.resumed == machine.paused && machine.started == 1)
        #expect(machine.dispatched.last == request)
        machine.finish(request)
        machine.pass(.seconds(70))
        #expect(machine.paused.count == 2)
        machine.pass(.seconds(980))
        #expect(machine.stopped.isEmpty)
        machine.pass(.seconds(20))
        #expect(machine.stopped.count == 1 && machine.state.isEmpty)
    }

    @Test("a spare is there before it is needed, and another when it is used")
    func spare() {
        var machine = Machine { _, limits in limits.spareCount = 1 }
        machine.state.began(at: machine.now)
        machine.perform()
        #expect(machine.started == 1)
        _ = machine.arrive()
        #expect(machine.started == 2)
        _ = machine.arrive()
        #expect(machine.started == 3)
    }

    @Test("a function that crashes is tried again by requests, not because of a load that was")
    func crashes() {
        var machine = Machine { _, limits in
            limits.backOff = StartBackOff(
                failuresMax: 2,
                restMin: .seconds(1),
                restMax: .seconds(2)
            )
        }
        func crashAll(_ machine: inout Machine) -> Int {
            var starts = 0
            while let action = machine.state.nextAction() {
                guard case .start(let id) = action else { continue }
                starts += 1
                machine.state.instanceExited(id, at: machine.now)
            }
            return starts
        }
        _ = machine.state.requestArrived(bytes: 1, at: machine.now)
        #expect(crashAll(&machine) == 2)
        for _ in 0..<20 {
            machine.now = machine.now.advanced(by: .seconds(2))
            machine.state.timerFired(at: machine.now)
            #expect(crashAll(&machine) == 0)
        }
        _ = machine.state.requestArrived(bytes: 1, at: machine.now)
        #expect(crashAll(&machine) == 1)
    }

    @Test("it is told what keeps an instance, and until when")
    func reasons() throws {
        var machine = Machine()
        #expect(machine.state.stayReasons(at: machine.now).isEmpty)
        let request = machine.arrive()
        #expect(machine.state.stayReasons(at: machine.now).first?.kind == .requests)
        machine.finish(request)
        machine.pass(.seconds(10))
        let reasons = machine.state.stayReasons(at: machine.now)
        let window = try #require(reasons.first { $0.kind == .window })
        let remaining = try #require(window.remaining)
        #expect(remaining > .seconds(45) && remaining < .seconds(55))
        #expect(machine.state.nextDecision(at: machine.now) != nil)
    }

    @Test("whatever comes, all is served and it ends at zero", arguments: SeededGenerator.seeds)
    func random(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var machine = Machine(capacity: Int.random(in: 1...5, using: &random)) { _, limits in
            limits.instancesMax = 6
            limits.pausedMax = random.chance(50) ? 1 : 0
            limits.pauseTime = .seconds(30)
            limits.queueTimeout = .seconds(100_000)
        }
        var open: [RequestID] = []
        for _ in 0..<2000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4: open.append(machine.arrive())
            case 4..<8:
                open = open.filter { machine.state.requests.place(of: $0) != .nowhere }
                let running = open.filter { machine.state.requests.place(of: $0) != .queued }
                if let request = running.randomElement(using: &random) { machine.finish(request) }
            case 8: machine.pass(.milliseconds(Int.random(in: 0...3000, using: &random)))
            default: machine.pass(.seconds(Int.random(in: 0...100, using: &random)))
            }
            #expect(machine.state.liveCount <= 6)
            if machine.state.requests.queuedCount > 0 { #expect(machine.state.liveCount == 6) }
        }
        while machine.state.requests.dispatchedCount > 0 {
            for request in open where machine.state.requests.place(of: request) != .queued {
                machine.finish(request)
            }
        }
        machine.pass(.seconds(600))
        #expect(machine.state.isEmpty, "seed \(seed)")
    }
}
