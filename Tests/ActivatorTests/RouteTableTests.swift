// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Activator

@Suite("Routes")
struct RouteTableTests {
    static let two = table([("exam", "generator", "00001"), ("exam", "gen", "00007")])
    static let one = table([("default", "hello", "00001")])

    /// One revision for each service.
    static func table(_ names: [(namespace: String, service: String, number: String)]) -> RouteTable
    {
        RouteTable(
            revisions: names.map {
                .init(namespace: $0.namespace, revision: "\($0.service)-\($0.number)")
            },
            services: names.map {
                let target = ServiceRoute.Target(
                    revision: "\($0.service)-\($0.number)",
                    percent: 100
                )
                return ServiceRoute(namespace: $0.namespace, service: $0.service, targets: [target])
            }
        )
    }

    /// Two revisions of one service, the second with a tag.
    static func split(_ first: Int, _ second: Int) -> RouteTable {
        RouteTable(
            revisions: [
                .init(namespace: "n", revision: "s-1"), .init(namespace: "n", revision: "s-2"),
            ],
            services: [
                ServiceRoute(
                    namespace: "n",
                    service: "s",
                    targets: [
                        .init(revision: "s-1", percent: first),
                        .init(revision: "s-2", percent: second, tag: "next"),
                        .init(revision: "s-3", percent: 0, tag: "gone"),
                    ]
                )
            ]
        )
    }

    @Test("of a hundred requests each revision gets its percent", arguments: [1, 10, 33, 50, 99])
    func percents(_ percent: Int) {
        var table = Self.split(100 - percent, percent)
        let routes = (0..<300).map { _ in table.route(host: Array("s.n.localhost".utf8)[...]) }
        for start in [0, 57, 100, 200] {
            #expect(routes[start..<(start + 100)].count { $0 == 1 } == percent)
        }
    }

    @Test("a tag's host and a revision's host reach one revision, whatever its share")
    func tags() {
        var table = Self.split(100, 0)
        for (host, route) in [
            ("next-s.n.example.com", 1), ("NEXT-S.N:80", 1), ("s-2.n", 1), ("s-1.n.svc", 0),
            ("s.n", 0),
        ] {
            #expect(table.route(host: Array(host.utf8)[...]) == route, "\(host)")
        }
        // The only service has any other host, and a tag of a revision that is not there is one.
        #expect(table.route(host: Array("gone-s.n".utf8)[...]) == 0)
    }

    @Test("a thousand services are told apart")
    func many() {
        var table = Self.table((0..<1000).map { ("n\($0 % 7)", "s\($0)", "1") })
        for number in 0..<1000 {
            let host = Array("s\(number).n\(number % 7).localhost:8080".utf8)
            #expect(table.route(host: host[...]) == number)
        }
    }

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
        var table = Self.two
        #expect(table.route(host: Array(host.utf8)[...]) == route)
    }

    @Test(
        "the only service has every host",
        arguments: ["hello.default", "localhost:8080", "127.0.0.1:1", "[::1]:8080", "other.x", ""]
    )
    func onlyService(_ host: String) {
        var table = Self.one
        #expect(table.route(host: Array(host.utf8)[...]) == 0)
    }

    @Test("no service has no host")
    func noService() {
        var table = Self.table([])
        #expect(table.route(host: Array("localhost".utf8)[...]) == nil)
        #expect(table.helpText == "No function is deployed here.")
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
        var table = Self.two
        #expect(table.route(host: block[4..<15]) == 1)
    }

    @Test("the help lists what works, and no more than fits")
    func help() {
        #expect(
            Self.two.helpText == "No function has this host name; those that work: "
                + "generator.exam.localhost, gen.exam.localhost."
        )
        let many = Self.table((0..<RouteTable.namesShownMax + 3).map { ("n", "s\($0)", "00001") })
        #expect(many.helpText.hasSuffix("s19.n.localhost and 3 more."))
    }
}
