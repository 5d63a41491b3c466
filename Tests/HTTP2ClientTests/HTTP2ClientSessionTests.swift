// SPDX-License-Identifier: Apache-2.0

import HTTP
import TestSupport
import Testing

@testable import HTTP2Client

@Suite("Client's side of HTTP/2 (RFC 9113)")
struct HTTP2ClientSessionTests {
    @Test("the preface and settings without push come first (section 3.4)")
    func preface() throws {
        let peer = try Peer()
        #expect(peer.hasPreface)
        let settings = try #require(peer.sent.first)
        #expect(settings.isKind(.settings))
        #expect(settings.payload.starts(with: [0, 2, 0, 0, 0, 0]))
        #expect(!peer.session.hasSettings)
        peer.give(HTTP2Frame.settings([]))
        #expect(peer.session.hasSettings)
        #expect(peer.told == ["settings 100"])
    }

    @Test("a request, and an answer with body and trailers, at every split point of what comes")
    func exchange() throws {
        let frames = [
            HTTP2Frame.settings([]), HTTP2Frame.headers(1, [(":status", "103"), ("link", "a")]),
            HTTP2Frame.headers(1, [(":status", "200"), ("content-type", "x")]),
            HTTP2Frame.data(1, "hello"),
            HTTP2Frame.data(1, " you"), HTTP2Frame.headers(1, [("grpc-status", "0")], ends: true),
        ]
        let bytes = frames.dropFirst().flatMap(\.encoded)
        let expected = [
            "settings 100", "1 interim 103", "1 head 200 content-type", "1 body hello you",
            "1 end grpc-status",
        ]
        for split in bytes.indices {
            let peer = try Peer()
            peer.give(frames[0])
            #expect(peer.begin() == 1)
            let head = try #require(peer.next(.headers))
            #expect(head.endsStream)
            peer.give(bytes: Array(bytes[..<split]))
            peer.give(bytes: Array(bytes[split...]))
            #expect(peer.told == expected, "split at \(split)")
            #expect(peer.session.openCount == 0)
        }
    }

    @Test("a body goes as far as the windows let it, and the rest when they open (section 6.9)")
    func windows() throws {
        let peer = try Peer()
        peer.give(HTTP2Frame.settings([(4, 10)]))
        let id = try #require(peer.begin(hasBody: true))
        #expect(peer.next(.headers)?.endsStream == false)
        peer.session.send(Array("0123456789abc".utf8), on: id)
        peer.session.end(id, trailers: ["X-Sum": "1"])
        peer.produce()
        #expect(peer.next(.data)?.payload == Array("0123456789".utf8))
        #expect(peer.next(.data) == nil)
        peer.give(HTTP2Frame(.windowUpdate, stream: 1, HTTP2Frame.bytes(3)))
        let rest = try #require(peer.next(.data))
        #expect(rest.payload == Array("abc".utf8))
        #expect(!rest.endsStream)
        #expect(peer.next(.headers)?.endsStream == true)
    }

    @Test("who sends more than there is room for is told when there is some")
    func room() throws {
        let peer = try Peer()
        peer.give(HTTP2Frame.settings([(4, 100)]))
        let id = try #require(peer.begin(hasBody: true))
        let most = HTTP2ClientSession.streamOutputBytesMax
        peer.session.send([UInt8](repeating: 1, count: most - 1), on: id)
        #expect(peer.session.hasRoom(of: id))
        peer.session.send([1], on: id)
        #expect(!peer.session.hasRoom(of: id))
        peer.produce()
        #expect(peer.told == ["settings 100", "1 room"])
        #expect(peer.session.hasRoom(of: id))
    }

    @Test("a frame that was begun when its stream is left is sent whole, and then the reset")
    func leavingWithinFrame() throws {
        let peer = try Peer()
        peer.give(HTTP2Frame.settings([(4, 1 << 20)]))
        peer.give(HTTP2Frame(.windowUpdate, HTTP2Frame.bytes(1 << 20)))
        let id = try #require(peer.begin(hasBody: true))
        peer.session.send([UInt8](repeating: 1, count: 200_000), on: id)
        // A peer that reads nothing: the output is full, and the frame behind it waits.
        #expect(peer.session.produce(upTo: 64 * 1024))
        peer.session.leave(id, .cancel)
        #expect(peer.begin() == 3)
        while let data = peer.next(.data) {
            #expect(data.stream == 1 && data.payload.allSatisfy { $0 == 1 })
        }
        #expect(peer.next(.reset)?.stream == 1)
        #expect(peer.sent.contains { $0.isKind(.headers) && $0.stream == 3 })
        #expect(peer.goesOn && peer.session.openCount == 1)
    }

    @Test("a peer may send no more than is taken of its answers")
    func unconsumed() throws {
        let peer = try Peer()
        peer.give(HTTP2Frame.settings([]))
        let id = try #require(peer.begin())
        peer.give(HTTP2Frame.headers(1, [(":status", "200")]))
        let whole = HTTP2ClientSession.streamWindowBytes
        for _ in 0..<3 { peer.give(HTTP2Frame.data(1, [UInt8](repeating: 1, count: 16_384))) }
        let rest = whole - 3 * 16_384
        peer.give(HTTP2Frame.data(1, [UInt8](repeating: 1, count: rest)))
        #expect(peer.next(.windowUpdate) == nil)
        peer.session.consumed(whole, of: id)
        peer.produce()
        let update = try #require(peer.next(.windowUpdate))
        #expect(update.stream == 1)
        #expect(update.number() == UInt32(whole))
        // One byte more than there is room for ends the stream.
        for _ in 0..<3 { peer.give(HTTP2Frame.data(1, [UInt8](repeating: 1, count: 16_384))) }
        peer.give(HTTP2Frame.data(1, [UInt8](repeating: 1, count: rest + 1)))
        #expect(peer.next(.reset)?.number() == 3 || peer.next(.goAway)?.number(at: 4) == 3)
    }

    @Test(
        "a stream that the peer ends is given back if it was refused before an answer (section 8.7)",
        arguments: [
            (7, false, "unprocessed"), (7, true, "reset(REFUSED_STREAM)"),
            (8, false, "reset(CANCEL)"), (99, true, "reset(error 99)"),
        ]
    )
    func resets(_ code: UInt32, _ hasHead: Bool, _ expected: String) throws {
        let peer = try Peer()
        peer.give(HTTP2Frame.settings([]))
        peer.begin()
        if hasHead { peer.give(HTTP2Frame.headers(1, [(":status", "200")])) }
        peer.give(HTTP2Frame(.reset, stream: 1, HTTP2Frame.bytes(code)))
        #expect(peer.told.last == "1 closed \(expected)")
    }

    @Test(
        "an answer that is whole stays so when the peer wants no more of the request (section 8.1)"
    )
    func earlyAnswer() throws {
        let peer = try Peer()
        peer.give(HTTP2Frame.settings([]))
        peer.begin(hasBody: true)
        peer.give(
            HTTP2Frame.headers(1, [(":status", "413")], ends: true),
            HTTP2Frame(.reset, stream: 1, HTTP2Frame.bytes(0))
        )
        #expect(peer.told == ["settings 100", "1 head 413  end"])
    }

    @Test("behind a GOAWAY streams up to its number go on, later ones are given back (section 6.8)")
    func goAway() throws {
        let peer = try Peer()
        peer.give(HTTP2Frame.settings([]))
        for _ in 0..<3 { peer.begin() }
        peer.give(HTTP2Frame(.goAway, HTTP2Frame.bytes(1) + HTTP2Frame.bytes(0)))
        #expect(
            Set(peer.told) == [
                "settings 100", "goAway", "3 closed unprocessed", "5 closed unprocessed",
            ]
        )
        peer.give(HTTP2Frame.headers(1, [(":status", "204")], ends: true))
        #expect(peer.told.last == "1 head 204  end")
    }

    @Test("a head that is longer than a frame goes over several (section 4.3)")
    func longHead() throws {
        let peer = try Peer()
        peer.give(HTTP2Frame.settings([]))
        let value = String(repeating: "~", count: 200_000)
        let text = "GET / HTTP/1.1\r\nHost: test\r\nX-Long: \(value)\r\n\r\n"
        let head = try #require(HTTP2FieldLines(requestHead: Array(text.utf8)))
        #expect(peer.session.begin(head, hasBody: false) == 1)
        peer.produce()
        #expect(peer.next(.headers) != nil)
        #expect(peer.next(.continuation) != nil)
        #expect(peer.told == ["settings 100"])
    }

    @Test("trailers that are too long end their stream alone, and at once", arguments: [0, 70_000])
    func longTrailers(_ bodyBytes: Int) throws {
        let peer = try Peer()
        peer.give(HTTP2Frame.settings([]))
        for (length, isSent) in [(1_000_000, true), (HTTP2ClientSession.sentBlockBytesMax, false)] {
            let id = try #require(peer.begin(hasBody: true))
            peer.session.send([UInt8](repeating: 1, count: bodyBytes), on: id)
            let value = String(repeating: "~", count: length)
            peer.session.end(id, trailers: ["X-Long": value])
            peer.produce()
            let increment = HTTP2Frame.bytes(UInt32(max(1, bodyBytes)))
            peer.give(
                HTTP2Frame(.windowUpdate, increment),
                HTTP2Frame(.windowUpdate, stream: UInt32(id), increment)
            )
            if isSent {
                peer.give(HTTP2Frame.headers(UInt32(id), [(":status", "204")], ends: true))
                #expect(peer.told.last == "\(id) head 204  end")
            } else {
                #expect(peer.told.last == "\(id) closed tooLong")
                #expect(peer.next(.reset)?.stream == UInt32(id))
            }
        }
        peer.begin()
        #expect(peer.goesOn)
        #expect(peer.session.openCount == 1)
    }

    @Test("a head that is too long is not sent, and nobody is asked to send it again")
    func tooLongHead() throws {
        let peer = try Peer()
        peer.give(HTTP2Frame.settings([]))
        let value = String(repeating: "~", count: HTTP2ClientSession.sentBlockBytesMax)
        let text = "GET / HTTP/1.1\r\nHost: test\r\nX-Long: \(value)\r\n\r\n"
        let head = try #require(HTTP2FieldLines(requestHead: Array(text.utf8)))
        #expect(peer.session.begin(head, hasBody: false) == 1)
        peer.produce()
        #expect(peer.told.last == "1 closed tooLong")
        #expect(peer.next(.headers) == nil)
        #expect(peer.session.openCount == 0)
        #expect(peer.begin() == 3)
        #expect(peer.next(.headers)?.stream == 3)
    }

    @Test("no head is sent before the peer's settings came, then as many as these allow")
    func unknownLimit() throws {
        let peer = try Peer()
        let streams = (0..<4).compactMap { _ in peer.begin() }
        #expect(peer.next(.headers) == nil)
        peer.give(HTTP2Frame.settings([(3, 2)]))
        #expect(peer.next(.headers)?.stream == 1)
        #expect(peer.next(.headers)?.stream == 3)
        #expect(peer.next(.headers) == nil)
        #expect(streams.map { peer.session.isHeadSent(of: $0) } == [true, true, false, false])
    }

    @Test("what the peer's limit held back is given back when the peer goes")
    func heldBack() throws {
        let peer = try Peer()
        peer.give(HTTP2Frame.settings([(3, 1)]))
        #expect(peer.told == ["settings 1"])
        for _ in 0..<2 { peer.begin() }
        #expect(peer.next(.headers)?.stream == 1)
        #expect(peer.next(.headers) == nil)
        peer.give(HTTP2Frame(.goAway, HTTP2Frame.bytes(1) + HTTP2Frame.bytes(0)))
        peer.give(HTTP2Frame.headers(1, [(":status", "204")], ends: true))
        #expect(peer.told.contains("3 closed unprocessed"))
        #expect(peer.told.contains("1 head 204  end"))
    }

    @Test("who leaves a stream is told no more of it, and the peer is told at once")
    func leaving() throws {
        let peer = try Peer()
        peer.give(HTTP2Frame.settings([]))
        let id = try #require(peer.begin())
        peer.session.leave(id, .cancel)
        peer.give(HTTP2Frame.headers(1, [(":status", "200")]), HTTP2Frame.data(1, "late"))
        #expect(peer.next(.reset)?.number() == 8)
        #expect(peer.told == ["settings 100"])
        #expect(peer.session.openCount == 0)
    }

    @Test("an answer has as many fields as are allowed, and not one more")
    func headLimits() throws {
        var limits = HTTPLimits()
        limits.headerCountMax = 3
        for (count, expected) in [
            (3, "1 head 200 a,a,a"), (4, "1 closed malformed(headerCountExceeded)"),
        ] {
            let peer = try Peer(limits)
            peer.give(HTTP2Frame.settings([]))
            peer.begin()
            let lines = [(":status", "200")] + Array(repeating: ("a", "b"), count: count)
            peer.give(HTTP2Frame.headers(1, lines))
            #expect(peer.told.last == expected)
        }
    }

    @Test("a status is one of 100 to 999", arguments: ["000", "099"])
    func status(_ status: String) throws {
        for (status, expected) in [
            (status, "1 closed malformed(startLineInvalid)"), ("999", "1 head 999 "),
        ] {
            let peer = try Peer()
            peer.give(HTTP2Frame.settings([]))
            peer.begin()
            peer.give(HTTP2Frame.headers(1, [(":status", status)]))
            #expect(peer.told.last == expected)
        }
    }

    @Test(
        "an answer that is not valid is no answer (section 8.1.1)",
        arguments: [
            [(":status", "200"), ("Upper", "x")], [(":status", "200"), ("connection", "close")],
            [("a", "b")], [(":status", "2000")], [(":status", "200"), ("a", "b\u{1}")],
        ]
    )
    func malformed(_ lines: [(String, String)]) throws {
        let peer = try Peer()
        peer.give(HTTP2Frame.settings([]))
        peer.begin()
        peer.give(HTTP2Frame.headers(1, lines))
        #expect(peer.told.last == "1 closed malformed")
        #expect(peer.next(.reset) != nil)
    }

    @Test("a body of another length than was announced is no answer (section 8.1.1)")
    func wrongLength() throws {
        let peer = try Peer()
        peer.give(HTTP2Frame.settings([]))
        peer.begin()
        peer.give(HTTP2Frame.headers(1, [(":status", "200"), ("content-length", "3")]))
        peer.give(HTTP2Frame.data(1, "four", ends: true))
        #expect(peer.told.last == "1 closed malformed")
    }

    @Test(
        "what is no HTTP/2 is noticed",
        arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "hello, you!"]
    )
    func otherProtocol(_ text: String) throws {
        let peer = try Peer()
        peer.begin()
        peer.give(bytes: Array(text.utf8))
        #expect(!peer.goesOn)
        #expect(!peer.session.hasSettings)
    }

    @Test("any frames at all are survived")
    func randomFrames() throws {
        var random = SeededGenerator(seed: 9113)
        for _ in 0..<2000 {
            let peer = try Peer()
            peer.give(HTTP2Frame.settings([]))
            for _ in 0..<3 { peer.begin(hasBody: Bool.random(using: &random)) }
            for _ in 0..<8 where peer.goesOn {
                let length = Int.random(in: 0..<20, using: &random)
                let frame = HTTP2Frame(
                    kind: UInt8.random(in: 0..<11, using: &random),
                    flags: UInt8.random(in: 0 ... .max, using: &random),
                    stream: UInt32.random(in: 0..<8, using: &random),
                    payload: (0..<length).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
                )
                peer.give(bytes: frame.encoded)
            }
        }
    }
}
