// SPDX-License-Identifier: Apache-2.0

import Autoscaler
import EventLoop
import TestSupport
import Testing

@testable import Activator

/// A random walk through the events, against a model that only remembers what it was told to do.
@Suite("Revision state, random walk")
struct RevisionStateWalkTests {
    struct Walk {
        var state: RevisionState
        var random: SeededGenerator
        var now = MonotonicTime(nanoseconds: 1)
        var waiting: Set<RequestID> = []
        var dispatched: [RequestID: InstanceID] = [:]
        var processes: [InstanceID: Bool] = [:]
        var stopping: Set<InstanceID> = []
        var paused: Set<InstanceID> = []
        var unready: Set<InstanceID> = []
        var everDispatched: [RequestID: Int] = [:]
        var everReturned: [RequestID: Int] = [:]

        init(seed: UInt64) {
            self.random = SeededGenerator(seed: seed)
            var limits = RevisionLimits()
            limits.instanceCapacity = Int.random(in: 1...4, using: &self.random)
            limits.instanceTarget = Int.random(in: 1...limits.instanceCapacity, using: &self.random)
            limits.instancesMin = Int.random(in: 0...2, using: &self.random)
            limits.instancesMax = limits.instancesMin + Int.random(in: 1...3, using: &self.random)
            limits.queueCountMax = Int.random(in: 1...8, using: &self.random)
            limits.queueBytesMax = Int.random(in: 10...100, using: &self.random)
            limits.queueTimeout = .seconds(20)
            limits.idleWindow = .seconds(10)
            if Bool.random(using: &self.random) {
                limits.pausedMax = 1
                limits.pauseTime = .seconds(15)
            }
            let target = Double(limits.instanceTarget)
            let lagTarget = Bool.random(using: &self.random) ? 2 : nil
            guard Bool.random(using: &self.random) else {
                self.state = RevisionState(
                    limits: limits,
                    policy: DemandScaling(target: target, lagTarget: lagTarget)
                )
                return
            }
            var configuration = ScalingConfiguration()
            configuration.initialScale = 0
            configuration.target = target
            configuration.lagTarget = lagTarget
            configuration.stableWindow = .seconds(10)
            let policy = WindowedScaling(
                configuration,
                instanceCapacity: limits.instanceCapacity,
                at: self.now
            )
            self.state = RevisionState(limits: limits, policy: policy)
        }

        mutating func pick<Element>(_ elements: some Collection<Element>) -> Element? {
            elements.randomElement(using: &self.random)
        }

        var sortedDispatched: [RequestID] { self.dispatched.keys.sorted { $0.slot < $1.slot } }

        /// One event, chosen at random among those that can happen.
        mutating func step() {
            switch Int.random(in: 0..<24, using: &self.random) {
            case 0..<7:
                let bytes = Int.random(in: 1...20, using: &self.random)
                self.waiting.insert(self.state.requestArrived(bytes: bytes, at: self.now))
            case 7..<12:
                guard let id = self.pick(self.sortedDispatched) else { return }
                self.dispatched[id] = nil
                self.state.requestFinished(id, at: self.now)
            case 12:
                // Some of these were with an instance before: their client leaves, or their body
                // fails, while they wait again.
                guard let id = self.pick(self.waiting.sorted { $0.slot < $1.slot }) else { return }
                self.waiting.remove(id)
                self.state.requestFinished(id, at: self.now)
            case 13..<16:
                let starting = self.processes.filter { !$0.value }.keys.sorted()
                guard let id = self.pick(starting) else { return }
                self.processes[id] = true
                self.state.instanceAccepts(id, at: self.now)
            case 16:
                let accepting = self.processes.filter(\.value).keys.sorted()
                guard let id = self.pick(accepting) else { return }
                self.state.instanceAnswered(id, at: self.now)
            case 17: self.exitOne()
            case 20:
                let lag = SourceLag(
                    records: Int.random(in: 0...8, using: &self.random),
                    parallelMax: Int.random(in: 0...4, using: &self.random)
                )
                let source = Bool.random(using: &self.random) ? "a" : "b"
                self.state.lagReported(lag, by: source, at: self.now)
            case 21:
                guard let id = self.pick(self.processes.keys.sorted()) else { return }
                self.state.instanceStarted(id)
            case 18:
                guard let id = self.pick(self.stopping.sorted()) else { return }
                self.exit(id)
            case 19: self.changeReadiness()
            default:
                let delay = Duration.seconds(Int.random(in: 1...8, using: &self.random))
                self.now = self.now.advanced(by: delay)
                self.state.timerFired(at: self.now)
            }
        }

        mutating func changeReadiness() {
            guard let id = self.pick(self.processes.filter(\.value).keys.sorted()) else { return }
            let isReady = self.unready.remove(id) != nil
            if !isReady { self.unready.insert(id) }
            self.state.instanceReadinessChanged(id, to: isReady, at: self.now)
        }

        mutating func exitOne() {
            guard let id = self.pick(self.processes.keys.sorted()) else { return }
            self.exit(id)
        }

        /// A process ends; some of its requests were never seen by it, the others fail.
        mutating func exit(_ id: InstanceID) {
            self.processes[id] = nil
            self.stopping.remove(id)
            self.paused.remove(id)
            self.unready.remove(id)
            self.state.instanceExited(id, at: self.now)
            self.perform()
            for request in self.sortedDispatched where self.dispatched[request] == id {
                self.dispatched[request] = nil
                if Bool.random(using: &self.random) {
                    self.waiting.insert(request)
                    self.everReturned[request, default: 0] += 1
                    self.state.requestReturned(request, at: self.now)
                } else {
                    self.state.requestFinished(request, at: self.now)
                }
                self.perform()
            }
        }

        mutating func perform() {
            while let action = self.state.nextAction() {
                switch action {
                case .start(let id):
                    #expect(self.processes.updateValue(false, forKey: id) == nil)
                case .dispatch(let request, let instance):
                    #expect(self.waiting.remove(request) != nil, "only what waits is dispatched")
                    #expect(self.processes[instance] == true, "only to an instance that accepts")
                    #expect(!self.stopping.contains(instance), "never to one that is to end")
                    #expect(!self.paused.contains(instance), "nor to one that is paused")
                    #expect(!self.unready.contains(instance), "nor to one that is not ready")
                    self.dispatched[request] = instance
                    self.everDispatched[request, default: 0] += 1
                    let returns = self.everReturned[request, default: 0]
                    #expect(self.everDispatched[request] == returns + 1, "never twice")
                case .refuse(let request, _):
                    #expect(self.waiting.remove(request) != nil, "only what waits is refused")
                case .stop(let id):
                    #expect(!self.dispatched.values.contains(id), "only idle instances are stopped")
                    #expect(self.stopping.insert(id).inserted, "each once")
                    self.paused.remove(id)
                case .pause(let id):
                    #expect(!self.dispatched.values.contains(id), "only idle ones are paused")
                    #expect(!self.unready.contains(id), "what is not ready is ended instead")
                    #expect(self.paused.insert(id).inserted, "only what runs is paused")
                case .resume(let id):
                    #expect(self.paused.remove(id) != nil, "only what is paused goes on")
                case .kill: Issue.record("nothing is killed before the end")
                case .wake(let time): #expect(time > self.now, "a wake lies ahead")
                }
            }
        }

        func check() {
            let limits = self.state.limits
            #expect(self.state.requests.queuedCount == self.waiting.count)
            #expect(self.state.requests.dispatchedCount == self.dispatched.count)
            #expect(self.waiting.count <= limits.queueCountMax)
            #expect(self.state.requests.queuedBytes <= limits.queueBytesMax)
            var loads: [InstanceID: Int] = [:]
            for instance in self.dispatched.values { loads[instance, default: 0] += 1 }
            #expect(loads.values.allSatisfy { $0 <= limits.instanceCapacity })
            let closing = self.state.instances.filter { $0.phase == .closing }.map(\.id)
            #expect(closing.allSatisfy { loads[$0] ?? 0 > 0 }, "only for its requests it stays")
            #expect(self.paused.count <= limits.pausedMax)
            let live = self.processes.keys.filter {
                !self.stopping.contains($0) && !self.paused.contains($0) && !closing.contains($0)
            }
            #expect(live.count <= limits.instancesMax)
            #expect(live.count == self.state.liveCount)
            guard !self.waiting.isEmpty else { return }
            #expect(!live.isEmpty, "nothing waits for nobody")
            for id in live where self.processes[id] == true && !self.unready.contains(id) {
                #expect(loads[id] == limits.instanceCapacity, "nothing waits beside a free place")
            }
        }
    }

    @Test("no event breaks an invariant", arguments: UInt64(1)...UInt64(40))
    func walk(_ seed: UInt64) {
        var walk = Walk(seed: seed)
        walk.state.began(at: walk.now)
        walk.perform()
        for _ in 0..<800 {
            walk.step()
            walk.perform()
            walk.check()
        }
        // And all of it comes to an end.
        while !walk.unready.isEmpty {
            walk.changeReadiness()
            walk.perform()
        }
        walk.state.stopBegan(at: walk.now)
        walk.perform()
        var turns = 0
        while !walk.state.isEmpty, turns < 10_000 {
            turns += 1
            for id in walk.processes.filter({ !$0.value }).keys.sorted() {
                walk.processes[id] = true
                walk.state.instanceAccepts(id, at: walk.now)
                walk.perform()
            }
            if let request = walk.sortedDispatched.first {
                walk.dispatched[request] = nil
                walk.state.requestFinished(request, at: walk.now)
            } else if let id = walk.stopping.min() {
                walk.exit(id)
            }
            walk.perform()
        }
        #expect(walk.state.isEmpty)
        #expect(walk.processes.isEmpty)
    }
}
