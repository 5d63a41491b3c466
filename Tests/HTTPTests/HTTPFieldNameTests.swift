// SPDX-License-Identifier: Apache-2.0

import HTTP
import TestSupport
import Testing

@Suite("Names that are told apart")
struct HTTPFieldNameTests {
    private static let names: [(HTTPFieldName, String)] = [
        (.connection, "Connection"), (.contentLength, "Content-Length"),
        (.contentType, "Content-Type"), (.date, "Date"), (.expect, "Expect"),
        (.forwarded, "Forwarded"), (.host, "Host"), (.keepAlive, "Keep-Alive"),
        (.kubeletProbe, "K-Kubelet-Probe"), (.networkProbe, "K-Network-Probe"),
        (.proxyRequest, "K-Proxy-Request"),
        (.server, "Server"), (.te, "TE"), (.trailer, "Trailer"),
        (.transferEncoding, "Transfer-Encoding"), (.upgrade, "Upgrade"),
        (.userAgent, "User-Agent"), (.xForwardedFor, "X-Forwarded-For"),
    ]

    private static func encoded(
        _ fields: HTTPFields,
        without omitted: HTTPFieldNameSet
    ) throws -> String {
        var bytes: [UInt8] = []
        try HTTPEncoder.append(fields, without: omitted, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The same line as a peer sends it and as a caller adds it.
    private static func both(_ name: String, _ value: String) throws -> [HTTPFields] {
        let text = "GET / HTTP/1.0\r\n\(name): \(value)\r\n\r\n"
        let head = try parseRequest(Array(text.utf8))?.request.head
        return [try #require(head).fields, [name: value]]
    }

    @Test("each is known in any case, and no name beside it", arguments: Self.names)
    func known(_ field: HTTPFieldName, _ name: String) throws {
        #expect(Self.names.count == HTTPFieldName.allCases.count - 1)
        // A name of the length of a chunked body's, to which nothing is lost by a wrong value.
        let value = field == .transferEncoding ? "chunked" : "17"
        for name in [name, name.lowercased(), name.uppercased()] where field != .transferEncoding {
            for fields in try Self.both(name, value) + [[name: "a value of more than 16 bytes"]] {
                #expect(fields.contains(field), "\(name)")
                #expect(!fields.isRepeated(field))
                for (other, _) in Self.names where other != field {
                    #expect(!fields.contains(other), "\(name) is taken for \(other)")
                }
            }
        }
        for index in name.utf8.indices {
            for byte in [UInt8(ascii: "x"), UInt8(ascii: "-"), UInt8(ascii: "_"), 0x0D, 0xC8] {
                var near = Array(name.utf8)
                let offset = name.utf8.distance(from: name.utf8.startIndex, to: index)
                guard HTTPText.lowercased(near[offset]) != byte else { continue }
                near[offset] = byte
                var fields = HTTPFields()
                fields.append(String(decoding: near, as: UTF8.self), "a value of some length")
                #expect(!fields.contains(field), "\(near)")
            }
        }
        for near in [name + "x", "x" + name, String(name.dropLast()), String(name.dropFirst())] {
            #expect(!([near: value] as HTTPFields).contains(field), "\(near)")
        }
    }

    @Test("one that is there twice is repeated, until it is removed")
    func repeated() {
        for (field, name) in Self.names {
            var fields: HTTPFields = ["x-first": "", name: "1"]
            #expect(!fields.isRepeated(field))
            fields.append(name.uppercased(), "2")
            #expect(fields.isRepeated(field))
            #expect(fields.valueBytes(field).map(Array.init) == [0x31])
            fields.remove(name.lowercased())
            #expect(!fields.contains(field))
            #expect(!fields.isRepeated(field))
            #expect(fields.valueRange(field) == nil)
            fields[name] = "3"
            #expect(fields.contains(field))
            #expect(!fields.isRepeated(field))
        }
    }

    @Test("a set of them is left out, wherever they are, and whatever they hold")
    func omitted() throws {
        var random = SeededGenerator()
        for _ in 0..<500 {
            var fields = HTTPFields()
            var left = ""
            for index in 0..<Int.random(in: 0...8, using: &random) {
                let (field, known) = Self.names.randomElement(using: &random) ?? (.host, "Host")
                let name = Bool.random(using: &random) ? known : "X-\(index)"
                let isFraming = name == known && HTTPFieldNameSet.framing.contains(field)
                fields.append(name, isFraming && index % 2 == 0 ? "a\r\nb" : "\(index)")
                if !isFraming { left += "\(name): \(index)\r\n" }
            }
            #expect(try Self.encoded(fields, without: .framing) == left)
        }
    }

    @Test("what a peer sent loses the same lines")
    func omittedFromPeer() throws {
        let text =
            "GET / HTTP/1.1\r\nHost: h\r\nDate:d\r\nA:  b \r\nConnection: close\r\nC: d\r\n\r\n"
        let (request, _) = try #require(try parseRequest(Array(text.utf8)))
        let lines = try Self.encoded(request.head.fields, without: .framing)
        #expect(lines == "Host: h\r\nDate: d\r\nA: b\r\nC: d\r\n")
        let others = try Self.encoded(request.head.fields, without: [.host, .expect])
        #expect(others == "Date: d\r\nA: b\r\nConnection: close\r\nC: d\r\n")
    }
}
