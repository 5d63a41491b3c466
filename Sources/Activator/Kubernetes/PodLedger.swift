// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Kubernetes

/// Pairs the instances that revisions want with the pods that a Deployment has.
///
/// Which pod is the next to go is for Kubernetes to say, so an instance that ends only lowers the
/// number of pods, and one whose pod goes has ended. No I/O, no clock, no randomness. What is to be
/// done comes out of ``nextAction()``, after each event.
struct PodLedger {
    /// An instance of one of the revisions that share the Deployment.
    struct Slot: Hashable {
        /// The revision.
        var claim: Int
        /// Its instance.
        var instance: InstanceID
    }

    /// What is to be done.
    enum Action: Equatable {
        /// Pods were there before anybody asked: somebody takes them over, by as many `started`.
        case adopt(count: Int)
        /// The instance runs in this pod.
        case bind(Slot, PodEndpoint)
        /// The instance's pod is gone.
        case end(Slot)
        /// There should be so many pods.
        case scale(Int)
        /// The number of pods may have been changed by somebody else.
        case doubt
    }

    /// Instances without a pod, in the order in which they were started.
    private(set) var waiting: [Slot] = []
    /// Instances with a pod.
    private(set) var bound: [(slot: Slot, pod: PodEndpoint)] = []
    /// The pods that take requests; `nil` until they are known.
    private var ready: [PodEndpoint]?
    /// Pods whose instance has ended: likely to go, and left alone until it shows that they stay.
    private var released: Set<String> = []
    /// Pods that refused a connection, and are left alone for a moment.
    private var refusing: Set<String> = []
    /// How many pods are left behind when nobody asks for them any more.
    private var keptCount = 0
    private var scaledTo: Int?
    private var actions: [Action] = []

    /// How many pods there should be.
    var wanted: Int { max(self.keptCount, self.waiting.count + self.bound.count) }

    /// Takes the next thing to be done.
    mutating func nextAction() -> Action? {
        self.actions.isEmpty ? nil : self.actions.removeFirst()
    }

    // MARK: Instances

    /// A revision wants another instance.
    mutating func started(_ slot: Slot) {
        self.waiting.append(slot)
        self.settle()
    }

    /// A revision has no use for an instance any more.
    ///
    /// - Returns: Its pod, which is left alone until ``rested(_:)``, for it is likely to go; `nil`
    ///   for an instance without.
    mutating func stopped(_ slot: Slot) -> String? {
        self.waiting.removeAll { $0 == slot }
        let pod = self.unbind(slot)
        if let pod { self.released.insert(pod.id) }
        self.settle()
        return pod?.id
    }

    /// The pod of an instance takes no connections, whatever Kubernetes knows: the instance has
    /// ended.
    ///
    /// - Returns: The pod that is left alone until ``rested(_:)``; `nil` for an instance without.
    mutating func refused(_ slot: Slot) -> String? {
        guard let pod = self.unbind(slot) else { return nil }
        self.refusing.insert(pod.id)
        self.settle()
        return pod.id
    }

    /// A pod that was left alone, and is still there, may be used again.
    mutating func rested(_ pod: String) {
        self.released.remove(pod)
        self.refusing.remove(pod)
        self.settle()
    }

    private mutating func unbind(_ slot: Slot) -> PodEndpoint? {
        guard let index = self.bound.firstIndex(where: { $0.slot == slot }) else { return nil }
        return self.bound.remove(at: index).pod
    }

    // MARK: Pods

    /// The pods that take requests are these now.
    mutating func podsChanged(to pods: [PodEndpoint]) {
        let isFirst = self.ready == nil
        self.ready = pods
        let ids = Set(pods.map(\.id))
        self.released.formIntersection(ids)
        self.refusing.formIntersection(ids)
        let there = Set(pods)
        let lost = self.bound.filter { !there.contains($0.pod) }.map(\.slot)
        if !lost.isEmpty {
            self.bound.removeAll { !there.contains($0.pod) }
            // Whoever took the pod away may have taken away a replica.
            self.actions.append(.doubt)
            // It went in the place of one that was given back, as a rule.
            let spared = pods.lazy.map(\.id).filter(self.released.contains).prefix(lost.count)
            self.released.subtract(Array(spared))
            self.actions += lost.map { .end($0) }
        }
        let surplus = pods.count - self.waiting.count
        if isFirst, surplus > 0 { self.actions.append(.adopt(count: surplus)) }
        self.settle()
    }

    /// The activator goes, and the pods stay for the next one.
    mutating func keepPods() { self.keptCount = self.wanted }

    // MARK: What follows from any event

    private mutating func settle() {
        guard let ready = self.ready else { return }
        self.bindWaiting(ready)
        guard self.scaledTo != self.wanted else { return }
        self.scaledTo = self.wanted
        self.actions.append(.scale(self.wanted))
    }

    private mutating func bindWaiting(_ ready: [PodEndpoint]) {
        guard !self.waiting.isEmpty else { return }
        let taken = Set(self.bound.map(\.pod.id))
        let avoided = taken.union(self.released).union(self.refusing)
        for pod in ready where !self.waiting.isEmpty && !avoided.contains(pod.id) {
            let slot = self.waiting.removeFirst()
            self.bound.append((slot, pod))
            self.actions.append(.bind(slot, pod))
        }
    }
}
