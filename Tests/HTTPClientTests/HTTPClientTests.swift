// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Synchronization
import Testing

@testable import HTTPClient

@Suite("HTTP client: well-behaved peers", BothWays())
struct HTTPClientTests {
    /// Answers each request with its own head and body, over as many requests as come.
    static func echoServer() -> ScriptedServer {
        ScriptedServer { connection, _ in
            while let request = connection.readRequest() {
                let body = String(decoding: request.body, as: UTF8.self)
                let isHead = request.line.hasPrefix("HEAD")
                let text = request.head + "\n\n" + body
                let length = "Content-Length: \(text.utf8.count)\r\n"
                connection.send("HTTP/1.1 200 OK\r\nX-Answer: yes\r\n\(length)\r\n")
                if !isHead { connection.send(text) }
            }
        }
    }

    @Test("GET sends what it should and nothing else")
    func get() async throws {
        let server = Self.echoServer()
        let response = try await withClient { client in
            try await client.send(HTTPClientRequest(url: server.url + "/a/../b?c=d#e"))
        }
        #expect(response.status == .ok)
        #expect(response.fields["x-answer"] == "yes")
        // The path as it is, the fragment left out; no Accept, no User-Agent, no Accept-Encoding.
        #expect(
            response.text == "GET /a/../b?c=d HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\n\n"
        )
    }

    @Test("POST sends head and body, the type only when it is given")
    func post() async throws {
        let server = Self.echoServer()
        try await withClient { client in
            let fields: HTTPFields = [
                "ce-id": "1", "ce-type": "t", "Content-Type": "a/b", "X-Empty": "", "x-b": "c",
                "x-d": "e f",
            ]
            let typed = try await client.send(
                HTTPClientRequest(
                    method: .post,
                    url: server.url,
                    fields: fields,
                    body: .bytes(Array("{}".utf8))
                )
            )
            #expect(
                typed.text.replacing("X-Empty: \r\n", with: "X-Empty:\r\n")
                    == "POST / HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nce-id: 1\r\n"
                    + "ce-type: t\r\nContent-Type: a/b\r\nX-Empty:\r\nx-b: c\r\nx-d: e f\r\n"
                    + "Content-Length: 2\n\n{}"
            )
            let untyped = try await client.send(
                HTTPClientRequest(method: .post, url: server.url, body: .bytes([0x61]))
            )
            #expect(!untyped.text.lowercased().contains("content-type"))
            #expect(untyped.text.hasSuffix("\n\na"))
        }
    }

    static let methods: [(HTTPMethod, HTTPClientRequest.Body, String?, Int)] = [
        (.get, .none, nil, 0),
        (.head, .none, nil, 0),
        (.delete, .none, nil, 0),
        (.options, .none, nil, 0),
        ("PROPFIND", .none, nil, 0),
        (.post, .none, "0", 0),
        (.put, .none, "0", 0),
        (.patch, .none, "0", 0),
        (.get, .bytes([1]), "1", 1),
        (.delete, .bytes([1]), "1", 1),
        (.put, .bytes([]), "0", 0),
        (.put, .bytes(Array(repeating: 7, count: CurlEasy.postedBytesMax)), "65535", 65_535),
        (.put, .bytes(Array(repeating: 7, count: CurlEasy.postedBytesMax + 1)), "65536", 65_536),
        (.post, .bytes(Array(repeating: 7, count: 3_000_000)), "3000000", 3_000_000),
        ("PATCH", .bytes(Array(repeating: 7, count: 100_000)), "100000", 100_000),
    ]

    @Test("every method with every form of body, on one connection, in any order")
    func methods() async throws {
        let seen = Mutex<[String]>([])
        let server = ScriptedServer { connection, _ in
            while let request = connection.readRequest() {
                let method = request.line.prefix { $0 != " " }
                let length = request.values("content-length").first ?? "none"
                let extra =
                    request.values("expect") + request.values("transfer-encoding")
                    + request.values("content-type")
                seen.withLock {
                    $0.append("\(method) \(length) \(request.body.count) \(extra.count)")
                }
                connection.respond("204 No Content")
            }
        }
        let order = Self.methods + Self.methods.reversed()
        try await withClient { client in
            for (method, body, _, _) in order {
                let request = HTTPClientRequest(method: method, url: server.url, body: body)
                let response = try await client.send(request)
                #expect(response.status == .noContent)
                #expect(response.body.isEmpty)
            }
        }
        let expected = order.map { "\($0) \($2 ?? "none") \($3) 0" }
        #expect(seen.withLock { $0 } == expected)
        #expect(server.connectionCount == 1)
    }

    @Test("HEAD: the length of a body that does not come")
    func head() async throws {
        let server = Self.echoServer()
        try await withClient { client in
            let request = HTTPClientRequest(method: .head, url: server.url, responseBytesMax: 1)
            let response = try await client.send(request)
            #expect(response.body.isEmpty)
            #expect(response.fields.contains("content-length"))
            // The connection is still good.
            _ = try await client.send(HTTPClientRequest(url: server.url))
        }
        #expect(server.connectionCount == 1)
    }

    @Test("a Host field replaces the URL's; Expect and Accept go through")
    func fieldsOfTheCaller() async throws {
        let server = Self.echoServer()
        let text = try await withClient { client in
            let fields: HTTPFields = [
                "Host": "a.example", "accept": "x/y", "Content-Length": "99", "User-Agent": "u",
            ]
            return try await client.send(HTTPClientRequest(url: server.url, fields: fields)).text
        }
        #expect(
            text == "GET / HTTP/1.1\r\nHost: a.example\r\naccept: x/y\r\nUser-Agent: u\n\n"
        )
    }

    @Test("a body from a part of a file, of any length")
    func fileBody() async throws {
        let file = try TemporaryFile(
            Array("0123456789".utf8) + Array(repeating: 0x78, count: 300_000)
        )
        let server = ScriptedServer { connection, _ in
            while let request = connection.readRequest() {
                let body = String(decoding: request.body, as: UTF8.self)
                connection.respond(body: body)
            }
        }
        try await withClient { client in
            for (offset, length) in [(0, 0), (0, 10), (3, 4), (10, 300_000), (0, 300_010)] {
                let response = try await client.send(
                    HTTPClientRequest(
                        method: .put,
                        url: server.url,
                        body: .file(
                            descriptor: file.descriptor,
                            offset: Int64(offset),
                            length: Int64(length)
                        )
                    )
                )
                #expect(response.body == Array(file.bytes[offset..<offset + length]))
            }
        }
        #expect(server.connectionCount == 1)
        #expect(lseek(file.descriptor, 0, SEEK_CUR) == 0, "the position is left alone")
    }

    @Test("informational answers and trailers are left out")
    func onlyTheFinalHead() async throws {
        let server = ScriptedServer { connection, _ in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 100 Continue\r\nA: no\r\n\r\n")
            connection.send("HTTP/1.1 103 Early Hints\r\nB: no\r\n\r\n")
            connection.send("HTTP/1.1 200 OK\r\nC: yes\r\nC: again\r\n")
            connection.send("Transfer-Encoding: chunked\r\nTrailer: D\r\n\r\n")
            connection.send("3\r\nabc\r\n2\r\nde\r\n0\r\nD: no\r\nC: no\r\n\r\n")
            connection.waitForClose()
        }
        let response = try await withClient { client in
            try await client.send(HTTPClientRequest(url: server.url))
        }
        #expect(response.text == "abcde")
        #expect(response.fields.values("c") == ["yes", "again"])
        for name in ["a", "b", "d"] { #expect(!response.fields.contains(name)) }
    }

    @Test("a redirect is an answer")
    func redirect() async throws {
        let server = ScriptedServer { connection, _ in
            while connection.readRequest() != nil {
                connection.respond("302 Found", "Location: /elsewhere\r\n")
            }
        }
        let response = try await withClient { client in
            try await client.send(HTTPClientRequest(url: server.url))
        }
        #expect(response.status == 302)
        #expect(response.fields["location"] == "/elsewhere")
    }

    @Test("a body that ends with the connection")
    func untilClose() async throws {
        let server = ScriptedServer { connection, _ in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\n\r\nall of ")
            connection.send("it")
        }
        let text = try await withClient { client in
            try await client.send(HTTPClientRequest(url: server.url)).text
        }
        #expect(text == "all of it")
    }

    @Test("a socket in the file system instead of a port")
    func unixSocket() async throws {
        let path = "/tmp/swiftlet-client-test-\(getpid())-\(UInt32.random(in: 0 ... .max)).sock"
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer {
            close(listener)
            unlink(path)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        try #require(listen(listener, 4) == 0)
        Thread.start {
            let connection = ScriptedConnection(accept(listener, nil, nil))
            while let request = connection.readRequest() { connection.respond(body: request.line) }
            connection.close()
        }
        try await withClient { client in
            let request = HTTPClientRequest(url: "http://any.example/x", unixSocket: path)
            let response = try await client.send(request)
            #expect(response.text == "GET /x HTTP/1.1")
        }
    }

    @Test("many at once, from many tasks, on kept connections")
    func concurrency() async throws {
        let server = Self.echoServer()
        try await withClient { client in
            for _ in 0..<3 {
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for index in 0..<50 {
                        group.addTask {
                            let request = HTTPClientRequest(
                                method: .post,
                                url: server.url + "/\(index)",
                                body: .bytes(Array("\(index)".utf8))
                            )
                            let response = try await client.send(request)
                            return response.text.hasPrefix("POST /\(index) ")
                                && response.text.hasSuffix("\n\n\(index)")
                        }
                    }
                    for try await isRight in group { #expect(isRight) }
                }
            }
        }
        #expect(server.connectionCount <= 50)
    }

    @Test("on the loop: no completion before start() returned, and then on the loop")
    func onTheLoop() async throws {
        let server = Self.echoServer()
        try await withClient { client in
            let loop = client.loop
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                loop.execute {
                    let hasReturned = Flag()
                    client.start(HTTPClientRequest(url: "nonsense")) { result in
                        #expect(hasReturned.isSet)
                        #expect(loop.isCurrent)
                        #expect(throws: HTTPClientError.self) { try result.get() }
                        // Started from within a completion.
                        client.start(HTTPClientRequest(url: server.url)) { result in
                            #expect(loop.isCurrent)
                            #expect((try? result.get())?.status == .ok)
                            continuation.resume()
                        }
                    }
                    hasReturned.set()
                }
            }
        }
    }
}

/// A flag that closures share.
private final class Flag: Sendable {
    private let isSetAtomic = Atomic<Bool>(false)

    var isSet: Bool { self.isSetAtomic.load(ordering: .relaxed) }
    func set() { self.isSetAtomic.store(true, ordering: .relaxed) }
}

/// A file that nobody else sees.
final class TemporaryFile {
    let descriptor: Int32
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) throws {
        var template = Array("/tmp/swiftlet-client-test-XXXXXX".utf8CString)
        self.descriptor = mkstemp(&template)
        self.bytes = bytes
        try #require(self.descriptor >= 0)
        unlink(template)
        try #require(pwrite(self.descriptor, bytes, bytes.count, 0) == bytes.count)
    }

    deinit { close(self.descriptor) }

    /// What the file holds now.
    func read() -> [UInt8] {
        let length = Int(lseek(self.descriptor, 0, SEEK_END))
        var all = [UInt8](repeating: 0, count: length)
        return pread(self.descriptor, &all, length, 0) == length ? all : []
    }
}
