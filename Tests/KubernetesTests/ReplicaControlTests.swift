// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Kubernetes

@Suite("Kubernetes: when the number of pods is told")
struct ReplicaControlTests {
    private static let failure = KubernetesError(.serverFailed, "test")

    @Test("once, and what was wanted meanwhile afterwards")
    func oneAtATime() {
        var control = ReplicaControl()
        #expect(control.nextRequest() == nil)
        control.want(1)
        #expect(control.nextRequest() == 1)
        #expect(control.nextRequest() == nil)
        control.want(2)
        control.want(3)
        #expect(control.nextRequest() == nil)
        control.succeeded()
        #expect(control.nextRequest() == 3)
        control.succeeded()
        #expect(control.nextRequest() == nil)
        #expect(control.isSettled)
        control.want(3)
        #expect(control.nextRequest() == nil)
        control.want(0)
        #expect(!control.isSettled)
        #expect(control.nextRequest() == 0)
    }

    @Test("after a failure not before the rest is over, and no sooner than the server asks")
    func rest() {
        var control = ReplicaControl()
        control.want(1)
        _ = control.nextRequest()
        #expect(control.failed(Self.failure, jitter: 1) == .milliseconds(100))
        control.want(2)
        #expect(control.nextRequest() == nil)
        control.rested()
        #expect(control.nextRequest() == 2)
        let asked = KubernetesError(.throttled, "test", retryAfter: .seconds(7))
        #expect(control.failed(asked, jitter: 1) == .seconds(7))
        control.rested()
        #expect(control.nextRequest() == 2)
    }

    @Test("a doubt has it told again, also one that comes while it is told")
    func doubt() {
        var control = ReplicaControl()
        control.doubt()
        #expect(control.nextRequest() == nil)
        control.want(1)
        _ = control.nextRequest()
        control.doubt()
        #expect(control.nextRequest() == nil)
        control.succeeded()
        #expect(control.nextRequest() == 1)
        control.succeeded()
        #expect(control.nextRequest() == nil)
        control.doubt()
        #expect(control.nextRequest() == 1)
    }

    @Test("in the end the server has what was wanted last", arguments: SeededGenerator.seeds(64))
    func walk(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var control = ReplicaControl()
        var (server, wanted) = (7, 0)
        var underWay: Int?
        control.want(0)
        func settle() {
            if let replicas = control.nextRequest() {
                #expect(underWay == nil, "one request at a time")
                underWay = replicas
            }
        }
        for _ in 0..<300 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                wanted = Int.random(in: 0...5, using: &random)
                control.want(wanted)
            case 1:
                server = Int.random(in: 0...5, using: &random)
                control.doubt()
            case 2, 3:
                guard let replicas = underWay.take() else { break }
                server = replicas
                control.succeeded()
            case 4:
                guard let replicas = underWay.take() else { break }
                // Nobody knows whether it was carried out.
                if random.chance(50) { server = replicas }
                _ = control.failed(Self.failure, jitter: 0)
            default: control.rested()
            }
            settle()
        }
        control.rested()
        for _ in 0..<3 {
            settle()
            guard let replicas = underWay.take() else { break }
            server = replicas
            control.succeeded()
        }
        #expect(server == wanted)
        #expect(control.isSettled)
    }
}
