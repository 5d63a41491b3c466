// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@testable import HTTPServer

@Suite("Server parts: the count of HTTP/2 frames")
struct HTTP2FrameCounterTests {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private static func count(_ counter: inout HTTP2FrameCounter, _ bytes: ArraySlice<UInt8>) -> Int
    {
        bytes.withUnsafeBufferPointer { counter.count($0) }
    }

    @Test("is the same at every split point, and right at every prefix")
    func splits() {
        let frames = [0, 1, 300, 0].map {
            HTTP2Frame(kind: 0x77, flags: 0xFF, stream: 7, payload: .init(repeating: 9, count: $0))
        }
        let bytes = Self.preface + frames.flatMap(\.encoded)
        // A frame counts from the third byte of its length on.
        var ends: [Int] = []
        var start = Self.preface.count
        for frame in frames {
            ends.append(start + 3)
            start += frame.encoded.count
        }
        for split in 0...bytes.count {
            var counter = HTTP2FrameCounter()
            let first = Self.count(&counter, bytes[..<split])
            #expect(first == ends.count { $0 <= split }, "prefix of \(split)")
            let second = Self.count(&counter, bytes[split...])
            #expect(first + second == frames.count)
        }
    }

    @Test("is right for frames of any length, in pieces of any length")
    func random() {
        var random = SeededGenerator()
        for _ in 0..<200 {
            let frames = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                HTTP2Frame(.data, random.bytes(countMax: 1000))
            }
            let bytes = Self.preface + frames.flatMap(\.encoded)
            var counter = HTTP2FrameCounter()
            var (count, start) = (0, 0)
            while start < bytes.count {
                let end = min(bytes.count, start + Int.random(in: 1...700, using: &random))
                count += Self.count(&counter, bytes[start..<end])
                start = end
            }
            #expect(count == frames.count, "seed \(SeededGenerator.seed)")
        }
    }

    @Test("takes the longest frame there can be")
    func longest() {
        var counter = HTTP2FrameCounter()
        let head: [UInt8] = [0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0]
        let payload = [UInt8](repeating: 0, count: 0xFF_FFFF)
        let pieces = [(Self.preface + head)[...], payload[...], head[...]]
        let counts = pieces.map { Self.count(&counter, $0) }
        #expect(counts == [1, 0, 1])
    }
}

@Suite("Server parts: the budget of HTTP/2 frames")
struct HTTP2FrameBudgetTests {
    private static let start = MonotonicTime(nanoseconds: 1_000_000_000_000)

    private static func budget(
        _ change: (inout HTTP2Limits) -> Void = { _ in }
    ) -> HTTP2FrameBudget {
        var limits = HTTP2Limits()
        limits.overheadFramesMax = 100
        limits.overheadFramesPerSecond = 10
        limits.overheadFramesPerMessageFrame = 3
        change(&limits)
        return HTTP2FrameBudget(limits)
    }

    /// Whether there was room, for one number after the other.
    private static func spend(
        _ counts: [Int],
        of budget: inout HTTP2FrameBudget,
        at now: MonotonicTime = Self.start
    ) -> [Bool] {
        counts.map { budget.spend($0, at: now) }
    }

    @Test("has room for its limit, and not for one more", arguments: [1, 10, 50, 100])
    func limit(_ step: Int) {
        var budget = Self.budget()
        let steps = Self.spend(Array(repeating: step, count: 100 / step), of: &budget)
        #expect(!steps.contains(false))
        let more = Self.spend([0, 1], of: &budget)
        #expect(more == [true, false])
    }

    @Test("comes back with time, up to its limit")
    func time() {
        var budget = Self.budget()
        let first = Self.spend([100, 1], of: &budget)
        let later = Self.start.advanced(by: .seconds(2))
        let second = Self.spend([20, 1], of: &budget, at: later)
        let muchLater = later.advanced(by: .seconds(1_000_000))
        let third = Self.spend([100, 1], of: &budget, at: muchLater)
        #expect([first, second, third] == Array(repeating: [true, false], count: 3))
    }

    @Test("keeps what frames of messages have earned, and spends it first")
    func earned() {
        var budget = Self.budget()
        for _ in 0..<1000 { budget.earn() }
        let spent = Self.spend([2999, 101, 1], of: &budget)
        #expect(spent == [true, true, false])
    }

    @Test("is bounded by the range of numbers, and each frame pays for itself at least")
    func extremes() {
        var rich = Self.budget { $0.overheadFramesPerMessageFrame = .max }
        for _ in 0..<3 { rich.earn() }
        let much = Self.spend([.max, 100, 1], of: &rich)
        #expect(much == [true, true, false])
        var poor = Self.budget {
            $0.overheadFramesMax = 0
            $0.overheadFramesPerMessageFrame = 0
        }
        let nothing = Self.spend([1], of: &poor)
        poor.earn()
        let little = Self.spend([1, 1], of: &poor)
        #expect(nothing + little == [false, true, false])
    }
}
