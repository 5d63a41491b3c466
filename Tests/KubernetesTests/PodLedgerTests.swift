// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Kubernetes
import TestSupport
import Testing

@testable import Activator

@Suite("Kubernetes: instances and pods")
struct PodLedgerTests {
    private typealias Slot = PodLedger.Slot

    private static func slot(_ number: Int, claim: Int = 1) -> PodLedger.Slot {
        PodLedger.Slot(claim: claim, instance: InstanceID(number: number))
    }

    private static func pod(_ name: String) -> PodEndpoint {
        PodEndpoint(id: name, name: name, address: .ipv4Loopback(port: UInt16(name.utf8.count)))
    }

    private static func take(_ ledger: inout PodLedger) -> [PodLedger.Action] {
        var actions: [PodLedger.Action] = []
        while let action = ledger.nextAction() { actions.append(action) }
        return actions
    }

    /// A ledger that knows that there is no pod.
    private static func empty() -> PodLedger {
        var ledger = PodLedger()
        ledger.podsChanged(to: [])
        #expect(Self.take(&ledger) == [.scale(0)])
        return ledger
    }

    @Test("nothing is scaled before the pods are known")
    func unknown() {
        var ledger = PodLedger()
        ledger.started(Self.slot(1))
        #expect(Self.take(&ledger) == [])
        ledger.podsChanged(to: [Self.pod("a"), Self.pod("b"), Self.pod("c")])
        #expect(
            Self.take(&ledger) == [.adopt(count: 2), .bind(Self.slot(1), Self.pod("a")), .scale(1)]
        )
        // What is adopted raises the number again in the same round.
        ledger.started(Self.slot(2))
        ledger.started(Self.slot(3))
        #expect(
            Self.take(&ledger) == [
                .bind(Self.slot(2), Self.pod("b")), .scale(2), .bind(Self.slot(3), Self.pod("c")),
                .scale(3),
            ]
        )
    }

    @Test("from zero to one and back")
    func cycle() {
        var ledger = Self.empty()
        ledger.started(Self.slot(1))
        #expect(Self.take(&ledger) == [.scale(1)])
        ledger.podsChanged(to: [Self.pod("a")])
        #expect(Self.take(&ledger) == [.bind(Self.slot(1), Self.pod("a"))])
        _ = ledger.stopped(Self.slot(1))
        #expect(Self.take(&ledger) == [.scale(0)])
        ledger.podsChanged(to: [])
        #expect(Self.take(&ledger) == [])
    }

    @Test("when another pod goes than the one that was given back, that one is taken again")
    func otherPod() {
        var ledger = Self.empty()
        ledger.started(Self.slot(1))
        ledger.started(Self.slot(2))
        ledger.podsChanged(to: [Self.pod("a"), Self.pod("b")])
        _ = Self.take(&ledger)
        _ = ledger.stopped(Self.slot(2))
        #expect(Self.take(&ledger) == [.scale(1)])
        ledger.podsChanged(to: [Self.pod("b")])
        #expect(Self.take(&ledger) == [.doubt, .end(Self.slot(1)), .scale(0)])
        ledger.started(Self.slot(3))
        #expect(Self.take(&ledger) == [.bind(Self.slot(3), Self.pod("b")), .scale(1)])
    }

    @Test("a pod that was given back is used again when it is still there after a rest")
    func released() {
        var ledger = Self.empty()
        ledger.started(Self.slot(1))
        ledger.podsChanged(to: [Self.pod("a")])
        #expect(ledger.stopped(Self.slot(1)) == "a")
        _ = Self.take(&ledger)
        ledger.started(Self.slot(2))
        #expect(Self.take(&ledger) == [.scale(1)])
        ledger.rested("a")
        #expect(Self.take(&ledger) == [.bind(Self.slot(2), Self.pod("a"))])
    }

    @Test("a pod that refuses connections is left alone until it has rested")
    func refused() {
        var ledger = Self.empty()
        ledger.started(Self.slot(1))
        ledger.podsChanged(to: [Self.pod("a")])
        _ = Self.take(&ledger)
        #expect(ledger.refused(Self.slot(1)) == "a")
        #expect(ledger.refused(Self.slot(1)) == nil)
        #expect(Self.take(&ledger) == [.scale(0)])
        ledger.started(Self.slot(2))
        #expect(Self.take(&ledger) == [.scale(1)])
        ledger.podsChanged(to: [Self.pod("a"), Self.pod("b")])
        #expect(Self.take(&ledger) == [.bind(Self.slot(2), Self.pod("b"))])
        ledger.started(Self.slot(3))
        #expect(Self.take(&ledger) == [.scale(2)])
        ledger.rested("a")
        #expect(Self.take(&ledger) == [.bind(Self.slot(3), Self.pod("a"))])
    }

    @Test("a pod with another address is another place")
    func address() {
        var ledger = Self.empty()
        ledger.started(Self.slot(1))
        ledger.podsChanged(to: [Self.pod("a")])
        _ = Self.take(&ledger)
        var moved = Self.pod("a")
        moved.address = .ipv4Loopback(port: 99)
        ledger.podsChanged(to: [moved])
        #expect(Self.take(&ledger) == [.doubt, .end(Self.slot(1)), .scale(0)])
    }

    @Test("an activator that goes leaves the pods, and may have more started but not fewer")
    func keepPods() {
        var ledger = Self.empty()
        ledger.started(Self.slot(1))
        ledger.started(Self.slot(2))
        ledger.podsChanged(to: [Self.pod("a"), Self.pod("bb")])
        _ = Self.take(&ledger)
        ledger.keepPods()
        _ = ledger.stopped(Self.slot(1))
        _ = ledger.stopped(Self.slot(2))
        #expect(Self.take(&ledger) == [])
        for number in 3...5 { ledger.started(Self.slot(number)) }
        #expect(Self.take(&ledger).last == .scale(3))
    }

    @Test("what nobody knows of changes nothing")
    func strangers() {
        var ledger = Self.empty()
        #expect(ledger.stopped(Self.slot(9)) == nil)
        #expect(ledger.refused(Self.slot(9)) == nil)
        ledger.rested("nobody")
        #expect(Self.take(&ledger) == [])
    }
}

/// A random walk against a Deployment that adds and removes pods as it likes.
@Suite("Kubernetes: instances and pods, random walk")
struct PodLedgerWalkTests {
    private struct Walk {
        var random: SeededGenerator
        var ledger = PodLedger()
        var replicas = 3
        var pods: [PodEndpoint] = []
        var podLast = 0
        var instanceLast = 0
        /// Instances, and the pod that each was told.
        var instances: [PodLedger.Slot: PodEndpoint?] = [:]

        init(seed: UInt64) { self.random = SeededGenerator(seed: seed) }

        mutating func perform() {
            while let action = self.ledger.nextAction() {
                switch action {
                case .adopt(let count): for _ in 0..<count { self.start() }
                case .bind(let slot, let pod):
                    #expect(self.instances[slot] == .some(nil), "bound once, and asked for")
                    let others = self.instances.values.compactMap { $0?.id }
                    #expect(!others.contains(pod.id), "a pod has one instance")
                    #expect(self.pods.contains(pod))
                    self.instances[slot] = pod
                case .end(let slot):
                    #expect(self.instances[slot].flatMap { $0 } != nil, "only what had a pod ends")
                    self.instances[slot] = nil
                    if self.random.chance(50) { self.start() }
                case .scale(let replicas): self.replicas = replicas
                case .doubt: break
                }
            }
            #expect(self.ledger.wanted == self.instances.count)
        }

        mutating func start() {
            self.instanceLast += 1
            let claim = Int.random(in: 1...2, using: &self.random)
            let slot = PodLedger.Slot(
                claim: claim,
                instance: InstanceID(number: self.instanceLast)
            )
            self.instances[slot] = .some(nil)
            self.ledger.started(slot)
        }

        mutating func addPod() {
            self.podLast += 1
            self.pods.append(
                PodEndpoint(
                    id: "p\(self.podLast)",
                    name: "p\(self.podLast)",
                    address: .ipv4Loopback(port: UInt16(self.podLast))
                )
            )
        }

        mutating func step() {
            let slots = self.instances.keys.sorted {
                ($0.claim, $0.instance) < ($1.claim, $1.instance)
            }
            switch Int.random(in: 0..<8, using: &self.random) {
            case 0, 1: if self.instances.count < 6 { self.start() }
            case 2:
                guard let slot = slots.randomElement(using: &self.random) else { break }
                let pod = self.instances[slot].flatMap { $0 }
                self.instances[slot] = nil
                #expect(self.ledger.stopped(slot) == pod?.id)
                if let pod, self.random.chance(80) { self.ledger.rested(pod.id) }
            case 3:
                guard let slot = slots.randomElement(using: &self.random),
                    let pod = self.ledger.refused(slot)
                else { break }
                self.instances[slot] = nil
                if self.random.chance(80) { self.ledger.rested(pod) }
            case 4:
                guard !self.pods.isEmpty else { break }
                self.pods.remove(at: Int.random(in: self.pods.indices, using: &self.random))
                self.ledger.podsChanged(to: self.pods)
            default:
                if self.pods.count < self.replicas { self.addPod() }
                if self.pods.count > self.replicas {
                    self.pods.remove(at: Int.random(in: self.pods.indices, using: &self.random))
                }
                self.ledger.podsChanged(to: self.pods)
            }
            self.perform()
        }
    }

    @Test("each instance gets a pod of its own in the end", arguments: SeededGenerator.seeds(64))
    func walk(_ seed: UInt64) {
        var walk = Walk(seed: seed)
        for _ in 0..<300 { walk.step() }
        for pod in walk.pods { walk.ledger.rested(pod.id) }
        walk.perform()
        while walk.pods.count < walk.replicas {
            walk.addPod()
            walk.ledger.podsChanged(to: walk.pods)
            walk.perform()
        }
        #expect(walk.replicas == walk.instances.count)
        #expect(walk.instances.values.allSatisfy { $0 != nil })
    }
}
