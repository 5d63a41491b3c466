// SPDX-License-Identifier: Apache-2.0

import EventLoop
import FoundationEssentials
import HTTP
import HTTPServer
import TestSupport

/// An API server with one Deployment in it, whose pods are servers on loopback.
///
/// It speaks the paths, parameters and forms of the real one: a list with a resource version,
/// watches that tell each change since a version line by line, 410 for versions that are forgotten,
/// and the scale of a Deployment by merge patch; by TLS, for whoever shows a token.
///
/// `@unchecked Sendable`: its variables belong to the thread of ``loop``.
final class TestCluster: @unchecked Sendable {
    static let namespace = "exam"
    static let name = "hello"

    /// What is done to a request instead of answering it.
    struct Fault: Sendable {
        enum Kind: Sendable, Equatable { case list, watch, patch }
        var kind: Kind
        var status: HTTPStatus
        var fields = HTTPFields()
        /// How many requests it meets.
        var count = 1
    }

    let loop: EventLoop
    let folder: TestFolder
    /// Every request, as `GET /path?query`.
    let requests: Journal<String>
    /// What the Deployment was scaled to, each time.
    let scales: Journal<Int>
    /// The requests that pods answered, by the names of the pods.
    let served: Journal<String>

    /// What requests of `/slow` wait for at its pods.
    let hold = Hold()

    private var server: HTTPServer?
    private let port: ReservedPort
    private var tokens: Set<String> = ["first-token"]
    private var version = 1000
    /// Changes up to here are forgotten.
    private var forgotten = 0
    private var events: [(version: Int, line: String)] = []
    private var watchers: [HTTPExchange] = []
    private var faults: [Fault] = []
    private(set) var replicas = 0
    private(set) var pods: [TestPod] = []
    private var podLast = 0
    /// Whether pods that are made now become ready by themselves.
    private var becomesReady = true
    /// Whether the oldest pod is the next to go; the youngest otherwise.
    private var takesOldest = false

    init() async throws {
        let loop = try EventLoop(name: "cluster")
        self.loop = loop
        self.folder = try TestFolder()
        self.requests = Journal(loop: loop)
        self.scales = Journal(loop: loop)
        self.served = Journal(loop: loop)
        self.port = try ReservedPort()
        try self.folder.makeCertificate("ca")
        self.folder.write("token", "first-token\n")
        loop.start()
        try await self.listen()
    }

    var url: String { "https://127.0.0.1:\(self.port.number)" }

    func end() async {
        self.hold.set(true)
        await self.stopListening()
        for pod in await self.loop.run({ self.pods }) { await pod.end() }
        self.loop.stop()
        self.loop.join()
    }

    // MARK: The server

    /// Serves; at the same port as before.
    func listen() async throws {
        var configuration = HTTPServerConfiguration()
        configuration.tls = try TLSIdentity(
            certificatePath: "\(self.folder.path)/ca.crt",
            keyPath: "\(self.folder.path)/ca.key"
        )
        let server = HTTPServer(
            loop: self.loop,
            configuration: configuration,
            handler: AsyncHTTPHandler { [weak self] in try await self?.answer($0) }
        )
        _ = try await server.listen(on: .ipv4Loopback(port: self.port.number))
        await self.loop.run { self.server = server }
    }

    /// Cuts all connections; nobody listens any more.
    func stopListening() async {
        let server = await self.loop.run { self.server.take() }
        await server?.drain(deadline: .zero)
        await self.loop.run { self.watchers = [] }
    }

    private func answer(_ exchange: HTTPExchange) async throws {
        let target = exchange.request.target
        self.requests.append("\(exchange.request.method) \(target)")
        let body = try await exchange.collectBody(upTo: 1 << 20)
        let parts = target.split(separator: "?", maxSplits: 1)
        let (path, query) = (String(parts[0]), Self.query(parts.last ?? ""))
        let kind: Fault.Kind =
            exchange.request.method == .patch ? .patch : query["watch"] == nil ? .list : .watch
        let bearer = exchange.request.fields["authorization"] ?? ""
        guard self.tokens.contains(where: { bearer == "Bearer \($0)" }) else {
            return self.refuse(exchange, 401, "Unauthorized")
        }
        if let fault = self.takeFault(kind) {
            return self.refuse(exchange, fault.status, "a fault of the test", fault.fields)
        }
        let slices = "/apis/discovery.k8s.io/v1/namespaces/\(Self.namespace)/endpointslices"
        let scale = "/apis/apps/v1/namespaces/\(Self.namespace)/deployments/\(Self.name)/scale"
        switch (exchange.request.method, path) {
        case (.get, slices):
            guard query["labelSelector"] == "kubernetes.io%2Fservice-name%3D\(Self.name)" else {
                return self.refuse(exchange, 400, "another selector was expected")
            }
            kind == .watch ? self.watch(exchange, query) : self.list(exchange)
        case (.patch, scale):
            guard exchange.request.fields["content-type"] == "application/merge-patch+json",
                let replicas = Self.replicas(in: body)
            else { return self.refuse(exchange, 415, "a merge patch was expected") }
            self.scale(to: replicas)
            exchange.respond(.ok, ["Content-Type": "application/json"], body: self.scaleObject)
        default: self.refuse(exchange, 404, "the server could not find the requested resource")
        }
    }

    private static func query(_ text: Substring) -> [String: String] {
        let pairs = text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
        return Dictionary(pairs) { _, last in last }
    }

    private static func replicas(in body: [UInt8]) -> Int? {
        struct Patch: Decodable {
            struct Spec: Decodable { var replicas: Int }
            var spec: Spec
        }
        return (try? JSONDecoder().decode(Patch.self, from: Data(body)))?.spec.replicas
    }

    private func refuse(
        _ exchange: HTTPExchange,
        _ status: HTTPStatus,
        _ message: String,
        _ fields: HTTPFields = HTTPFields()
    ) {
        let body = """
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",\
            "message":"\(message)","code":\(status)}
            """
        exchange.respond(status, fields, body: Array(body.utf8))
    }

    private func takeFault(_ kind: Fault.Kind) -> Fault? {
        guard let index = self.faults.firstIndex(where: { $0.kind == kind }) else { return nil }
        self.faults[index].count -= 1
        let fault = self.faults[index]
        if fault.count <= 0 { self.faults.remove(at: index) }
        return fault
    }

    // MARK: Objects

    private var scaleObject: [UInt8] {
        Array(
            """
            {"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"\(Self.name)",\
            "namespace":"\(Self.namespace)","resourceVersion":"\(self.version)"},\
            "spec":{"replicas":\(self.replicas)},"status":{"replicas":\(self.pods.count)}}
            """.utf8
        )
    }

    private func list(_ exchange: HTTPExchange) {
        let items = self.pods.map { $0.slice(version: self.version) }.joined(separator: ",")
        let body = """
            {"kind":"EndpointSliceList","apiVersion":"discovery.k8s.io/v1",\
            "metadata":{"resourceVersion":"\(self.version)"},"items":[\(items)]}
            """
        exchange.respond(.ok, ["Content-Type": "application/json"], body: Array(body.utf8))
    }

    private func watch(_ exchange: HTTPExchange, _ query: [String: String]) {
        guard let since = query["resourceVersion"].flatMap({ Int($0) }),
            query["allowWatchBookmarks"] == "true", query["timeoutSeconds"] != nil
        else { return self.refuse(exchange, 400, "a watch from a version was expected") }
        exchange.start(
            HTTPResponseHead(status: .ok, fields: ["Content-Type": "application/json"]),
            bodyLength: nil
        )
        guard since >= self.forgotten else {
            // A watch has begun when the API server finds out.
            let status = #"{"kind":"Status","code":410,"message":"too old resource version"}"#
            _ = exchange.write(Array((#"{"type":"ERROR","object":\#(status)}"# + "\n").utf8))
            return exchange.end()
        }
        for event in self.events where event.version > since {
            _ = exchange.write(Array(event.line.utf8))
        }
        self.watchers.append(exchange)
        exchange.onCancelled = { [weak self, weak exchange] in
            self?.watchers.removeAll { $0 === exchange }
        }
    }

    /// Tells a change, in two pieces that are cut anywhere.
    private func tell(_ type: String, _ pod: TestPod) {
        self.version += 1
        let object = pod.slice(version: self.version)
        let line = #"{"type":"\#(type)","object":\#(object)}"# + "\n"
        self.events.append((self.version, line))
        let bytes = Array(line.utf8)
        let cut = self.version % bytes.count
        for watcher in self.watchers {
            _ = watcher.write(Array(bytes[..<cut]))
            _ = watcher.write(Array(bytes[cut...]))
        }
    }

    // MARK: The Deployment

    private func scale(to replicas: Int) {
        self.scales.append(replicas)
        self.replicas = replicas
        self.reconcile()
    }

    /// Makes and ends pods until there are as many as there should be.
    private func reconcile() {
        let live = self.pods.filter { !$0.isTerminating }
        for _ in live.count..<max(live.count, self.replicas) { self.makePod() }
        let surplus = max(0, live.count - self.replicas)
        for pod in self.takesOldest ? live.prefix(surplus) : live.suffix(surplus) {
            self.terminate(pod)
        }
    }

    private func makePod() {
        self.podLast += 1
        let pod = TestPod(
            name: "\(Self.name)-\(self.podLast)",
            loop: self.loop,
            served: self.served,
            hold: self.hold
        )
        pod.passesProbe = self.becomesReady
        self.pods.append(pod)
        self.tell("ADDED", pod)
        Task {
            try await pod.start()
            await self.loop.run { if pod.isReady { self.tell("MODIFIED", pod) } }
        }
    }

    private func setReady(_ pod: TestPod, _ isReady: Bool) {
        let before = pod.isReady
        pod.passesProbe = isReady
        if pod.isReady != before { self.tell("MODIFIED", pod) }
    }

    private func terminate(_ pod: TestPod) {
        pod.isTerminating = true
        self.tell("MODIFIED", pod)
        Task {
            await pod.end()
            await self.loop.run {
                self.pods.removeAll { $0 === pod }
                self.tell("DELETED", pod)
            }
        }
    }

    // MARK: For tests; any thread

    func change(_ body: @escaping @Sendable (TestCluster) -> Void) async {
        await self.loop.run { body(self) }
    }

    /// The tokens that are accepted from now on.
    func setTokens(_ tokens: Set<String>) { self.tokens = tokens }

    func add(_ fault: Fault) { self.faults.append(fault) }

    func setBecomesReady(_ becomesReady: Bool) { self.becomesReady = becomesReady }

    func setTakesOldest(_ takesOldest: Bool) { self.takesOldest = takesOldest }

    /// Somebody else scales the Deployment.
    func setReplicas(_ replicas: Int) {
        self.replicas = replicas
        self.reconcile()
    }

    /// Sets the condition of every pod.
    func setAllReady(_ isReady: Bool) { for pod in self.pods { self.setReady(pod, isReady) } }

    /// The pod's node is drained: it goes, and another comes.
    func evictFirst() {
        guard let pod = self.pods.first(where: { !$0.isTerminating }) else { return }
        self.terminate(pod)
        self.reconcile()
    }

    /// Forgets all changes so far, and ends the watches.
    func compact() {
        self.version += 1
        self.forgotten = self.version
        self.events = []
        self.endWatches()
    }

    /// Ends the watches, as the server does when their time is up.
    func endWatches() {
        let watchers = self.watchers
        self.watchers = []
        for watcher in watchers { watcher.end() }
    }
}
