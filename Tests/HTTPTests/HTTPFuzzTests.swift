// SPDX-License-Identifier: Apache-2.0

import FuzzTargets
import HTTP
import TestSupport
import Testing

/// Changes bytes at random, in ways that HTTP parsers are known to stumble over.
struct Mutator {
    private static let tokens = [
        "\r\n", "\n", "\r", " ", "\t", ":", "\r\n\r\n", "\u{0}", ";", ",", "%", "[", "]", "#", "?",
        "HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "Host: a\r\n", "Host: ", "Content-Length: 5\r\n",
        "Content-Length: ", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: ", "chunked",
        "gzip", "Connection: close\r\n", "Expect: 100-continue\r\n", "0\r\n\r\n", "5\r\nhello\r\n",
        "FFFFFFFFFFFFFFFF", "99999999999999999999", "-1", "+1", "http://", "CONNECT ", "\u{7F}",
        "1", "a", "A: b\r\n", "\r\n ", "é",
    ].map { Array($0.utf8) }

    var random: SeededGenerator

    /// A random place, the end included.
    private mutating func place(_ bytes: [UInt8]) -> Int {
        Int.random(in: 0...bytes.count, using: &self.random)
    }

    /// One change or a few.
    mutating func mutate(_ original: [UInt8]) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &self.random) {
            let place = self.place(bytes)
            let end = min(bytes.count, place + Int.random(in: 0...12, using: &self.random))
            switch Int.random(in: 0..<7, using: &self.random) {
            case 0: bytes.replaceSubrange(place..<min(bytes.count, place + 1), with: [self.byte()])
            case 1: bytes.insert(self.byte(), at: place)
            case 2: bytes.removeSubrange(place..<end)
            case 3: bytes.insert(contentsOf: Array(bytes[place..<end]), at: self.place(bytes))
            case 4: bytes.removeLast(bytes.count - place)
            default:
                let index = Int.random(in: 0..<Self.tokens.count, using: &self.random)
                bytes.insert(contentsOf: Self.tokens[index], at: place)
            }
        }
        return bytes
    }

    private mutating func byte() -> UInt8 { .random(in: 0...255, using: &self.random) }

    /// Where to cut a stream of `count` bytes, in rising order; the end is always there.
    mutating func cuts(_ count: Int) -> [Int] {
        let cutCount = Int.random(in: 0...5, using: &self.random)
        let cuts = (0..<cutCount).map { _ in Int.random(in: 0...count, using: &self.random) }
        return cuts.sorted() + [count]
    }
}

@Suite("Seeded fuzzing; SWIFTLET_TEST_SEED repeats a run")
struct HTTPFuzzTests {
    static let rounds = 12_000

    static func outcome(_ bytes: [UInt8], cuts: [Int]) -> NaiveRequestParser.Outcome {
        var parser = HTTPRequestParser()
        do {
            for cut in cuts {
                guard let (request, length) = try parser.parse(bytes: bytes[..<cut]) else {
                    continue
                }
                return .request(NaiveRequestParser.Request(request, length: length))
            }
            return .incomplete
        } catch {
            return .refused
        }
    }

    @Test("mutated requests are judged as a naive parser judges them, however they are cut")
    func requests() {
        var mutator = Mutator(random: SeededGenerator())
        let corpus = HTTPRequestParserTests.valid.map { Array($0.text.utf8) }
        var counts = [0, 0, 0]
        for round in 0..<Self.rounds {
            let bytes = mutator.mutate(corpus[round % corpus.count])
            let expected = NaiveRequestParser.parse(bytes)
            let found = Self.outcome(bytes, cuts: [bytes.count])
            guard found == expected else {
                Issue.record("\(String(decoding: bytes, as: UTF8.self).debugDescription): \(found)")
                return
            }
            #expect(Self.outcome(bytes, cuts: mutator.cuts(bytes.count)) == expected)
            switch expected {
            case .incomplete: counts[0] += 1
            case .refused: counts[1] += 1
            case .request: counts[2] += 1
            }
        }
        // A fuzzer that meets one kind alone compares nothing.
        #expect(counts.allSatisfy { $0 > Self.rounds / 20 }, "\(counts)")
    }

    @Test("mutated responses never trap, and cuts change nothing")
    func responses() {
        var mutator = Mutator(random: SeededGenerator())
        let corpus = HTTPResponseParserTests.valid.map { Array($0.text.utf8) }
        func outcome(_ bytes: [UInt8], _ cuts: [Int]) -> String {
            var parser = HTTPResponseParser()
            do {
                for cut in cuts {
                    let part = Array(bytes[..<cut])
                    guard let (response, consumed) = try parser.parse(part.span, to: .get) else {
                        continue
                    }
                    #expect(consumed <= bytes.count)
                    return "\(response) \(consumed)"
                }
                return "incomplete"
            } catch { return "refused" }
        }
        for round in 0..<Self.rounds {
            let bytes = mutator.mutate(corpus[round % corpus.count])
            let whole = outcome(bytes, [bytes.count])
            #expect(outcome(bytes, mutator.cuts(bytes.count)) == whole)
        }
    }

    @Test("mutated bodies never trap, and cuts change nothing")
    func bodies() {
        var mutator = Mutator(random: SeededGenerator())
        let corpus = [
            "5\r\nhello\r\n0\r\n\r\n", "a;x=y\r\n0123456789\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n",
            "0\r\n\r\n", "000\r\nX: y\r\nZ: w\r\n\r\n",
        ].map { Array($0.utf8) }
        for round in 0..<Self.rounds {
            let bytes = mutator.mutate(corpus[round % corpus.count])
            let limit = round % 3 == 0 ? 12 : Int.max
            let whole = BodyRun.run(bytes, .chunked, bodyBytesMax: limit, cuts: [bytes.count])
            let cuts = mutator.cuts(bytes.count)
            let cut = BodyRun.run(bytes, .chunked, bodyBytesMax: limit, cuts: cuts)
            #expect(cut.data == whole.data)
            #expect(cut.consumed == whole.consumed)
            #expect((cut.error == nil) == (whole.error == nil))
            #expect(whole.data.count <= limit)
        }
    }

    @Test("random bytes never trap anything")
    func noise() {
        var mutator = Mutator(random: SeededGenerator())
        for _ in 0..<Self.rounds {
            let bytes = mutator.random.bytes(countMax: 64)
            #expect(Self.outcome(bytes, cuts: [bytes.count]) == NaiveRequestParser.parse(bytes))
            var parser = HTTPResponseParser()
            _ = try? parser.parse(bytes.span, to: .head)
            _ = BodyRun.run(bytes, .chunked, bodyBytesMax: 10, cuts: [bytes.count])
            let text = String(decoding: bytes, as: UTF8.self)
            _ = HTTPHost.isValid(text)
            _ = HTTPHost.name(of: text)
            let head = HTTPRequestHead(method: .get, target: text)
            _ = (head.path, head.query, head.authority)
        }
    }
}
