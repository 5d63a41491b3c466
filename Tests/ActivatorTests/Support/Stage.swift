// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import HTTPServer
import Synchronization
import Telemetry

@testable import Activator

/// An activator behind a server, and a client in front of it, each on a loop of its own.
final class Stage: Sendable {
    let activator: Activator
    let port: UInt16
    let clientLoop: EventLoop
    let serverLoop: EventLoop
    let log: Log
    let milestones: Recorded<Milestone>
    let metrics: Metrics
    private let server: HTTPServer

    /// The first log lines, without their time.
    final class Log: Sendable {
        private static let countMax = 10_000
        private let lines = Mutex<[String]>([])
        func append(_ line: String) {
            self.lines.withLock {
                if $0.count < Self.countMax { $0.append(String(line.dropFirst(25))) }
            }
        }
        var all: [String] { self.lines.withLock { $0 } }
    }

    /// What was recorded.
    final class Recorded<Element: Sendable>: Sendable {
        private let elements = Mutex<[Element]>([])
        func append(_ element: Element) { self.elements.withLock { $0.append(element) } }
        var all: [Element] { self.elements.withLock { $0 } }
    }

    init(
        _ specs: [RevisionSpec],
        _ configuration: ActivatorConfiguration
    ) async throws {
        let (log, milestones) = (Log(), Recorded<Milestone>())
        self.log = log
        self.milestones = milestones
        self.metrics = Metrics()
        self.serverLoop = try EventLoop(name: "activator")
        self.clientLoop = try EventLoop(name: "client")
        self.serverLoop.start()
        self.clientLoop.start()
        self.activator = Activator(
            loop: self.serverLoop,
            configuration: configuration,
            plan: ActivatorPlan(revisions: specs),
            logger: Logger(label: "activator", sink: LogSink { log.append($0) }),
            milestones: MilestoneRecorder { milestones.append($0) },
            metrics: self.metrics
        )
        var serving = HTTPServerConfiguration()
        serving.bodyBytesMax = 1 << 40
        self.server = HTTPServer(
            loop: self.serverLoop,
            configuration: serving,
            handler: self.activator
        )
        self.port = try await self.server.listen(on: .ipv4Loopback(port: 0)).port
    }

    /// Runs `body` with a stage, and takes it down whatever happens.
    static func with<Result>(
        _ specs: [RevisionSpec],
        _ configuration: ActivatorConfiguration = ActivatorConfiguration(),
        _ body: (Stage) async throws -> Result
    ) async throws -> Result {
        let stage = try await Stage(specs, configuration)
        do {
            let result = try await body(stage)
            await stage.end()
            return result
        } catch {
            await stage.end()
            throw error
        }
    }

    private func end() async {
        await self.activator.stop(deadline: .zero)
        await self.server.drain(deadline: .zero)
        self.serverLoop.stop()
        self.clientLoop.stop()
        self.serverLoop.join()
        self.clientLoop.join()
    }

    func connect() async throws -> TestConnection {
        try await TestConnection(self.clientLoop, port: self.port)
    }

    /// Sends one request on a connection of its own and reads the answer.
    func request(
        _ target: String,
        method: HTTPMethod = .get,
        _ fields: HTTPFields = HTTPFields(),
        body: [UInt8] = []
    ) async throws -> TestAnswer {
        let connection = try await self.connect()
        try await connection.send(method, target, fields, body: body)
        let answer = try await connection.receive(to: method)
        await connection.close(reset: false)
        return answer
    }

    /// Asks the only function for the number of its process.
    func processID() async throws -> Int32 {
        guard let pid = Int32(try await self.request("/pid").text) else {
            throw TestClientError.notConnected
        }
        return pid
    }

    /// What the only revision looks like.
    var status: RevisionStatus {
        get async throws {
            guard let status = await self.activator.status().first else {
                throw TestClientError.notConnected
            }
            return status
        }
    }

    /// Waits until the only revision looks as wanted; the tests' time limit is the deadline.
    func waitFor(_ isWanted: (RevisionStatus) -> Bool) async throws {
        while try await !isWanted(self.status) {
            try Task.checkCancellation()
            await self.clientLoop.wait(for: .milliseconds(1))
        }
    }
}

extension Stage {
    /// Waits until this process has no more descriptors than that: a server sees some time after a
    /// client that its connection ended.
    func waitForDescriptors(atMost count: Int) async throws {
        while openDescriptorCount() > count {
            try Task.checkCancellation()
            await self.clientLoop.wait(for: .milliseconds(1))
        }
    }
}

/// A named pipe: whoever reads a byte of it waits until it is opened.
final class Gate: Sendable {
    let path: String
    private let descriptor: Int32

    init() {
        var template = Array("/tmp/swiftlet-gate-XXXXXX".utf8CString)
        let directory = template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress, mkdtemp(start) != nil else { return "/tmp" }
            return String(cString: start)
        }
        self.path = directory + "/gate"
        mkfifo(self.path, 0o600)
        // For reading too: then it opens at once, and nothing that is written gets lost.
        self.descriptor = Glibc.open(self.path, O_RDWR | O_CLOEXEC)
    }

    /// The target that waits here.
    var target: String { "/gate\(self.path)" }

    /// Lets through who waits, now or later.
    func open() { _ = Glibc.write(self.descriptor, "0123456789", 10) }

    deinit {
        close(self.descriptor)
        unlink(self.path)
        unlink(self.path + ".second")
        rmdir(String(self.path.dropLast("/gate".count)))
    }
}

/// A configuration that differs from the defaults.
func configured(_ change: (inout ActivatorConfiguration) -> Void) -> ActivatorConfiguration {
    var configuration = ActivatorConfiguration()
    change(&configuration)
    return configuration
}

/// Whether a process is there, and more than a zombie's name.
func isAlive(_ pid: Int32) -> Bool { kill(pid, 0) == 0 }

/// How many descriptors this process has.
func openDescriptorCount() -> Int {
    guard let directory = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count
}

/// Whether a sanitizer is at work, which keeps freed memory on purpose.
let isSanitized = dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
