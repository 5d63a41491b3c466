// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPClient
import HTTPServer
import Kubernetes
import Synchronization
import Telemetry
import TestSupport

@testable import Activator

/// An activator in front of a cluster, and a client in front of it.
final class PodStage: Sendable {
    let cluster: TestCluster
    let activator: Activator
    let client: HTTPClient
    let metrics = Metrics()
    private let port: UInt16
    private let server: HTTPServer
    private let loops: [EventLoop]

    init(
        _ cluster: TestCluster,
        authorities: String,
        _ configuration: ActivatorConfiguration,
        _ spec: RevisionSpec
    ) async throws {
        self.cluster = cluster
        let (loop, clientLoop) = (try EventLoop(name: "activator"), try EventLoop(name: "client"))
        self.loops = [loop, clientLoop]
        for loop in self.loops { loop.start() }
        self.client = HTTPClient(loop: clientLoop)
        let access = KubernetesAccess(
            url: await cluster.loop.run { cluster.url },
            authoritiesFile: authorities,
            tokenFile: "\(cluster.folder.path)/token"
        )
        let lines = Lines()
        let logger = Logger(label: "activator", sink: LogSink { lines.append($0) })
        self.lines = lines
        self.activator = Activator(
            loop: loop,
            configuration: configuration,
            plan: ActivatorPlan(revisions: [spec]),
            cluster: KubernetesClient(
                loop: loop,
                access: access,
                logger: logger,
                metrics: self.metrics
            ),
            logger: logger,
            metrics: self.metrics
        )
        self.server = HTTPServer(loop: loop, handler: self.activator)
        self.port = try await self.server.listen(on: .ipv4Loopback(port: 0)).port
        await self.activator.start()
    }

    private let lines: Lines

    /// What was logged.
    var logged: [String] { self.lines.all }

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func append(_ line: String) { self.lines.withLock { $0.append(line) } }
        var all: [String] { self.lines.withLock { $0 } }
    }

    func end() async {
        await self.activator.stop(deadline: .zero)
        await self.server.drain(deadline: .zero)
        await self.client.close()
        for loop in self.loops {
            loop.stop()
            loop.join()
        }
    }

    /// Sends a request through the activator.
    func request(_ path: String = "/", body: [UInt8]? = nil) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(self.port)\(path)")
        if let body {
            request.method = .post
            request.body = .bytes(body)
        }
        request.fields.append("Host", "hello.exam.example")
        request.timeout = .seconds(120)
        return try await self.client.send(request)
    }

    /// The text that a request is answered with.
    func text() async throws -> String {
        String(decoding: try await self.request().body, as: UTF8.self)
    }

    /// Waits until something holds; the test's time limit is the deadline.
    func wait(until isSo: () async throws -> Bool) async throws {
        while try await !isSo() {
            try Task.checkCancellation()
            await self.client.loop.wait(for: .milliseconds(1))
        }
    }

    /// What the revision looks like.
    var status: RevisionStatus {
        get async throws {
            guard let status = await self.activator.status().first else {
                throw TestFolder.Failure(reason: "no revision")
            }
            return status
        }
    }

    /// How many instances have a pod.
    var readyCount: Int {
        get async throws { try await self.status.instances.count { $0.state == .ready } }
    }

    /// A metric's value, by the text of its series.
    func metric(_ series: String) -> String? {
        self.metrics.render().split(separator: "\n").first { $0.hasPrefix(series + " ") }
            .map { String($0.dropFirst(series.count + 1)) }
    }
}

/// A cluster and an activator for one test.
func withPods(
    _ spec: RevisionSpec = podSpec(),
    configuration: ActivatorConfiguration = ActivatorConfiguration(),
    _ body: (TestCluster, PodStage) async throws -> Void
) async throws {
    let cluster = try await TestCluster()
    do {
        let stage = try await podStage(cluster, spec, configuration: configuration)
        do {
            // The activator knows that there is no pod.
            _ = await cluster.scales.wait { $0 == [0] }
            try await body(cluster, stage)
            cluster.hold.set(true)
            await stage.end()
        } catch {
            cluster.hold.set(true)
            await stage.end()
            throw error
        }
        await cluster.end()
    } catch {
        await cluster.end()
        throw error
    }
}

/// A function that keeps idle pods until a test says otherwise.
func podSpec(_ change: (inout RevisionSpec) -> Void = { _ in }) -> RevisionSpec {
    var spec = RevisionSpec(
        namespace: TestCluster.namespace,
        service: TestCluster.name,
        revision: "hello-00001",
        command: []
    )
    spec.deployment = DeploymentReference(
        namespace: TestCluster.namespace,
        deployment: TestCluster.name
    )
    spec.idleWindow = .seconds(600)
    change(&spec)
    return spec
}

/// An activator in front of a cluster.
func podStage(
    _ cluster: TestCluster,
    _ spec: RevisionSpec = podSpec(),
    authorities: String? = nil,
    configuration: ActivatorConfiguration = ActivatorConfiguration()
) async throws -> PodStage {
    try await PodStage(
        cluster,
        authorities: authorities ?? "\(cluster.folder.path)/ca.crt",
        configuration,
        spec
    )
}
