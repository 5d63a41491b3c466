// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Testing

@testable import Activator

/// What the state of a revision makes of instances that come and go by themselves.
@Suite("Kubernetes: instances that nobody asked for, and that leave")
struct PodStateTests {
    private static let now = MonotonicTime(nanoseconds: 1)

    private static func state(
        _ change: (inout RevisionLimits) -> Void = { _ in }
    ) -> RevisionState {
        var limits = RevisionLimits()
        change(&limits)
        return RevisionState(limits: limits, policy: DemandScaling(target: 1))
    }

    private static func take(_ state: inout RevisionState) -> [RevisionAction] {
        var actions: [RevisionAction] = []
        while let action = state.nextAction() { actions.append(action) }
        return actions
    }

    @Test("as many are taken over as may be, and none by one that ends", arguments: [0, 1, 4, 5])
    func found(_ count: Int) {
        var state = Self.state { $0.instancesMax = 4 }
        state.instancesFound(count, at: Self.now)
        #expect(state.liveCount == min(count, 4))
        state.instancesFound(count, at: Self.now)
        #expect(state.liveCount == min(count, 4))
        var stopping = Self.state()
        stopping.stopBegan(at: Self.now)
        stopping.instancesFound(count, at: Self.now)
        #expect(stopping.isEmpty)
    }

    @Test("what was taken over and is idle goes when its window is over")
    func idle() {
        var state = Self.state()
        state.instancesFound(1, at: Self.now)
        #expect(Self.take(&state) == [.start(InstanceID(number: 1))])
        state.instanceAccepts(InstanceID(number: 1), at: Self.now)
        let end = Self.now.advanced(by: state.limits.idleWindow)
        #expect(Self.take(&state) == [.wake(end)])
        state.timerFired(at: end)
        #expect(Self.take(&state) == [.stop(InstanceID(number: 1))])
    }

    @Test("an instance that was taken away holds no start back; one that failed does")
    func leaving() {
        for isFailure in [false, true] {
            var state = Self.state()
            _ = state.requestArrived(bytes: 0, at: Self.now)
            for number in 1...state.limits.backOff.failuresMax {
                let id = InstanceID(number: number)
                #expect(Self.take(&state).contains(.start(id)))
                state.instanceExited(id, isFailure: isFailure, at: Self.now)
                // The request still waits, and another instance is wanted at once.
            }
            let last = InstanceID(number: state.limits.backOff.failuresMax + 1)
            #expect(Self.take(&state).contains(.start(last)) == !isFailure)
        }
    }

    @Test("a request that was with an instance that left waits for the next one")
    func returned() {
        var state = Self.state()
        let request = state.requestArrived(bytes: 0, at: Self.now)
        state.instanceAccepts(InstanceID(number: 1), at: Self.now)
        _ = Self.take(&state)
        state.instanceExited(InstanceID(number: 1), isFailure: false, at: Self.now)
        #expect(Self.take(&state) == [])
        state.requestReturned(request, at: Self.now)
        #expect(Self.take(&state).contains(.start(InstanceID(number: 2))))
        state.instanceAccepts(InstanceID(number: 2), at: Self.now)
        #expect(Self.take(&state).contains(.dispatch(request, InstanceID(number: 2))))
    }
}
