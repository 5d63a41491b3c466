// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import Testing

@testable import Activator

/// What the standard asks of whoever forwards messages (RFC 9110 section 7.6).
@Suite("Gateway: fields (RFC 9110 section 7.6)")
struct GatewayFieldTests {
    private static func lines(_ name: String, in seen: [Substring]) -> [String] {
        seen.filter { $0.lowercased().hasPrefix("\(name): ") }.map(String.init)
    }

    @Test(
        "Via tells the version of each part of the way, the last one behind the others",
        arguments: [
            (.http10, "1.0 swiftlet"), (.http11, "1.1 swiftlet"), (.http2, "2.0 swiftlet"),
        ] as [(HTTPVersion, String)]
    )
    func via(_ version: HTTPVersion, _ value: String) {
        let seen = ProxyTextTests.seen(["Via": "1.0 fred", "via": "2.0 p (x)"], version: version)
        #expect(
            Self.lines("via", in: seen) == ["Via: 1.0 fred", "via: 2.0 p (x)", "Via: \(value)"]
        )
    }

    @Test(
        "an upgrade to HTTP in another form is not asked for, nor are its settings passed on",
        arguments: [
            (["h2c"], nil), (["H2C"], nil), (["h2c, TLS/1.2", "HTTP/2.0"], nil),
            (["HTTP/2.0"], nil), (["TLS/1.2"], nil), (["websocket, h2c"], "websocket"),
            (["websocket", "h2c"], "websocket"), (["h2c", "websocket"], "websocket"),
            ([" h2c ,shout", "x"], "shout, x"), (["websocket"], "websocket"),
            (["h2cx, shout/2"], "h2cx, shout/2"), ([""], nil),
        ] as [([String], String?)]
    )
    func upgrade(_ values: [String], _ asked: String?) {
        var fields: HTTPFields = ["Host": "a", "HTTP2-Settings": "AAMAAABk"]
        for value in values { fields.append("Upgrade", value) }
        let traits = RequestTraits(HTTPRequestHead(method: .get, target: "/", fields: fields))
        #expect(traits.upgrade.map { String(decoding: $0, as: UTF8.self) } == asked)
        let seen = ProxyTextTests.seen(fields, isUpgrade: true)
        #expect(Self.lines("upgrade", in: seen) == (asked.map { ["Upgrade: \($0)"] } ?? []))
        #expect(Self.lines("http2-settings", in: seen) == [])
    }

    @Test(
        "Max-Forwards counts down where the way is asked for, and is a field like others elsewhere",
        arguments: [
            (.options, ["5"], ["Max-Forwards: 4"]), (.trace, ["1"], ["Max-Forwards: 0"]),
            (.options, ["7", "3"], ["Max-Forwards: 2"]), (.get, ["5"], ["max-forwards: 5"]),
            (.options, ["-1"], ["max-forwards: -1"]), (.options, ["x"], ["max-forwards: x"]),
            (.options, ["9223372036854775807"], ["Max-Forwards: 9223372036854775806"]),
            (.options, [], []),
        ] as [(HTTPMethod, [String], [String])]
    )
    func maxForwards(_ method: HTTPMethod, _ values: [String], _ left: [String]) {
        var fields: HTTPFields = ["Host": "a"]
        for value in values { fields.append("max-forwards", value) }
        let seen = ProxyTextTests.seen(fields, method: method)
        #expect(Self.lines("max-forwards", in: seen) == left)
    }
}

extension ProcessTests {
    @Suite("Gateway")
    struct GatewayTests {
        @Test(
            "a request that may be forwarded no further is answered without the function",
            arguments: [(HTTPMethod.options, 204), (.trace, 501)]
        )
        func maxForwards(_ method: HTTPMethod, _ status: Int) async throws {
            try await Stage.with([TestFunction.spec()]) { stage in
                let answer = try await stage.request(
                    "/raw",
                    method: method,
                    ["Max-Forwards": "0"]
                )
                #expect(answer.status.rawValue == status)
                #expect(try await stage.status.startedTotal == 0)
                let passed = try await stage.request("/raw", method: method, ["Max-Forwards": "1"])
                #expect(passed.text.contains("\r\nMax-Forwards: 0\r\n"))
                let other = try await stage.request("/raw", ["Max-Forwards": "0"])
                #expect(other.text.contains("\r\nMax-Forwards: 0\r\n"))
            }
        }

        @Test("when an answer was made the function says")
        func date() async throws {
            try await Stage.with([TestFunction.spec()]) { stage in
                let old = try await stage.request("/date")
                #expect(Array(old.fields.values("date")) == ["Thu, 01 Jan 1970 00:00:00 GMT"])
                let none = try await stage.request("/hello")
                #expect(none.fields["date"]?.hasSuffix(" GMT") == true)
            }
        }

        @Test("a function cannot switch to HTTP/2 behind the routes and limits")
        func noTunnel() async throws {
            try await Stage.with([TestFunction.spec()]) { stage in
                let connection = try await stage.connect()
                // The server takes the first request of a connection that asks for it in full.
                var fields: HTTPFields = ["Connection": "Upgrade", "Upgrade": "h2c"]
                for settings in [nil, "AAMAAABk"] {
                    fields["HTTP2-Settings"] = settings
                    if settings != nil { fields["Connection"] = "Upgrade, HTTP2-Settings" }
                    try await connection.send(.get, "/upgrade", fields)
                    let answer = try await connection.receive()
                    #expect(answer.status == .badGateway)
                    #expect(answer.text.contains("switched protocols without being asked to."))
                }
                await connection.close()
            }
        }
    }
}
