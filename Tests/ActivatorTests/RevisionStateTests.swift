// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Testing

@testable import Activator

@Suite("Revision state")
struct RevisionStateTests {
    /// A state with a clock that stands still, and the actions as they come.
    struct Machine {
        var state: RevisionState
        var now = MonotonicTime(nanoseconds: 1_000_000_000)

        init(target: Double = 1, _ change: (inout RevisionLimits) -> Void = { _ in }) {
            var limits = RevisionLimits()
            change(&limits)
            self.state = RevisionState(limits: limits, policy: DemandScaling(target: target))
        }

        /// Takes all actions but wishes to be woken.
        mutating func actions() -> [RevisionAction] {
            var actions: [RevisionAction] = []
            while let action = self.state.nextAction() {
                if case .wake = action { continue }
                actions.append(action)
            }
            return actions
        }

        mutating func arrive(bytes: Int = 1) -> RequestID {
            self.state.requestArrived(bytes: bytes, at: self.now)
        }

        mutating func accept(_ number: Int) {
            self.state.instanceAccepts(InstanceID(number: number), at: self.now)
        }

        mutating func answer(_ number: Int) {
            self.state.instanceAnswered(InstanceID(number: number), at: self.now)
        }

        mutating func exit(_ number: Int) {
            self.state.instanceExited(InstanceID(number: number), at: self.now)
        }

        mutating func finish(_ id: RequestID) { self.state.requestFinished(id, at: self.now) }

        mutating func pass(_ duration: Duration) {
            self.now = self.now.advanced(by: duration)
            self.state.timerFired(at: self.now)
        }
    }

    static func id(_ number: Int) -> InstanceID { InstanceID(number: number) }

    @Test("the first request starts an instance and goes to it when it accepts")
    func coldStart() {
        var machine = Machine()
        let request = machine.arrive()
        #expect(machine.actions() == [.start(Self.id(1))])
        machine.accept(1)
        #expect(machine.actions() == [.dispatch(request, Self.id(1))])
        machine.answer(1)
        machine.finish(request)
        #expect(machine.actions() == [])
        let next = machine.arrive()
        #expect(machine.actions() == [.dispatch(next, Self.id(1))])
    }

    @Test("requests go in the order of their arrival")
    func order() {
        var machine = Machine { $0.instancesMax = 1 }
        let requests = (0..<5).map { _ in machine.arrive() }
        #expect(machine.actions() == [.start(Self.id(1))])
        machine.accept(1)
        for request in requests {
            #expect(machine.actions() == [.dispatch(request, Self.id(1))])
            machine.finish(request)
        }
        #expect(machine.actions() == [])
    }

    @Test("each request that finds no room gets an instance, up to the bound")
    func scalesUp() {
        var machine = Machine { $0.instancesMax = 3 }
        for _ in 0..<10 { _ = machine.arrive() }
        #expect(machine.actions() == [1, 2, 3].map { .start(Self.id($0)) })
    }

    @Test("an instance whose start is over takes its share before it has answered anything")
    func started() {
        var machine = Machine(target: 1) {
            $0.instanceCapacity = 100
            $0.instanceTarget = 100
            $0.instancesInitial = 2
        }
        machine.state.began(at: machine.now)
        machine.accept(1)
        machine.accept(2)
        let first = machine.arrive()
        machine.answer(1)
        let second = machine.arrive()
        #expect(
            machine.actions() == [
                .start(Self.id(1)), .start(Self.id(2)), .dispatch(first, Self.id(1)),
                .dispatch(second, Self.id(1)),
            ],
            "the one that is known to serve is preferred"
        )
        machine.state.instanceStarted(Self.id(2))
        let third = machine.arrive()
        #expect(machine.actions().first == .dispatch(third, Self.id(2)), "the other one has two")
        machine.state.instanceStarted(Self.id(7))
    }

    @Test("with a soft target a second instance starts when the first is full of it")
    func softTarget() {
        var machine = Machine(target: 2) {
            $0.instanceCapacity = 100
            $0.instanceTarget = 2
        }
        let first = machine.arrive()
        machine.accept(1)
        machine.answer(1)
        let second = machine.arrive()
        #expect(
            machine.actions() == [
                .start(Self.id(1)), .dispatch(first, Self.id(1)), .dispatch(second, Self.id(1)),
            ]
        )
        let third = machine.arrive()
        #expect(machine.actions() == [.dispatch(third, Self.id(1)), .start(Self.id(2))])
        machine.accept(2)
        let fourth = machine.arrive()
        #expect(machine.actions() == [.dispatch(fourth, Self.id(2))])
    }

    @Test("the oldest idle instance is taken, and one that has answered before one that has not")
    func choice() {
        var machine = Machine { $0.instancesMax = 2 }
        let requests = [machine.arrive(), machine.arrive()]
        machine.accept(1)
        machine.accept(2)
        machine.answer(2)
        for request in requests { machine.finish(request) }
        _ = machine.actions()
        let next = machine.arrive()
        #expect(machine.actions() == [.dispatch(next, Self.id(2))])
        machine.finish(next)
        machine.answer(1)
        let last = machine.arrive()
        #expect(machine.actions() == [.dispatch(last, Self.id(1))])
    }

    @Test("the queue holds exactly as many as it may")
    func queueBound() {
        var machine = Machine {
            $0.instancesMax = 1
            $0.queueCountMax = 3
        }
        for _ in 0..<3 { _ = machine.arrive() }
        #expect(machine.actions() == [.start(Self.id(1))])
        let refused = machine.arrive()
        #expect(machine.actions() == [.refuse(refused, .queueFull)])
        #expect(machine.state.requests.queuedCount == 3)
    }

    @Test("the queue holds exactly as many bytes as it may")
    func queueBytes() {
        var machine = Machine {
            $0.instancesMax = 1
            $0.queueBytesMax = 10
        }
        _ = machine.arrive(bytes: 4)
        let last = machine.arrive(bytes: 6)
        #expect(machine.actions() == [.start(Self.id(1))])
        let refused = machine.arrive(bytes: 1)
        #expect(machine.actions() == [.refuse(refused, .queueBytesFull)])
        machine.state.requestFinished(last, at: machine.now)
        _ = machine.arrive(bytes: 6)
        #expect(machine.actions() == [])
    }

    @Test("what all revisions share is a bound too, of requests and of bytes")
    func sharedRoom() {
        var machine = Machine { $0.instancesMax = 1 }
        machine.state.sharedRoom = QueueRoom(count: 1, bytes: 10)
        _ = machine.arrive(bytes: 10)
        #expect(machine.actions() == [.start(Self.id(1))])
        let large = machine.arrive(bytes: 11)
        #expect(machine.actions() == [.refuse(large, .allQueuesFull)])
        machine.state.sharedRoom = QueueRoom(count: 0, bytes: 100)
        let late = machine.arrive(bytes: 1)
        #expect(machine.actions() == [.refuse(late, .allQueuesFull)])
    }

    @Test("a request whose client left is not dispatched")
    func cancelled() {
        var machine = Machine { $0.instancesMax = 1 }
        let requests = (0..<3).map { _ in machine.arrive() }
        machine.state.requestFinished(requests[1], at: machine.now)
        machine.accept(1)
        machine.finish(requests[0])
        machine.finish(requests[2])
        #expect(
            machine.actions() == [
                .start(Self.id(1)), .dispatch(requests[0], Self.id(1)),
                .dispatch(requests[2], Self.id(1)),
            ]
        )
    }

    @Test("a request waits as long as it may and no longer")
    func queueTimeout() {
        var machine = Machine {
            $0.queueTimeout = .seconds(5)
            $0.instancesMax = 1
        }
        let first = machine.arrive()
        machine.pass(.seconds(1))
        let second = machine.arrive()
        _ = machine.actions()
        machine.pass(.milliseconds(3999))
        #expect(machine.actions() == [])
        machine.pass(.milliseconds(1))
        #expect(machine.actions() == [.refuse(first, .queueTimedOut)])
        machine.pass(.seconds(1))
        #expect(machine.actions() == [.refuse(second, .queueTimedOut)])
    }

    @Test("an instance ends when it was idle for the whole window")
    func toZero() {
        var machine = Machine { $0.idleWindow = .seconds(60) }
        let request = machine.arrive()
        machine.accept(1)
        machine.pass(.seconds(100))
        machine.finish(request)
        _ = machine.actions()
        machine.pass(.milliseconds(59_999))
        #expect(machine.actions() == [])
        machine.pass(.milliseconds(1))
        #expect(machine.actions() == [.stop(Self.id(1))])
        machine.exit(1)
        #expect(machine.state.isEmpty)
        let next = machine.arrive()
        #expect(machine.actions() == [.start(Self.id(2))])
        machine.accept(2)
        #expect(machine.actions() == [.dispatch(next, Self.id(2))])
    }

    @Test("a request within the window keeps the instance")
    func staysBusy() {
        var machine = Machine { $0.idleWindow = .seconds(60) }
        for _ in 0..<5 {
            let request = machine.arrive()
            if machine.state.instances[0].phase == .starting { machine.accept(1) }
            machine.finish(request)
            machine.pass(.seconds(59))
        }
        #expect(!machine.actions().contains(.stop(Self.id(1))))
        machine.pass(.seconds(1))
        #expect(machine.actions() == [.stop(Self.id(1))])
    }

    @Test("the state asks to be woken when something will be due, and once")
    func wakes() {
        var machine = Machine { $0.idleWindow = .seconds(60) }
        let request = machine.arrive()
        machine.accept(1)
        machine.finish(request)
        var wakes: [MonotonicTime] = []
        while let action = machine.state.nextAction() {
            if case .wake(let time) = action { wakes.append(time) }
        }
        // The request left the queue within its own event, so only the idle window counts.
        #expect(wakes == [machine.now.advanced(by: .seconds(60))])
    }

    @Test("fewest instances are started, kept and replaced")
    func minScale() {
        var machine = Machine {
            $0.instancesMin = 2
            $0.idleWindow = .seconds(60)
        }
        machine.state.began(at: machine.now)
        #expect(machine.actions() == [.start(Self.id(1)), .start(Self.id(2))])
        machine.accept(1)
        machine.accept(2)
        machine.answer(1)
        machine.answer(2)
        machine.pass(.seconds(1000))
        #expect(machine.actions() == [])
        machine.exit(1)
        #expect(machine.actions() == [.start(Self.id(3))])
    }

    @Test("instances beyond the fewest end, the youngest first")
    func surplus() {
        var machine = Machine {
            $0.instancesMin = 1
            $0.idleWindow = .seconds(60)
        }
        let requests = (0..<3).map { _ in machine.arrive() }
        for number in 1...3 { machine.accept(number) }
        for request in requests { machine.finish(request) }
        _ = machine.actions()
        machine.pass(.seconds(60))
        #expect(machine.actions() == [.stop(Self.id(3)), .stop(Self.id(2))])
    }

    @Test("initial instances are started once")
    func initialScale() {
        var machine = Machine {
            $0.instancesInitial = 1
            $0.idleWindow = .seconds(60)
        }
        machine.state.began(at: machine.now)
        machine.accept(1)
        machine.pass(.seconds(60))
        machine.exit(1)
        #expect(machine.actions() == [.start(Self.id(1)), .stop(Self.id(1))])
    }

    @Test("a crash loop is answered, rested, and tried again by the next request")
    func crashLoop() {
        var machine = Machine {
            $0.backOff = StartBackOff(failuresMax: 3, restMin: .seconds(1), restMax: .seconds(3))
        }
        let request = machine.arrive()
        machine.exit(1)
        machine.exit(2)
        #expect(machine.actions() == [1, 2, 3].map { .start(Self.id($0)) })
        machine.exit(3)
        #expect(machine.actions() == [.refuse(request, .startsRest(.seconds(1)))])
        machine.pass(.milliseconds(600))
        let early = machine.arrive()
        #expect(machine.actions() == [.refuse(early, .startsRest(.milliseconds(400)))])
        for rest in [2, 3, 3] {
            machine.pass(.seconds(3))
            let later = machine.arrive()
            guard case .start(let id)? = machine.actions().first else {
                Issue.record("the next request tries again")
                return
            }
            machine.exit(id.number)
            #expect(machine.actions() == [.refuse(later, .startsRest(.seconds(rest)))])
        }
        machine.pass(.seconds(3))
        let good = machine.arrive()
        machine.accept(7)
        machine.answer(7)
        machine.finish(good)
        #expect(machine.actions() == [.start(Self.id(7)), .dispatch(good, Self.id(7))])
        // All is forgiven: the first failure is tried again at once.
        machine.exit(7)
        _ = machine.arrive()
        machine.exit(8)
        #expect(machine.actions() == [.start(Self.id(8)), .start(Self.id(9))])
    }

    @Test("a working instance goes on while others crash")
    func partialCrash() {
        var machine = Machine { $0.instancesMax = 4 }
        let first = machine.arrive()
        machine.accept(1)
        machine.answer(1)
        let waiting = machine.arrive()
        machine.exit(2)
        machine.exit(3)
        machine.exit(4)
        #expect(
            machine.actions() == [
                .start(Self.id(1)), .dispatch(first, Self.id(1)), .start(Self.id(2)),
                .start(Self.id(3)), .start(Self.id(4)),
            ]
        )
        machine.finish(first)
        #expect(machine.actions() == [.dispatch(waiting, Self.id(1))])
    }

    @Test("a request that was never seen goes first again")
    func returned() {
        var machine = Machine { $0.instancesMax = 1 }
        let first = machine.arrive()
        let second = machine.arrive()
        machine.accept(1)
        machine.exit(1)
        machine.state.requestReturned(first, at: machine.now)
        machine.accept(2)
        #expect(
            machine.actions() == [
                .start(Self.id(1)), .dispatch(first, Self.id(1)), .start(Self.id(2)),
                .dispatch(first, Self.id(2)),
            ]
        )
        #expect(machine.state.requests.first == second)
    }

    @Test("a stop serves what is there, ends what is idle, and takes nothing new")
    func stops() {
        var machine = Machine { $0.instancesMax = 2 }
        let requests = (0..<3).map { _ in machine.arrive() }
        machine.accept(1)
        machine.accept(2)
        _ = machine.actions()
        machine.state.stopBegan(at: machine.now)
        let late = machine.arrive()
        #expect(machine.actions() == [.refuse(late, .stopping)])
        machine.finish(requests[0])
        #expect(machine.actions() == [.dispatch(requests[2], Self.id(1))])
        machine.finish(requests[1])
        #expect(machine.actions() == [.stop(Self.id(2))])
        machine.finish(requests[2])
        #expect(machine.actions() == [.stop(Self.id(1))])
        machine.exit(1)
        machine.exit(2)
        #expect(machine.state.isEmpty)
    }

    @Test("at the end of its time a stop refuses and kills")
    func stopDeadline() {
        var machine = Machine { $0.instancesMax = 1 }
        let requests = (0..<2).map { _ in machine.arrive() }
        machine.accept(1)
        machine.state.stopBegan(at: machine.now)
        _ = machine.actions()
        machine.state.stopDeadlinePassed()
        #expect(
            machine.actions() == [.refuse(requests[1], .stopping), .kill(Self.id(1))]
        )
        machine.exit(1)
        machine.finish(requests[0])
        #expect(machine.state.isEmpty)
    }
}
