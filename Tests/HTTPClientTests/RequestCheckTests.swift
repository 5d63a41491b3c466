// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import CCurl
@testable import HTTPClient

@Suite("HTTP client: requests that are refused", BothWays())
struct RequestCheckTests {
    static func refused() -> [HTTPClientRequest] {
        let url = "http://127.0.0.1:1/"
        var requests = [
            "", "127.0.0.1:1", "/path", "ftp://127.0.0.1/", "file:///etc/passwd", "http:/x",
            "gopher://127.0.0.1/", "http://127.0.0.1:1/a b", "http://127.0.0.1:1/\r\nX: y",
            "http://127.0.0.1:1/\n", "http://127.0.0.1:1/\u{0}", "http://127.0.0.1:1/ü",
            "http://127.0.0.1:1/\u{7F}", "http://", "http://:1/", "http://127.0.0.1:port/",
            "http://127.0.0.1:99999/", url + String(repeating: "a", count: URLText.bytesMax),
        ].map { HTTPClientRequest(url: $0) }
        for (name, value) in [
            ("a", "b\r\nc: d"), ("a", "b\n"), ("a", "b\r"), ("a", "b\u{0}c"), ("a", "\u{1B}"),
            ("a\r\nb", "c"), ("a b", "c"), ("a:", "b"), ("", "a"), ("ü", "a"),
            ("Transfer-Encoding", "chunked"), ("transfer-encoding", "identity"),
            ("big", String(repeating: "x", count: CurlHeaderList.bytesMax)),
        ] {
            requests.append(HTTPClientRequest(url: url, fields: HTTPFields([name: value])))
        }
        for method in ["", "GET X", "GET\r\nA: b", "G\u{0}", "CONNECT"] {
            requests.append(HTTPClientRequest(method: HTTPMethod(rawValue: method), url: url))
        }
        requests.append(HTTPClientRequest(method: .head, url: url, body: .bytes([1])))
        for (descriptor, offset, length) in [
            (Int32(-1), Int64(0), Int64(1)), (0, -1, 1), (0, 0, -1), (0, .max, 1),
        ] {
            let body = HTTPClientRequest.Body.file(
                descriptor: descriptor,
                offset: offset,
                length: length
            )
            requests.append(HTTPClientRequest(method: .put, url: url, body: body))
        }
        return requests
    }

    @Test("nothing is sent that could mean something else")
    func refuses() async throws {
        try await withClient { client in
            for request in Self.refused() {
                let error = await failure(of: request, on: client)
                #expect(error?.kind == .invalidRequest, "\(String(describing: error))")
                #expect(error?.message.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } == true)
            }
        }
    }

    @Test(
        "URLs are shown without secrets",
        arguments: [
            ("http://h/p", "http://h/p"),
            ("http://u:p@h:1/p?token=x#f", "http://h:1/p..."),
            ("http://u:p@x@h/", "http://h/"),
            ("http://h?user=a@b", "http://h..."),
            ("http://h/p#frag@ment", "http://h/p..."),
            ("http://h/a@b", "http://h/a@b"),
            ("nonsense\r\n", "nonsense??"),
            ("a:b@c", "c"),
            (
                "http://h/" + String(repeating: "x", count: 300),
                "http://h/" + String(repeating: "x", count: 191) + "..."
            ),
            ("http://u:" + String(repeating: "secret", count: 100) + "@h/", "http://..."),
        ]
    )
    func shown(_ url: String, _ shown: String) {
        #expect(URLText.shown(url) == shown)
    }

    /// The lines of a list as libcurl sees them.
    static func lines(_ list: CurlHeaderList) -> [String] {
        var lines: [String] = []
        var node = list.first
        while let current = node {
            lines.append(String(cString: current.pointee.data))
            node = current.pointee.next
        }
        return lines
    }

    @Test("header lines: what is added, left out and kept from libcurl's own")
    func headerList() throws {
        let list = CurlHeaderList()
        try list.fill(HTTPFields(), hasBody: false)
        #expect(Self.lines(list) == ["Expect:", "Accept:"])
        try list.fill(HTTPFields(["A": "b", "E": "", "S": " \t"]), hasBody: true)
        #expect(Self.lines(list) == ["A: b", "E;", "S;", "Expect:", "Accept:", "Content-Type:"])
        let known = HTTPFields([
            "EXPECT": "100-continue", "accept": "a", "Content-type": "t", "content-LENGTH": "1",
            "export": "e", "acceps": "a", "transfer-encodinh": "n",
        ])
        try list.fill(known, hasBody: true)
        #expect(
            Self.lines(list) == [
                "EXPECT: 100-continue", "accept: a", "Content-type: t", "export: e", "acceps: a",
                "transfer-encodinh: n",
            ]
        )
    }

    @Test("lines that mean nothing to libcurl share an entry, others never")
    func sharedEntries() throws {
        let list = CurlHeaderList()
        let fields = HTTPFields([
            "ce-id": "1", "CE-type": "t", "X-a": "b", "Content-Type": "c", "x-b": "c", "ce-e": " ",
            "x-c": "d", "x-d": "e", "cebra": "f", "Host": "h", "x-e": "g", "xylo": "i", "x-f": "j",
        ])
        try list.fill(fields, hasBody: true)
        #expect(
            Self.lines(list) == [
                "ce-id: 1\r\nCE-type: t\r\nX-a: b", "Content-Type: c", "x-b: c", "ce-e;",
                "x-c: d\r\nx-d: e", "cebra: f", "Host: h", "x-e: g", "xylo: i", "x-f: j",
                "Expect:", "Accept:",
            ]
        )
        // What was left open before has no part in what follows.
        try list.fill(HTTPFields(["ce-id": "2"]), hasBody: false)
        #expect(Self.lines(list) == ["ce-id: 2", "Expect:", "Accept:"])
    }

    @Test("header lists grow, shrink and are used again")
    func headerListGrows() throws {
        let list = CurlHeaderList()
        for count in [0, 1, 23, 24, 200, 3] {
            var fields = HTTPFields()
            for index in 0..<count {
                fields.append("n\(index)", String(repeating: "v", count: index * 7 + 1))
            }
            try list.fill(fields, hasBody: false)
            let expected = (0..<count).map {
                "n\($0): " + String(repeating: "v", count: $0 * 7 + 1)
            }
            #expect(Self.lines(list) == expected + ["Expect:", "Accept:"])
        }
    }

    @Test("the limit of the header is exact")
    func headerLimit() throws {
        let list = CurlHeaderList()
        let room = CurlHeaderList.bytesMax - 5
        try list.fill(HTTPFields(["a": String(repeating: "x", count: room)]), hasBody: false)
        #expect(throws: CurlHeaderList.Problem.tooLarge) {
            let fields = HTTPFields(["a": String(repeating: "x", count: room + 1)])
            try list.fill(fields, hasBody: false)
        }
    }
}
