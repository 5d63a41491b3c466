// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport

/// A pod: a function on a port of loopback, which answers with its own name.
///
/// `@unchecked Sendable`: its variables belong to the thread of the cluster's loop.
final class TestPod: @unchecked Sendable {
    /// How long requests may take to finish when it is ended.
    private static let grace = Duration.seconds(60)

    let name: String
    /// Whether its readiness probe passes, once it listens.
    var passesProbe = false
    var isTerminating = false
    private let loop: EventLoop
    private let server: HTTPServer
    /// Where it listens; `nil` while it does not yet.
    private(set) var port: UInt16?
    /// What its slice says instead of the port.
    private var portShown: UInt16?

    init(name: String, loop: EventLoop, served: Journal<String>, hold: Hold) {
        self.name = name
        self.loop = loop
        let handler = AsyncHTTPHandler { exchange in
            served.append(name)
            if exchange.request.path == "/slow" { await hold.wait(on: exchange.loop) }
            exchange.respond(.ok, HTTPFields(), body: Array(name.utf8))
        }
        self.server = HTTPServer(loop: loop, handler: handler)
    }

    /// Whether it takes new requests, as far as Kubernetes knows.
    var isReady: Bool { self.passesProbe && self.port != nil && !self.isTerminating }

    func start() async throws {
        let address = try await self.server.listen(on: .ipv4Loopback(port: 0))
        await self.loop.run { self.port = address.port }
    }

    /// As SIGTERM does: lets requests finish, and listens no more.
    func end() async { await self.server.drain(deadline: Self.grace) }

    /// Says that it listens at another port.
    func pretendToListen(at port: UInt16) { self.portShown = port }

    /// Its slice; one for each pod, since all share the address 127.0.0.1.
    func slice(version: Int) -> String {
        """
        {"metadata":{"name":"\(self.name)","namespace":"exam","resourceVersion":"\(version)",\
        "labels":{"kubernetes.io/service-name":"hello"}},"addressType":"IPv4",\
        "endpoints":[{"addresses":["127.0.0.1"],"conditions":{"ready":\(self.isReady),\
        "serving":\(self.isReady || self.isTerminating),"terminating":\(self.isTerminating)},\
        "targetRef":{"kind":"Pod","name":"\(self.name)","uid":"\(self.name)-uid"}}],\
        "ports":[{"name":"http1","port":\(self.portShown ?? self.port ?? 1),"protocol":"TCP"}]}
        """
    }
}
