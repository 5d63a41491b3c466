// SPDX-License-Identifier: Apache-2.0

import EventLoop
import FoundationEssentials
import TestSupport
import Testing

@testable import Kubernetes

@Suite("Kubernetes: endpoints of a Service")
struct EndpointSetTests {
    private static func slice(_ json: String) throws -> EndpointSlice {
        try JSONDecoder().decode(EndpointSlice.self, from: Data(json.utf8))
    }

    private static func slice(
        _ name: String,
        type: String = "IPv4",
        port: Int = 8080,
        _ endpoints: [String]
    ) throws -> EndpointSlice {
        try Self.slice(
            """
            {"metadata":{"name":"\(name)","resourceVersion":"1"},"addressType":"\(type)",
             "endpoints":[\(endpoints.joined(separator: ","))],
             "ports":[{"name":"","port":\(port),"protocol":"TCP"}]}
            """
        )
    }

    private static func endpoint(_ host: String, pod: String, _ conditions: String = "") -> String {
        """
        {"addresses":["\(host)"],"conditions":{\(conditions)},\
        "targetRef":{"kind":"Pod","name":"\(pod)","uid":"uid-\(pod)"}}
        """
    }

    @Test(
        "ready, serving and terminating, where nothing said means yes, yes and no",
        arguments: [
            ("", true), (#""ready":true"#, true), (#""ready":false"#, false),
            (#""ready":true,"serving":true,"terminating":false"#, true),
            (#""ready":false,"serving":true,"terminating":true"#, false),
            (#""ready":true,"serving":true,"terminating":true"#, false),
            (#""ready":true,"serving":false"#, false), (#""ready":null,"serving":null"#, true),
        ]
    )
    func conditions(_ text: String, _ isReady: Bool) throws {
        var set = EndpointSet()
        set.set(try Self.slice("a", [Self.endpoint("10.0.0.1", pod: "p", text)]))
        #expect(set.ready.count == (isReady ? 1 : 0))
    }

    @Test("an endpoint has its pod's name and uid, and the port of its slice")
    func addresses() throws {
        var set = EndpointSet()
        set.set(try Self.slice("a", [Self.endpoint("10.0.0.1", pod: "p")]))
        set.set(try Self.slice("b", type: "IPv6", [Self.endpoint("fd00::1", pod: "q")]))
        set.set(try Self.slice("c", type: "FQDN", [Self.endpoint("example.org", pod: "r")]))
        set.set(try Self.slice("d", [#"{"addresses":["10.0.0.2"]}"#, #"{"addresses":[]}"#]))
        set.set(try Self.slice("e", [#"{"addresses":[""]}"#, #"{"addresses":["10.0.0"]}"#]))
        #expect(
            set.ready.map { "\($0.id) \($0.name) \($0.address)" } == [
                "uid-p p 10.0.0.1:8080", "10.0.0.2:8080 10.0.0.2:8080 10.0.0.2:8080",
                "uid-q q [fd00::1]:8080",
            ]
        )
    }

    @Test(
        "the port: a name of HTTP before the first, TCP alone, and one that exists",
        arguments: [
            (#"[{"port":1}]"#, 1),
            (#"[{"name":"metrics","port":9090},{"name":"http1","port":80}]"#, 80),
            (#"[{"name":"dns","port":53,"protocol":"UDP"},{"name":"x","port":2}]"#, 2),
            ("[]", nil), ("null", nil), (#"[{"port":0}]"#, nil), (#"[{"port":65536}]"#, nil),
            (#"[{"port":65535}]"#, 65535), (#"[{"port":-1}]"#, nil), (#"[{"name":"http"}]"#, nil),
        ] as [(String, UInt16?)]
    )
    func ports(_ ports: String, _ expected: UInt16?) throws {
        let slice = try Self.slice(#"{"metadata":{"name":"a"},"ports":\#(ports)}"#)
        #expect(slice.port == expected)
    }

    @Test("a pod in two slices, or with two families, counts once")
    func duplicates() throws {
        var set = EndpointSet()
        set.set(try Self.slice("b", type: "IPv6", [Self.endpoint("fd00::1", pod: "p")]))
        set.set(try Self.slice("a", [Self.endpoint("10.0.0.1", pod: "p", #""ready":false"#)]))
        #expect(set.ready.map(\.address.host) == ["fd00::1"])
        set.set(try Self.slice("c", [Self.endpoint("10.0.0.1", pod: "p")]))
        #expect(set.ready.map(\.address.host) == ["10.0.0.1"])
    }

    @Test("a list replaces, a deletion removes")
    func changes() throws {
        var set = EndpointSet()
        let (first, second) = (
            try Self.slice("a", [Self.endpoint("10.0.0.1", pod: "p")]),
            try Self.slice("b", [Self.endpoint("10.0.0.2", pod: "q")])
        )
        set.set(first)
        set.replace(with: [second])
        #expect(set.ready.map(\.name) == ["q"])
        set.set(first)
        #expect(set.ready.map(\.name) == ["p", "q"])
        set.remove(first)
        set.remove(first)
        #expect(set.ready.map(\.name) == ["q"])
    }

    @Test("as many pods as are looked at, and one more")
    func limit() throws {
        for count in [EndpointSet.podsMax, EndpointSet.podsMax + 1] {
            let endpoints = (0..<count).map { number in
                EndpointSlice.Endpoint(addresses: ["10.1.\(number / 250).\(number % 250)"])
            }
            var slice = try Self.slice("a", [])
            slice.endpoints = endpoints
            var set = EndpointSet()
            set.set(slice)
            #expect(set.ready.count == EndpointSet.podsMax)
        }
    }

    @Test("the order of events leads to the same set", arguments: SeededGenerator.seeds)
    func order(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var slices: [EndpointSlice] = []
        for number in 0..<6 {
            let isReady = random.chance(70)
            let endpoint = Self.endpoint(
                "10.0.0.\(number % 4)",
                pod: "p\(number % 4)",
                #""ready":\#(isReady)"#
            )
            slices.append(try Self.slice("s\(number)", [endpoint]))
        }
        var listed = EndpointSet()
        listed.replace(with: slices)
        var watched = EndpointSet()
        for slice in slices.shuffled(using: &random) { watched.set(slice) }
        #expect(listed.ready == watched.ready)
    }
}
