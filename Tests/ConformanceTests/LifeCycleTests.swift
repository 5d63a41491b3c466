// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import TestSupport
import Testing

@Suite("Runtime contract: start and stop")
struct LifeCycleTests {
    @Test("it listens on PORT, on every interface")
    func port() async throws {
        // A port that was free a moment ago.
        let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
        let port = try Socket.localAddress(of: listener).port
        Socket.close(listener)
        let log = try await FunctionProcess.with(.knative(["PORT": "\(port)"])) { process in
            #expect(try await process.port() == port)
            #expect(try await process.get("/health/readiness").status == 200)
            return try await process.errors(upTo: "Listening.")
        }
        #expect(log.contains("[::]:\(port)") || log.contains("0.0.0.0:\(port)"))
    }

    @Test("it serves the socket that it inherits, also what came before it was ready")
    func inherited() async throws {
        let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
        let port = try Socket.localAddress(of: listener).port
        let early = try TestClient(port: port)
        try early.send("GET /health/liveness HTTP/1.1\r\nHost: a\r\n\r\n")
        var plan = FunctionProcess.Plan.knative(["PORT": "1"])
        plan.listeningDescriptor = listener
        try await FunctionProcess.with(plan) { process in
            let answer = try await TestThread.run { try early.answer() }
            #expect(answer.text == "ALIVE")
            #expect(try await process.port() == port)
        }
        Socket.close(listener)
    }

    @Test("SIGTERM ends an idle one, with exit code 0", arguments: [SIGTERM, SIGINT])
    func idle(_ signal: Int32) async throws {
        let end = try await FunctionProcess.with(.knative()) { process in
            _ = try await process.port()
            process.signal(signal)
            return try await process.ended()
        }
        #expect(end == .exited(0))
    }

    /// Sends half a body to be echoed, and the signal.
    ///
    /// - Returns: The client, once the port is closed.
    private static func drainBegun(_ process: FunctionProcess) async throws -> TestClient {
        let port = try await process.port()
        let client = try await TestThread.run {
            let client = try TestClient(port: port)
            try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf")
            let head = try client.head()
            #expect(head.status == 200)
            let chunk = try client.chunk()
            #expect(chunk == Array("half".utf8))
            return client
        }
        process.signal(SIGTERM)
        // The listener closes when the drain begins.
        try await TestThread.run {
            let deadline = ContinuousClock.now.advanced(by: .seconds(60))
            while (try? TestClient(port: port)) != nil {
                guard ContinuousClock.now < deadline else { throw TestClientError.ended }
            }
        }
        return client
    }

    @Test("SIGTERM lets what runs finish, and closes the port")
    func drain() async throws {
        try await FunctionProcess.with(.knative(["SWIFTLET_DRAIN_SECONDS": "60"])) { process in
            let client = try await Self.drainBegun(process)
            try await TestThread.run {
                try client.send("done")
                let chunk = try client.chunk()
                #expect(chunk == Array("done".utf8))
                let end = try client.chunk()
                #expect(end == nil)
            }
            #expect(try await process.ended() == .exited(0))
        }
    }

    @Test("within the quiet period it serves, while its probes fail", arguments: Transport.allCases)
    func quiet(_ transport: Transport) async throws {
        try await FunctionProcess.with(.knative(["SWIFTLET_DRAIN_QUIET_SECONDS": "60"])) {
            process in
            _ = try await process.port()
            process.signal(SIGTERM)
            let deadline = ContinuousClock.now.advanced(by: .seconds(60))
            while try await process.get("/", "K-Network-Probe: queue\r\n", by: transport).status
                != 503
            {
                guard ContinuousClock.now < deadline else { throw TestClientError.ended }
            }
            #expect(try await process.get("/health/readiness", by: transport).status == 503)
            #expect(
                try await process.get("/", "User-Agent: kube-probe/1\r\n", by: transport).status
                    == 503
            )
            #expect(try await process.get("/health/liveness", by: transport).status == 200)
            #expect(try await process.get("/", by: transport).status == 200)
        }
    }

    @Test("a second signal cuts off what still runs", arguments: [SIGTERM, SIGINT])
    func secondSignal(_ signal: Int32) async throws {
        try await FunctionProcess.with(.knative(["SWIFTLET_DRAIN_SECONDS": "3600"])) { process in
            let client = try await Self.drainBegun(process)
            process.signal(signal)
            let isCut = try await TestThread.run { client.isCut() }
            #expect(isCut)
            #expect(try await process.ended() == .exited(0))
            #expect(try await process.errors().contains("The drain was cut short"))
        }
    }

    @Test(
        "it speaks TLS, and reads its certificate again when told to, or when that has changed",
        arguments: [true, false]
    )
    func tls(_ isTold: Bool) async throws {
        let folder = "/tmp/swiftlet-tls-\(isTold)-\(getpid())"
        let make = """
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
            -subj /CN=NAME -keyout \(folder)/key.pem -out \(folder)/cert.pem
            """
        @Sendable func certificate(_ name: String) async throws {
            let words = make.split(separator: " ").map {
                $0 == "/CN=NAME" ? "/CN=\(name)" : "\($0)"
            }
            #expect(try await Tool.run(words).code == 0)
        }
        mkdir(folder, 0o700)
        defer { for name in ["/key.pem", "/cert.pem", ""] { remove(folder + name) } }
        try await certificate("first")
        let variables = [
            "SWIFTLET_TLS_CERT": "\(folder)/cert.pem", "SWIFTLET_TLS_KEY": "\(folder)/key.pem",
            "SWIFTLET_TLS_RELOAD_SECONDS": isTold ? "0" : "1",
        ]
        try await FunctionProcess.with(.knative(variables)) { process in
            let url = "https://127.0.0.1:\(try await process.port())/health/readiness"
            let first = try await Tool.run(["curl", "-skv", "--max-time", "60", url])
            #expect(first.text.contains("CN=first") && first.text.contains("READY"))
            try await certificate("second")
            if isTold { process.signal(SIGHUP) }
            _ = try await process.errors(upTo: "The certificate was read again.")
            let second = try await Tool.run(["curl", "-skv", "--max-time", "60", url])
            #expect(second.text.contains("CN=second") && second.text.contains("READY"))
        }
    }

    @Test("--help explains it, and unknown arguments are named")
    func arguments() async throws {
        for (arguments, code, text) in [
            (["--help"], Int32(0), ""),
            (
                ["--port", "1"], 2,
                "hello: unknown argument \"--port\"; --help says what it heeds\n"
            ),
        ] {
            let plan = FunctionProcess.Plan(program: "hello", arguments: arguments)
            try await FunctionProcess.with(plan) { process in
                let (errors, end) = (try await process.errors(), try await process.ended())
                #expect(errors == text)
                #expect(end == .exited(code))
            }
        }
    }

    @Test("a wrong setting, or a port in use, is said in one line, with exit code 1")
    func wrongStart() async throws {
        let listener = try Socket.listen(on: .ipv4Any(port: 0))
        defer { Socket.close(listener) }
        let taken = "\(try Socket.localAddress(of: listener).port)"
        for (name, value) in [("CONTAINER_CONCURRENCY", "many"), ("PORT", taken)] {
            try await FunctionProcess.with(.knative([name: value])) { process in
                let log = try await process.errors()
                #expect(log.split(separator: "\n").count == 1)
                #expect(log.contains("cannot start") && log.contains(value))
                #expect(try await process.ended() == .exited(1))
            }
        }
    }
}
