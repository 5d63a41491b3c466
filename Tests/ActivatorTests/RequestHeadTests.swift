// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import TestSupport
import Testing

@testable import Activator

/// The head that a function sees, beside what the rules say in a slower way.
@Suite("Head of a request to a function")
struct RequestHeadTests {
    /// Names that mean something to the proxy, and their neighbours of the same length.
    private static let names = [
        "host", "te", "tf", "expect", "upgrade", "forwarded", "connection", "keep-alive",
        "user-agent", "tracestate", "traceparent", "content-type", "k-network-hash",
        "x-forwarded-for", "k-network-probe", "k-kubelet-probe", "x-forwarded-host",
        "proxy-connection", "x-forwarded-proto", "knative-serving-revision",
        "http2-settings", "max-forwards", "via",
        "knative-serving-namespace", "knative-serving-namespac!", "x-hop", "x-hops", "ce-id", "a",
    ]
    private static let dropped: Set = [
        "host", "te", "expect", "upgrade", "connection", "keep-alive", "k-network-hash",
        "http2-settings", "x-forwarded-for", "proxy-connection", "knative-serving-revision",
        "knative-serving-namespace", "traceparent", "tracestate", "content-length",
        "transfer-encoding",
    ]

    private static func written(_ head: HTTPRequestHead, isUpgrade: Bool) -> [UInt8] {
        var output: [UInt8] = []
        var forwarded = ForwardedText()
        var trace = TraceParent(seed: 1)
        UpstreamRequestHead(
            head: head,
            traits: RequestTraits(head),
            peer: .ipv4Loopback(port: 1),
            proto: "http",
            hostDefault: Array("default".utf8),
            isUpgrade: isUpgrade
        ).append(to: &output, forwarded: &forwarded, trace: &trace)
        return output
    }

    private static func randomHead(_ random: inout SeededGenerator) -> HTTPRequestHead {
        var head = HTTPRequestHead(method: "M", target: "/")
        let targets = ["/", "/a?b=c", "*", "http://h:1/p", "http://h"]
        head.target = targets.randomElement(using: &random) ?? "/"
        let length = Int.random(in: 0...40, using: &random)
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            guard let name = self.names.randomElement(using: &random) else { continue }
            let isCapital = Bool.random(using: &random)
            let value = ["", "x-hop", "close, ce-id", String(repeating: "v", count: length)]
            head.fields.append(
                isCapital ? name.uppercased() : name,
                value.randomElement(using: &random) ?? ""
            )
        }
        if Bool.random(using: &random) { head.fields.append("Content-Length", "\(Int.max)") }
        return head
    }

    @Test("any head fits the room that is made for it, and passes what it must, in order")
    func anyHead() throws {
        var random = SeededGenerator()
        for _ in 0..<2000 {
            let head = Self.randomHead(&random)
            let bytes = Self.written(head, isUpgrade: Bool.random(using: &random))
            let text = String(decoding: bytes, as: UTF8.self)
            let nominated = head.fields.values("connection").flatMap {
                $0.split(separator: ",").map {
                    String(decoding: HTTPText.trim(Array($0.utf8)[...]), as: UTF8.self).lowercased()
                }
            }
            var expected: [String] = []
            head.fields.forEachBytes { bytes, value in
                let name = String(decoding: bytes, as: UTF8.self)
                let lower = name.lowercased()
                guard !Self.dropped.contains(lower), !nominated.contains(lower) else { return }
                expected.append("\(name): \(String(decoding: value, as: UTF8.self))")
            }
            #expect(text.hasSuffix("\r\n\r\n"), "\(head), seed \(random.seed)")
            let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
            let passed = lines.dropFirst(2).prefix(expected.count)
            #expect(passed.elementsEqual(expected) { $0 == $1 }, "seed \(random.seed)")
            let next = try #require(lines.dropFirst(2 + expected.count).first)
            #expect(next.hasPrefix("X-Forwarded-For: ") || next == "Content-Length: \(Int.max)")
        }
    }

    private static func field(_ name: some Sequence<UInt8>) -> RequestField {
        RequestField(Array(name).span)
    }

    @Test("a name that differs from a known one in any byte is the function's own")
    func neighbours() {
        for name in Self.names where Self.field(name.utf8) != .other {
            #expect(Self.field(name.uppercased().utf8) == Self.field(name.utf8))
            for index in 0..<name.utf8.count {
                for replacement in UInt8.min...UInt8.max where HTTPText.isToken(replacement) {
                    var bytes = Array(name.utf8)
                    guard HTTPText.lowercased(replacement) != bytes[index] else { continue }
                    bytes[index] = replacement
                    #expect(Self.field(bytes) == .other, "\(bytes)")
                }
            }
            #expect(Self.field(name.utf8.dropLast()) == .other)
            #expect(Self.field((name + "x").utf8) == .other)
        }
    }
}
