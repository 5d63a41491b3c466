// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Activator

@Suite("Routes")
struct RouteTableTests {
    static let two = RouteTable([
        RouteTable.Name(namespace: "exam", service: "generator", revision: "generator-00001"),
        RouteTable.Name(namespace: "exam", service: "gen", revision: "gen-00007"),
    ])
    static let one = RouteTable([
        RouteTable.Name(namespace: "default", service: "hello", revision: "hello-00001")
    ])

    @Test(
        "a host's first two labels choose, whatever follows",
        arguments: [
            ("generator.exam", 0), ("generator.exam.localhost", 0),
            ("generator.exam.localhost:8080", 0), ("generator.exam:8080", 0),
            ("GENERATOR.Exam.LocalHost", 0), ("generator.exam.example.com", 0),
            ("generator.exam.svc.cluster.local", 0), ("generator.exam.", 0),
            ("generator-00001.exam.svc.cluster.local", 0),
            ("gen.exam", 1), ("gen.exam.localhost", 1), ("gen-00007.exam", 1),
            ("generator.exams", nil), ("generator.exa", nil), ("generator", nil),
            ("exam.generator", nil), ("localhost:8080", nil), ("127.0.0.1", nil), ("", nil),
            ("generators.exam", nil), ("x.generator.exam", nil), ("generator-exam", nil),
        ] as [(String, Int?)]
    )
    func hosts(_ host: String, _ route: Int?) {
        #expect(Self.two.route(host: Array(host.utf8)[...]) == route)
    }

    @Test(
        "the only service has every host",
        arguments: ["hello.default", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "other.x", ""]
    )
    func onlyService(_ host: String) {
        #expect(Self.one.route(host: Array(host.utf8)[...]) == 0)
    }

    @Test("no service has no host")
    func noService() {
        #expect(RouteTable([]).route(host: Array("localhost".utf8)[...]) == nil)
        #expect(RouteTable([]).helpText == "No function is deployed here.")
    }

    @Test(
        "Knative's headers choose exactly",
        arguments: [
            ("exam", "generator-00001", 0), ("EXAM", "Gen-00007", 1), ("exam", "gen", nil),
            ("exa", "generator-00001", nil), ("exam", "generator-0000", nil),
            ("exam", "generator-000011", nil), ("", "", nil), ("default", "gen-00007", nil),
        ] as [(String, String, Int?)]
    )
    func servingHeaders(_ namespace: String, _ revision: String, _ route: Int?) {
        let found = Self.two.route(
            namespace: Array(namespace.utf8)[...],
            revision: Array(revision.utf8)[...]
        )
        #expect(found == route)
    }

    @Test("a slice out of the middle of a block is read from its own start")
    func slices() {
        let block = Array("hostgen.exam:80rest".utf8)
        #expect(Self.two.route(host: block[4..<15]) == 1)
    }

    @Test("the help lists what works, and no more than fits")
    func help() {
        #expect(
            Self.two.helpText == "No function has this host name; those that work: "
                + "generator.exam.localhost, gen.exam.localhost."
        )
        let many = RouteTable(
            (0..<RouteTable.namesShownMax + 3).map {
                RouteTable.Name(namespace: "n", service: "s\($0)", revision: "s\($0)-00001")
            }
        )
        #expect(many.helpText.hasSuffix("s19.n.localhost and 3 more."))
    }
}
