// SPDX-License-Identifier: Apache-2.0

import Autoscaler
import EventLoop
import Glibc
import HTTP
import TestSupport
import Testing

@testable import Activator

extension ProcessTests {
    /// What the activator promises, under more of everything than it will ever see.
    @Suite("Promises")
    struct ProofTests {
        /// As many turns as the machine has time for, from ten to a thousand: zero, one, zero.
        @Test("from zero to one and back, with clients at once, no request fails or comes twice")
        func cycles() async throws {
            try await Stage.with([TestFunction.spec { $0.idleWindow = .milliseconds(1) }]) {
                stage in
                let before = openDescriptorCount()
                let end = MonotonicTime.now().advanced(by: .seconds(20))
                var cycles = 0
                while cycles < 10 || cycles < 1000 && MonotonicTime.now() < end {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for client in 0..<3 {
                            group.addTask {
                                let body = Array(
                                    "\(client) in \(UInt64.random(in: 0 ... .max))".utf8
                                )
                                let answer = try await stage.request(
                                    "/echo",
                                    method: .post,
                                    body: body
                                )
                                #expect(answer.status == .ok && answer.body == body)
                            }
                        }
                        try await group.waitForAll()
                    }
                    let deadline = Duration.seconds(60)
                    #expect(
                        await stage.activator.waitUntilIdle(service: "probe", deadline: deadline)
                    )
                    cycles += 1
                }
                let status = try await stage.status
                #expect(status.requestsTotal == UInt64(3 * cycles) && status.crashesTotal == 0)
                #expect(status.startedTotal >= UInt64(cycles), "\(cycles) cycles")
                try await stage.waitForDescriptors(atMost: before + 2)
            }
        }

        @Test(
            "a burst at zero is served, or refused by the bound of the queue",
            arguments: [1, 10]
        )
        func burst(_ concurrency: Int) async throws {
            let spec = TestFunction.spec {
                $0.containerConcurrency = concurrency
                $0.scale.max = 2
                $0.idleWindow = .milliseconds(50)
            }
            let connections = 100
            let pipelined = 100
            let queueMax = 5000
            try await Stage.with([spec], configured { $0.queueCountMax = queueMax }) { stage in
                let answers = Counted()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<connections {
                        group.addTask {
                            let connection = try await stage.connect()
                            for _ in 0..<pipelined {
                                try await connection.send(.get, "/hello")
                                let answer = try await connection.receive()
                                let isBound =
                                    answer.status == .serviceUnavailable
                                    && answer.fields["retry-after"] != nil
                                answers.count(answer.text == "hello" || isBound)
                            }
                            await connection.close(reset: false)
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(answers.good == connections * pipelined && answers.bad == 0)
                let deadline = Duration.seconds(60)
                #expect(await stage.activator.waitUntilIdle(service: "probe", deadline: deadline))
                let status = try await stage.status
                #expect(status.requestsTotal == 10_000 && status.crashesTotal == 0)
            }
        }

        @Test("ten thousand at once, on connections of their own, are each answered")
        func tenThousand() async throws {
            let spec = TestFunction.spec {
                $0.containerConcurrency = 10
                $0.scale.max = 2
            }
            let count = min(10_000, Self.descriptorsFree / 2 - 200)
            try await Stage.with([spec], configured { $0.queueCountMax = 4000 }) { stage in
                let answers = Counted()
                let refused = Counted()
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<count {
                        group.addTask {
                            let answer = try? await stage.request("/hello")
                            if answer?.status == .serviceUnavailable {
                                refused.count(answer?.fields["retry-after"] == "1")
                            } else {
                                answers.count(answer?.text == "hello")
                            }
                        }
                    }
                }
                #expect(answers.bad == 0 && refused.bad == 0)
                #expect(answers.good + refused.good == count && answers.good > 0)
            }
        }

        /// How many descriptors this process may still open.
        static var descriptorsFree: Int {
            var limit = rlimit()
            guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
                return 0
            }
            return Int(clamping: limit.rlim_cur) - openDescriptorCount()
        }

        @Test("instances killed under load fail only what had reached them", arguments: [UInt64(7)])
        func kills(_ seed: UInt64) async throws {
            let spec = TestFunction.spec {
                $0.containerConcurrency = 4
                $0.scale.max = 3
                $0.idleWindow = .seconds(5)
            }
            try await Stage.with([spec], configured { $0.startFailuresMax = 1000 }) { stage in
                let answers = Counted()
                var random = SeededGenerator(seed: seed)
                let lost = try await withThrowingTaskGroup(of: Int.self) { group in
                    for _ in 0..<12 {
                        group.addTask {
                            var lost = 0
                            while !answers.isOver {
                                let body = Array("a body".utf8)
                                let answer = try await stage.request(
                                    "/echo",
                                    method: .post,
                                    body: body
                                )
                                if answer.status == .badGateway {
                                    lost += 1
                                    // It is said which function, and how its process ended.
                                    #expect(answer.text.contains("test/probe"))
                                } else {
                                    answers.count(answer.status == .ok && answer.body == body)
                                }
                            }
                            return lost
                        }
                    }
                    for _ in 0..<20 {
                        let before = answers.good
                        let pids = try await stage.status.instances.filter { $0.state == .ready }
                        if let pid = pids.randomElement(using: &random)?.processID, pid > 0 {
                            kill(pid, SIGKILL)
                        }
                        while answers.good < before + 25, answers.bad == 0 {
                            await stage.clientLoop.wait(for: .milliseconds(1))
                        }
                    }
                    answers.end()
                    return try await group.reduce(0, +)
                }
                #expect(answers.bad == 0)
                // Each kill can hit no more than the four that the instance had.
                #expect(lost <= 20 * 4, "\(lost) lost")
                #expect(try await stage.request("/hello").text == "hello")
            }
        }

        @Test("a hundred megabytes of log, and garbage for an answer, harm nobody else")
        func badChildren() async throws {
            let loud = TestFunction.spec("loud") { $0.idleWindow = .milliseconds(1) }
            let good = TestFunction.spec("good")
            try await Stage.with([loud, good]) { stage in
                let host: HTTPFields = ["Host": "loud.test"]
                async let flooded = stage.request("/flood/100000", host)
                for _ in 0..<50 {
                    #expect(
                        try await stage.request("/hello", ["Host": "good.test"]).text == "hello"
                    )
                }
                #expect(try await flooded.text == "flooded")
                let garbage = try await stage.request("/garbage", host)
                #expect(garbage.status == .badGateway)
                #expect(try await stage.request("/hello", ["Host": "good.test"]).text == "hello")
            }
        }

        @Test("a thousand functions at zero have no process and no timer")
        func thousandFunctions() async throws {
            let specs = (0..<1000).map { number in
                TestFunction.spec("probe\(number)") { $0.autoscaling = .init() }
            }
            let before = openDescriptorCount()
            try await Stage.with(specs) { stage in
                await stage.activator.start()
                let statuses = await stage.activator.status()
                #expect(statuses.count == 1000)
                #expect(statuses.allSatisfy { $0.instances.isEmpty && $0.nextDecision == nil })
                let answer = try await stage.request("/hello", ["Host": "probe777.test.localhost"])
                #expect(answer.text == "hello")
                #expect(openDescriptorCount() < before + 40)
            }
        }
    }
}
