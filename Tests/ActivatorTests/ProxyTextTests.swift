// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Testing

@testable import Activator

@Suite("Texts of the proxy")
struct ProxyTextTests {
    static func seen(
        _ fields: HTTPFields,
        method: HTTPMethod = .get,
        target: String = "/",
        version: HTTPVersion = .http11,
        peer: SocketAddress = .ipv4Loopback(port: 9),
        hidesTrace: Bool = true,
        isUpgrade: Bool = false
    ) -> [Substring] {
        let head = HTTPRequestHead(
            method: method,
            target: target,
            version: version,
            fields: fields
        )
        var bytes: [UInt8] = []
        var forwarded = ForwardedText()
        var trace = TraceParent(seed: 1)
        UpstreamRequestHead(
            head: head,
            traits: RequestTraits(head),
            peer: peer,
            proto: "http",
            hostDefault: Array("default".utf8),
            isUpgrade: isUpgrade
        ).append(to: &bytes, forwarded: &forwarded, trace: &trace)
        let lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\r\n",
            omittingEmptySubsequences: false
        )
        return hidesTrace ? lines.filter { !$0.hasPrefix("traceparent") } : lines
    }

    private static func isTrace(_ value: ArraySlice<UInt8>) -> Bool {
        TraceParent.isValid(value.span)
    }

    @Test("a trace is carried on as it came, and created where there is no valid one")
    func trace() throws {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let carried = Self.seen(["Traceparent": good, "tracestate": "a=b"], hidesTrace: false)
        #expect(carried.contains("Traceparent: \(good)") && carried.contains("tracestate: a=b"))
        #expect(!carried.contains { $0.hasPrefix("traceparent") })
        for fields: HTTPFields in [
            [:], ["tracestate": "a=b"], ["traceparent": "00-0-0-00", "tracestate": "a=b"],
            ["traceparent": good, "TraceParent": good],
        ] {
            let created = Self.seen(fields, hidesTrace: false).filter {
                $0.lowercased().hasPrefix("trace")
            }
            #expect(created.count == 1)
            let value = try #require(created.first).dropFirst("traceparent: ".count)
            #expect(Self.isTrace(Array(value.utf8)[...]), "\(value)")
        }
    }

    @Test(
        "a traceparent is valid as Trace Context section 3.2 says",
        arguments: [
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", true),
            ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", true),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", false),
            ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more", false),
            ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
            ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false),
            ("00-00000000000000000000000000000000-b7ad6b7169203331-01", false),
            ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", false),
            ("00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false),
            ("", false),
        ]
    )
    func traceParents(_ value: String, _ isValid: Bool) {
        let bytes = Array("x\(value)".utf8)
        #expect(Self.isTrace(bytes[1...]) == isValid)
        for count in 0..<min(value.utf8.count, TraceParent.length) {
            #expect(!Self.isTrace(bytes[1..<(1 + count)]))
        }
    }

    @Test("a request without a proxy before us gets all five fields")
    func forwardedAdded() {
        #expect(
            Self.seen(["Host": "a.b", "X": "1"]) == [
                "GET / HTTP/1.1", "Host: a.b", "X: 1", "X-Forwarded-For: 127.0.0.1",
                "X-Forwarded-Host: a.b", "X-Forwarded-Proto: http",
                "Forwarded: for=127.0.0.1;host=a.b;proto=http", "Via: 1.1 swiftlet", "", "",
            ]
        )
    }

    @Test("what proxies before us said is kept, and the peer added at its end")
    func forwardedKept() {
        #expect(
            Self.seen([
                "Host": "a.b", "X-Forwarded-For": "10.0.0.1", "x-forwarded-for": "2001:db8::1",
                "X-Forwarded-Proto": "https", "X-Forwarded-Host": "first.example:8443",
            ]) == [
                "GET / HTTP/1.1", "Host: a.b", "X-Forwarded-Proto: https",
                "X-Forwarded-Host: first.example:8443",
                "X-Forwarded-For: 10.0.0.1, 2001:db8::1, 127.0.0.1",
                #"Forwarded: for=10.0.0.1;host="first.example:8443";proto=https, "#
                    + #"for="[2001:db8::1]", for=127.0.0.1"#,
                "Via: 1.1 swiftlet", "", "",
            ]
        )
    }

    @Test("a Forwarded that is there stays alone")
    func forwardedThere() {
        let seen = Self.seen(["Host": "a", "Forwarded": "for=_secret"])
        #expect(seen.filter { $0.hasPrefix("Forwarded") } == ["Forwarded: for=_secret"])
        #expect(seen.contains("X-Forwarded-For: 127.0.0.1"))
    }

    @Test("hosts and peers of any form are quoted as they must be")
    func quoting() {
        let peer = SocketAddress.ipv6(
            address: [UInt8](repeating: 0, count: 15) + [1],
            port: 9
        )
        let lines = Self.seen(["Host": "[::1]:80"], peer: peer)
        #expect(lines.contains(#"Forwarded: for="[::1]";host="[::1]:80";proto=http"#))
        #expect(lines.contains("X-Forwarded-For: ::1"))
        let local = Self.seen(["Host": "a"], peer: .unix(path: "/run/x"))
        #expect(local.contains("X-Forwarded-For: unknown"))
        #expect(
            String(
                decoding: ForwardedText.lines(
                    list: Array(#" a"b , ,c\d"#.utf8),
                    host: [],
                    proto: Array("http".utf8)[...],
                    hasHost: true,
                    hasProto: true,
                    hasForwarded: false
                ).dropFirst(#"X-Forwarded-For:  a"b , ,c\d"#.utf8.count + 2),
                as: UTF8.self
            ) == #"Forwarded: for="a\"b";proto=http, for="c\\d""# + "\r\n"
        )
    }

    @Test("the lines kept ready are those of the peer and host at hand")
    func kept() {
        var forwarded = ForwardedText()
        func line(_ peer: SocketAddress, _ host: String) -> String {
            let lines = forwarded.lines(peer: peer, host: Array(host.utf8)[...], proto: "http")
            return String(decoding: lines, as: UTF8.self).split(separator: "\r\n").last.map {
                String($0)
            } ?? ""
        }
        let (here, there) = (SocketAddress.ipv4Loopback(port: 1), SocketAddress.ipv4Any(port: 1))
        #expect(line(here, "a") == "Forwarded: for=127.0.0.1;host=a;proto=http")
        #expect(line(.ipv4Loopback(port: 2), "a") == "Forwarded: for=127.0.0.1;host=a;proto=http")
        #expect(line(here, "b") == "Forwarded: for=127.0.0.1;host=b;proto=http")
        #expect(line(there, "b") == "Forwarded: for=0.0.0.0;host=b;proto=http")
        #expect(line(here, "a") == "Forwarded: for=127.0.0.1;host=a;proto=http")
    }

    @Test(
        "each request says in exactly one way how long its body is",
        arguments: [
            (["Host": "a", "Content-Length": "12"], "Content-Length: 12"),
            (["Host": "a", "Content-Length": "0"], "Content-Length: 0"),
            (["Host": "a", "Content-Length": "007"], "Content-Length: 7"),
            (["Host": "a", "Transfer-Encoding": "Chunked"], "Transfer-Encoding: chunked"),
            (["Host": "a"], nil),
        ] as [(HTTPFields, Substring?)]
    )
    func framing(_ fields: HTTPFields, _ line: Substring?) {
        let found = Self.seen(fields, method: .post).filter {
            $0.lowercased().hasPrefix("content-length") || $0.lowercased().hasPrefix("transfer")
        }
        #expect(found == (line.map { [$0] } ?? []))
    }

    @Test(
        "targets and hosts in other forms",
        arguments: [
            (
                "http://other.example:81/path?q=1", "GET /path?q=1 HTTP/1.1",
                "Host: other.example:81"
            ),
            ("http://other.example", "GET / HTTP/1.1", "Host: other.example"),
            ("*", "OPTIONS * HTTP/1.1", "Host: a"),
            ("/?a=http://b/", "GET /?a=http://b/ HTTP/1.1", "Host: a"),
        ] as [(String, Substring, Substring)]
    )
    func targets(_ target: String, _ line: Substring, _ host: Substring) {
        let seen = Self.seen(
            ["Host": "a"],
            method: target == "*" ? .options : .get,
            target: target
        )
        #expect(seen[0] == line)
        #expect(seen[1] == host)
        #expect(seen.count { $0.hasPrefix("Host:") } == 1)
    }

    @Test("a request without a host gets one")
    func hostDefault() { #expect(Self.seen([:])[1] == "Host: default") }

    @Test("fields that a client wants dropped cannot take away the proxy's own")
    func nominated() {
        let seen = Self.seen(
            [
                "Host": "a", "Content-Length": "3", "X-One": "1", "X-Two": "2",
                "Connection": "Host, content-length, X-Forwarded-For",
                "connection": "x-one",
            ],
            method: .post
        )
        #expect(seen.contains("Host: a") && seen.contains("Content-Length: 3"))
        #expect(seen.contains("X-Forwarded-For: 127.0.0.1") && seen.contains("X-Two: 2"))
        #expect(!seen.contains("X-One: 1"))
    }

    // MARK: Probes

    @Test(
        "each kind of probe has its answer",
        arguments: [
            (["K-Network-Probe": "activator"], 200, "activator"),
            (["K-Network-Probe": "probe"], 400, "a probe needs the header K-Network-Hash"),
            (
                ["K-Network-Probe": "probe", "K-Network-Hash": ""], 400,
                "a probe needs the header K-Network-Hash"
            ),
            (["K-Network-Probe": "queue"], 400, "unexpected probe header value: queue"),
            (["User-Agent": "kube-probe/1.29"], 200, ""),
            (["K-Kubelet-Probe": "1"], 200, ""),
        ] as [(HTTPFields, Int, String)]
    )
    func probes(_ fields: HTTPFields, _ status: Int, _ text: String) {
        let answer = KnativeProbe.answer(to: fields, isStopping: false)
        #expect(answer?.status.rawValue == status && answer?.text == text)
        #expect(
            RequestTraits(HTTPRequestHead(method: .get, target: "/", fields: fields)).mayBeProbe
        )
    }

    @Test("the hash of a probe comes back")
    func probeHash() {
        let fields: HTTPFields = ["K-Network-Probe": "probe", "K-Network-Hash": "override"]
        let answer = KnativeProbe.answer(to: fields, isStopping: false)
        #expect(answer == KnativeProbe.Answer(status: .ok, fields: ["K-Network-Hash": "override"]))
    }

    @Test(
        "no other request is a probe",
        arguments: [
            ["User-Agent": "curl/8"], ["User-Agent": "kube/1"], ["K-Network-Probe": ""], [:],
        ] as [HTTPFields]
    )
    func noProbes(_ fields: HTTPFields) {
        #expect(KnativeProbe.answer(to: fields, isStopping: false) == nil)
    }

    @Test("probes fail while the activator stops")
    func probesWhileStopping() {
        let probe: HTTPFields = ["K-Network-Probe": "activator"]
        #expect(KnativeProbe.answer(to: probe, isStopping: true)?.status == 503)
        let kubelet: HTTPFields = ["User-Agent": "kube-probe/1.29"]
        #expect(KnativeProbe.answer(to: kubelet, isStopping: true)?.status == 500)
    }

    // MARK: Other texts

    @Test(
        "Retry-After is in whole seconds, rounded up, and never 0",
        arguments: [
            (Duration.zero, "1"), (.milliseconds(1), "1"), (.seconds(1), "1"),
            (.milliseconds(1001), "2"), (.seconds(60), "60"),
        ]
    )
    func retryAfter(_ duration: Duration, _ text: String) {
        let answer = ProblemAnswer(status: 503, detail: "", retryAfter: duration)
        #expect(answer.fields["retry-after"] == text)
    }

    @Test("a problem is JSON whatever its texts hold")
    func problem() {
        let answer = ProblemAnswer(
            status: 502,
            detail: "a \"quoted\"\n\u{1} text",
            members: ["function": "a/b"]
        )
        #expect(
            String(decoding: answer.body, as: UTF8.self)
                == #"{"type":"about:blank","title":"Bad Gateway","status":502,"#
                + #""detail":"a \"quoted\"\n\u0001 text","function":"a/b"}"# + "\n"
        )
        #expect(answer.fields["retry-after"] == nil)
    }

    @Test(
        "times in Server-Timing have three digits behind the point",
        arguments: [
            (Duration.zero, "0.000"), (.microseconds(5), "0.005"), (.milliseconds(1), "1.000"),
            (.nanoseconds(12_345_678), "12.345"), (.seconds(-1), "0.000"),
        ]
    )
    func milliseconds(_ duration: Duration, _ text: String) {
        #expect(ProxiedRequest.milliseconds(duration) == text)
    }

    @Test(
        "exits are told in words",
        arguments: [
            (0, "exited with code 0"), (0x0300, "exited with code 3"),
            (0xFF00, "exited with code 255"),
            (9, "was ended by signal 9 (SIGKILL)"), (11 | 0x80, "was ended by signal 11 (SIGSEGV)"),
            (40, "was ended by signal 40"),
        ] as [(Int32, String)]
    )
    func exits(_ status: Int32, _ text: String) {
        #expect(ProcessExit(waitStatus: status).description == text)
    }

    // MARK: Lines

    @Test("lines come out the same however the bytes are cut")
    func lineSplits() {
        let text = Array("one\n\ntwo\r\nthree is long\nfour".utf8)
        for cut in 0...text.count {
            var splitter = LineSplitter(lengthMax: 8)
            var lines: [String] = []
            for part in [text[..<cut], text[cut...]] {
                Array(part).withUnsafeBytes { splitter.append($0) { lines.append($0) } }
            }
            splitter.finish { lines.append($0) }
            #expect(lines == ["one", "two", "three is", " long", "four"])
        }
    }

    @Test("a line of exactly the limit stays whole, and one byte more is cut", arguments: [4, 5])
    func lineLimit(_ length: Int) {
        var splitter = LineSplitter(lengthMax: 4)
        var lines: [String] = []
        let text = String(repeating: "x", count: length) + "\n"
        Array(text.utf8).withUnsafeBytes { splitter.append($0) { lines.append($0) } }
        #expect(lines == (length == 4 ? ["xxxx"] : ["xxxx", "x"]))
    }
}
