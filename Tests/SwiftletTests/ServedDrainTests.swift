// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@testable import Swiftlet

@Suite("Drain and metrics, over sockets")
struct ServedDrainTests {
    @Test("while it stops, probes fail, requests are served, and what runs finishes")
    func drain() async throws {
        let gate = Gate()
        var function = Function()
        function.on("held") { _, _ in try await gate.pass() }
        function.get("/page") { _, _ in .text("page") }
        try await withServed(function) { served in
            #expect(try await served.get("/health/readiness").text == "READY")
            async let running = served.deliver("held")
            await gate.arrivals(1)
            await served.service.handler.stop()
            let stopping = "shutting down"
            for (target, fields) in [
                ("/health/readiness", ""), ("/", "K-Network-Probe: queue\r\n"),
                ("/page", "User-Agent: kube-probe/1.31\r\n"),
                ("/page", "User-Agent: Knative-Activator-Probe\r\n"),
            ] {
                let answer = try await served.get(target, fields)
                #expect(answer.status == 503)
                #expect(answer.text == stopping)
            }
            #expect(try await served.get("/health/liveness").text == "ALIVE")
            #expect(try await served.get("/page").text == "page")
            async let drained: Void = served.service.drain()
            gate.open()
            #expect(try await running.status == 200)
            await drained
            await #expect(throws: (any Error).self) { try await served.get("/page") }
        }
    }

    @Test("the drain waits for background work and for handlers without a client")
    func background() async throws {
        let done = Recorder<String>()
        let (gate, work) = (Gate(), Gate())
        var function = Function()
        function.on("quick") { _, context in
            try context.background {
                try await work.pass()
                done.append("background")
            }
        }
        function.on("held") { _, _ in
            try? await gate.pass()
            // Cancelled, and still at it.
            await Task.detached { try? await work.pass() }.value
            done.append("handler")
        }
        try await withServed(function) { served in
            #expect(try await served.deliver("quick").status == 200)
            let client = try served.client()
            try client.send(ServedFunction.delivery("held"))
            await gate.arrivals(1)
            client.reset()
            await work.arrivals(2)
            #expect(done.count == 0)
            async let drained: Void = served.service.drain()
            work.open()
            await drained
            #expect(done.values.sorted() == ["background", "handler"])
        }
    }

    @Test("what does not end in time is cut off")
    func deadline() async throws {
        let work = Gate()
        let cancelled = Gate()
        var function = Function()
        function.on("endless") { _, context in
            try context.background {
                do { try await work.pass() } catch {
                    cancelled.open()
                    throw error
                }
            }
        }
        try await withServed(function, settings: [.set(\.drainTimeout, .milliseconds(30))]) {
            served in
            #expect(try await served.deliver("endless").status == 200)
            await work.arrivals(1)
            await served.service.drain()
            try await cancelled.pass()
        }
    }

    @Test("a drain that is cut short ends at once, whatever still runs", arguments: [false, true])
    func cutShort(_ isBefore: Bool) async throws {
        let (gate, work) = (Gate(), Gate())
        var function = Function()
        function.on("held") { _, context in
            try context.background { try await work.pass() }
            // Cancelled, and still at it.
            await Task.detached { try? await gate.pass() }.value
        }
        let settings: [SettingChange] = [
            .set(\.drainTimeout, .seconds(3600)), .set(\.drainQuietPeriod, .seconds(3600)),
        ]
        try await withServed(function, settings: settings) { served in
            let client = try served.client()
            try client.send(ServedFunction.delivery("held"))
            await gate.arrivals(1)
            let service = served.service
            if isBefore { await served.loop.run { service.cutDrainShort() } }
            async let drained: Void = service.drain()
            if !isBefore {
                while try await served.get("/health/readiness").status != 503 {}
                await served.loop.run { service.cutDrainShort() }
            }
            await drained
            let isCut = try await TestThread.run { client.isCut() }
            #expect(isCut)
            gate.open()
            await service.handler.untilIdle()
        }
    }

    @Test("what is cut off tidies up before the drain ends")
    func tidies() async throws {
        let gate = Gate()
        let tidied = Recorder<String>()
        var function = Function()
        function.on("held") { _, context in
            try context.background {
                do { try await gate.pass() } catch { tidied.append("background") }
            }
            do { try await gate.pass() } catch { tidied.append("handler") }
        }
        try await withServed(function, settings: [.set(\.drainTimeout, .seconds(3600))]) {
            served in
            let client = try served.client()
            try client.send(ServedFunction.delivery("held"))
            await gate.arrivals(2)
            let service = served.service
            await served.loop.run { service.cutDrainShort() }
            await service.drain()
            #expect(tidied.values.sorted() == ["background", "handler"])
        }
    }

    @Test("requests are served until it is quiet, and only they keep it from being so")
    func quiet() async throws {
        var function = Function()
        function.get("/page") { _, _ in .text("page") }
        try await withServed(
            function,
            settings: [.set(\.drainQuietPeriod, .milliseconds(100))]
        ) { served in
            let handler = served.service.handler
            await handler.stop()
            let stoppedAt = await served.loop.run { handler.lastRequestAt }
            async let quiet: Void = handler.untilQuiet()
            let page = try await served.get("/page")
            #expect(page.text == "page")
            let askedAt = await served.loop.run { handler.lastRequestAt }
            #expect(askedAt > stoppedAt)
            for fields in ["User-Agent: kube-probe/1\r\n", "K-Network-Probe: queue\r\n"] {
                #expect(try await served.get("/page", fields).status == 503)
            }
            #expect(await served.loop.run { handler.lastRequestAt } == askedAt)
            await quiet
        }
    }

    @Test("metrics are served on a port of their own, and probes are not in them")
    func metrics() async throws {
        var function = Function()
        function.on("*") { _, _ in }
        try await withServed(function, ["METRICS_PORT": "0", "CONTAINER_CONCURRENCY": "3"]) {
            served in
            for _ in 0..<3 { _ = try await served.deliver("a") }
            _ = try await served.get("/nothing")
            _ = try await served.get("/", "K-Network-Probe: queue\r\n")
            _ = try await served.get("/", "User-Agent: kube-probe/1\r\n")
            let port = try #require(served.service.metricsPort)
            let answer = try await TestThread.run {
                try TestClient(port: port).exchange("GET /metrics HTTP/1.1\r\nHost: t\r\n\r\n")
            }
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
            let name = "kn_serving_invocation_duration_seconds_count"
            let counts = answer.text.split(separator: "\n").filter { $0.hasPrefix(name) }
            #expect(
                counts == [
                    "\(name){http_response_status_code=\"200\"} 3",
                    "\(name){http_response_status_code=\"405\"} 1",
                ]
            )
            for gauge in [
                "queue_average_concurrent_requests", "queue_requests_per_second",
                "kn_serving_queue_depth", "process_uptime",
            ] {
                #expect(answer.text.contains("\n\(gauge) "))
            }
            let other = try await TestThread.run {
                try TestClient(port: port).exchange("GET / HTTP/1.1\r\nHost: t\r\n\r\n")
            }
            #expect(other.status == 404)
        }
    }

    @Test("large events are decoded off the loop, and answered all the same")
    func large() async throws {
        var function = Function()
        function.on("echo", options: .loop) { event, _ in event }
        try await withServed(function) { served in
            let data = String(repeating: "x", count: 200_000)
            for tail in ["}", "]"] {
                let body =
                    #"{"specversion":"1.0","type":"echo","source":"/s","id":"1","data":"\#(data)""#
                    + tail
                let answer = try await served.exchange(
                    "POST / HTTP/1.1\r\nHost: t\r\nContent-Type: application/cloudevents+json\r\n"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
                )
                #expect(answer.status == (tail == "}" ? 200 : 400))
                if tail == "}" { #expect(answer.body.count > data.utf8.count) }
            }
        }
    }
}
