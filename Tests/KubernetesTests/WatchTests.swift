// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Kubernetes

@Suite("Kubernetes: what a watch sends")
struct WatchTextTests {
    private static let texts = [
        #"{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"2"}}}"#,
        #"{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}"#,
        #"{"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"9"}}}"#,
    ]

    private static func lines(_ pieces: [[UInt8]]) throws(KubernetesError) -> [String] {
        var splitter = WatchLines()
        var lines: [String] = []
        for piece in pieces {
            for line in try splitter.append(piece) {
                lines.append(String(decoding: line, as: UTF8.self))
            }
        }
        return lines
    }

    @Test("lines come out whole wherever the pieces are cut, at any two places")
    func splits() throws {
        let bytes = Array((Self.texts.joined(separator: "\n") + "\r\n\n").utf8)
        for first in 0...bytes.count {
            for second in stride(from: first, through: bytes.count, by: 7) {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]]
                #expect(try Self.lines(pieces.map { Array($0) }) == Self.texts)
            }
        }
    }

    @Test("a proper prefix has no line that is not complete")
    func prefixes() throws {
        let bytes = Array((Self.texts[0] + "\n").utf8)
        for length in 0..<bytes.count {
            #expect(try Self.lines([Array(bytes[..<length])]).isEmpty)
        }
    }

    @Test("a line at the limit, and one past it, in one piece or two")
    func limit() throws {
        for cut in [0, 3] {
            var splitter = WatchLines(bytesMax: 8)
            _ = try splitter.append(Array("abcdefgh".utf8.prefix(cut)))
            let rest = Array("abcdefgh\nij\n".utf8.dropFirst(cut))
            #expect(try splitter.append(rest).map(\.count) == [8, 2])
            #expect(throws: KubernetesError.self) {
                var splitter = WatchLines(bytesMax: 8)
                _ = try splitter.append(Array("abcdefghi".utf8.prefix(cut)))
                _ = try splitter.append(Array("abcdefghi\n".utf8.dropFirst(cut)))
            }
        }
    }

    @Test("events of each kind; unknown kinds are passed over")
    func events() throws {
        func parse(_ text: String) throws -> WatchEvent? { try WatchEvent.parse(Array(text.utf8)) }
        guard case .set(let slice) = try parse(Self.texts[0]) else {
            return #expect(Bool(false), "ADDED sets")
        }
        #expect(slice.metadata.name == "a" && slice.endpoints == nil)
        #expect(try parse(Self.texts[1]) == .bookmark(version: "7"))
        #expect(
            try parse(Self.texts[2]).map { if case .removed = $0 { true } else { false } } == true
        )
        let gone = #"{"type":"ERROR","object":{"kind":"Status","message":"too old","code":410}}"#
        #expect(try parse(gone) == .failed(code: 410, message: "too old"))
        #expect(try parse(#"{"type":"ERROR","object":{}}"#) == .failed(code: 500, message: nil))
        #expect(try parse(#"{"type":"RENAMED","object":{}}"#) == nil)
    }

    @Test("what is cut short, or something else, is an error and nothing worse")
    func malformed() {
        for text in Self.texts {
            let bytes = Array(text.utf8)
            for length in 0..<bytes.count {
                #expect(throws: KubernetesError.self) {
                    try WatchEvent.parse(Array(bytes[..<length]))
                }
            }
        }
        for text in ["[]", "null", "1", #"{"type":1}"#, #"{"type":"ADDED"}"#, "\u{0}"] {
            #expect(throws: KubernetesError.self) { try WatchEvent.parse(Array(text.utf8)) }
        }
    }

    @Test("random damage is an error or an event", arguments: SeededGenerator.seeds)
    func damage(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            var bytes = Array(random.pick(Self.texts).utf8)
            for _ in 0...Int.random(in: 0...3, using: &random) {
                let index = Int.random(in: bytes.indices, using: &random)
                bytes[index] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? WatchEvent.parse(bytes)
        }
    }
}

@Suite("Kubernetes: how a collection is followed")
struct WatchPlanTests {
    private static func error(_ kind: KubernetesError.Kind) -> KubernetesError {
        KubernetesError(kind, "test")
    }

    @Test("list, watch, watch again from where it ended")
    func normal() {
        var plan = WatchPlan()
        #expect(plan.waited() == .list)
        #expect(plan.listed(at: "5") == .watch(since: "5"))
        plan.advanced(to: "8")
        #expect(plan.ended(after: .seconds(60), jitter: 0) == .watch(since: "8"))
        plan.advanced(to: "9")
        #expect(plan.ended(after: .zero, jitter: 0) == .watch(since: "9"))
    }

    @Test("a server that ends each watch at once is asked more and more rarely")
    func ends() {
        var plan = WatchPlan()
        _ = plan.listed(at: "5")
        #expect(plan.ended(after: .zero, jitter: 1) == .watch(since: "5"))
        #expect(plan.ended(after: .zero, jitter: 1) == .wait(.milliseconds(200)))
        #expect(plan.waited() == .watch(since: "5"))
        #expect(plan.ended(after: .zero, jitter: 1) == .wait(.milliseconds(400)))
        // One that lasts makes up for it.
        #expect(plan.ended(after: WatchPlan.steadyAfter, jitter: 1) == .watch(since: "5"))
    }

    @Test(
        "what is known stays known when nobody said otherwise",
        arguments: [
            (KubernetesError.Kind.unreachable, true), (.unauthorized, true), (.forbidden, true),
            (.throttled, true), (.credentials, true), (.gone, false), (.notFound, false),
            (.serverFailed, false), (.malformed, false), (.refused, false), (.conflict, false),
        ]
    )
    func failures(_ kind: KubernetesError.Kind, _ keepsVersion: Bool) {
        var plan = WatchPlan()
        _ = plan.listed(at: "5")
        let step = plan.failed(Self.error(kind), jitter: 1)
        #expect(step == (kind == .gone ? .list : .wait(.milliseconds(100))))
        #expect(plan.waited() == (keepsVersion ? .watch(since: "5") : .list))
    }

    @Test("410 after 410 is not a circle without a pause")
    func gone() {
        var plan = WatchPlan()
        _ = plan.listed(at: "5")
        #expect(plan.failed(Self.error(.gone), jitter: 1) == .list)
        _ = plan.listed(at: "6")
        #expect(plan.failed(Self.error(.gone), jitter: 1) == .wait(.milliseconds(200)))
        _ = plan.listed(at: "7")
        plan.advanced(to: "8")
        #expect(plan.failed(Self.error(.gone), jitter: 1) == .list)
    }

    @Test("waits double up to the longest, half of each by chance, and never below what is asked")
    func delays() {
        var delay = RetryDelay()
        #expect(delay.failed(jitter: 0) == .milliseconds(50))
        #expect(delay.failed(jitter: 1) == .milliseconds(200))
        for _ in 0..<100 { _ = delay.failed(jitter: 0.5) }
        #expect(delay.failed(jitter: 1) == RetryDelay.longest)
        #expect(delay.failed(jitter: 0) == RetryDelay.longest / 2)
        #expect(delay.failed(asked: .seconds(60), jitter: 0) == .seconds(60))
        delay.succeeded()
        #expect(delay.failed(asked: .milliseconds(1), jitter: 1) == .milliseconds(100))
    }
}
