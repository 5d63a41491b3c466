// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Synchronization
import Testing

@testable import HTTPClient

@Suite("HTTP client: peers that misbehave", BothWays())
struct BadPeerTests {
    typealias Kind = HTTPClientError.Kind

    /// What a peer sends after a request, before it closes the connection.
    static let answers: [(sent: String, kind: Kind)] = [
        ("", .connectionLost),
        ("HTTP/1.1 200", .connectionLost),
        ("SSH-2.0-OpenSSH_9.2\r\n", .protocolError),
        ("<html>hello</html>", .protocolError),
        ("HTTP/1.1 2x0 OK\r\n\r\n", .protocolError),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", .connectionLost),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", .connectionLost),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", .connectionLost),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .connectionLost),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", .connectionLost),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", .protocolError),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", .protocolError),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            .protocolError
        ),
        ("HTTP/1.1 200 OK\r\nA: b\u{1}\r\nContent-Length: 0\r\n\r\n", .protocolError),
        ("HTTP/1.1 200 OK\r\nA b: c\r\nContent-Length: 0\r\n\r\n", .protocolError),
        ("HTTP/1.1 200 OK\nContent-Length: 0\n\n", .protocolError),
        ("HTTP/1.1 100 Continue\r\n\r\n", .connectionLost),
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", .connectionLost),
    ]

    @Test("what is no complete answer is an error of a fitting kind", arguments: answers)
    func badAnswer(_ sent: String, _ kind: Kind) async throws {
        let server = ScriptedServer { connection, _ in
            guard connection.readRequest() != nil else { return }
            connection.send(sent)
        }
        try await withClient { client in
            let error = await failure(of: HTTPClientRequest(url: server.url + "/p?q=s"), on: client)
            // libcurl does not tell a broken chunk from a broken connection.
            let isBadChunk = sent.hasSuffix("xyz\r\n") && BothWays.speaksPlainHTTP
            let wanted = isBadChunk ? .protocolError : kind
            #expect(error?.kind == wanted, "\(String(describing: error))")
            #expect(error?.message.contains("GET \(server.url)/p...: ") == true)
            #expect(error?.message.contains("q=s") == false)
        }
    }

    @Test("the connection is reset in the middle of the body")
    func resetInBody() async throws {
        let server = ScriptedServer { connection, _ in
            guard connection.readRequest() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nabc")
            connection.reset()
        }
        try await withClient { client in
            let error = await failure(of: HTTPClientRequest(url: server.url), on: client)
            #expect(error?.kind == .connectionLost)
            #expect(error?.message.lowercased().contains("reset by peer") == true)
        }
    }

    @Test("nobody listens")
    func nobodyListens() async throws {
        // Bound and never listened to: the port stays ours, and connecting is refused.
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(fd) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(fd, $0, length)
                _ = getsockname(fd, $0, &length)
            }
        }
        let url = "http://user:secret@127.0.0.1:\(UInt16(bigEndian: address.sin_port))/"
        try await withClient { client in
            let error = await failure(of: HTTPClientRequest(url: url), on: client)
            #expect(error?.kind == .couldNotConnect)
            #expect(error?.message.contains("secret") == false)
        }
    }

    @Test("a name that cannot exist (RFC 6761 section 6.4)")
    func unknownName() async throws {
        try await withClient { client in
            let request = HTTPClientRequest(url: "http://nowhere.invalid/")
            #expect(await failure(of: request, on: client)?.kind == .couldNotResolve)
        }
    }

    @Test("a peer that never answers is left when the time is up", arguments: ["", "HTTP/1.1 200"])
    func neverAnswers(_ sent: String) async throws {
        let gone = Signal()
        let server = ScriptedServer { connection, _ in
            _ = connection.readRequest()
            connection.send(sent)
            connection.waitForClose()
            gone.raise()
        }
        try await withClient { client in
            let request = HTTPClientRequest(url: server.url, timeout: .milliseconds(50))
            #expect(await failure(of: request, on: client)?.kind == .timedOut)
            await gone.wait()
        }
    }

    @Test("a head that comes byte by byte is read in the end")
    func slowHead() async throws {
        let server = ScriptedServer { connection, _ in
            _ = connection.readRequest()
            for byte in Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".utf8) {
                connection.send([byte])
                sched_yield()
            }
            connection.waitForClose()
        }
        try await withClient { client in
            let response = try await client.send(HTTPClientRequest(url: server.url))
            #expect(response.text == "ok")
        }
    }

    static let heads: [(size: Int, lines: Int, isFine: Bool)] = [
        (1000, 1, true),
        (60_000, 100, true),
        (100, 127, true),
        (100, 128, false),  // with Content-Length it is one more than the limit
        (80_000, 100, false),
        (90_000, 1, false),
        (1_000_000, 1, false),
        (1_000_000, 10_000, false),
    ]

    @Test("heads up to the limit", arguments: heads)
    func headLimits(_ size: Int, _ lines: Int, _ isFine: Bool) async throws {
        let server = ScriptedServer { connection, _ in
            _ = connection.readRequest()
            let value = String(repeating: "v", count: max(1, size / lines - 6))
            var head = "HTTP/1.1 200 OK\r\n"
            for _ in 0..<lines { head += "x: \(value)\r\n" }
            connection.send(head + "Content-Length: 0\r\n\r\n")
            connection.waitForClose()
        }
        try await withClient { client in
            let request = HTTPClientRequest(url: server.url)
            if isFine {
                let response = try await client.send(request)
                #expect(response.fields.count == lines + 1)
            } else {
                #expect(await failure(of: request, on: client)?.kind == .responseTooLarge)
            }
        }
    }

    @Test("informational answers without end are cut off")
    func endlessInformation() async throws {
        let server = ScriptedServer { connection, _ in
            _ = connection.readRequest()
            while connection.send("HTTP/1.1 100 Continue\r\nA: b\r\n\r\n") {}
        }
        try await withClient { client in
            let error = await failure(of: HTTPClientRequest(url: server.url), on: client)
            #expect(error?.kind == .responseTooLarge)
        }
    }

    @Test("a trailer without end is cut off")
    func endlessTrailer() async throws {
        let server = ScriptedServer { connection, _ in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n")
            while connection.send("Trailer-Line: value\r\n") {}
        }
        try await withClient { client in
            let error = await failure(of: HTTPClientRequest(url: server.url), on: client)
            #expect(error?.kind == .responseTooLarge)
        }
    }

    static let bodies: [(framing: String, bytes: Int, max: Int, isFine: Bool)] = [
        ("length", 100, 100, true), ("length", 101, 100, false), ("length", 0, 0, true),
        ("length", 1, 0, false), ("length", 500_000, 500_000, true),
        ("chunked", 100, 100, true), ("chunked", 101, 100, false), ("close", 100, 100, true),
        ("close", 101, 100, false), ("chunked", 500_000, 499_999, false),
    ]

    @Test("bodies up to the limit, however they end", arguments: bodies)
    func bodyLimits(_ framing: String, _ bytes: Int, _ max: Int, _ isFine: Bool) async throws {
        let server = ScriptedServer { connection, _ in
            _ = connection.readRequest()
            let body = String(repeating: "x", count: bytes)
            switch framing {
            case "length": connection.respond(body: body)
            case "chunked":
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                connection.send("\(String(bytes, radix: 16))\r\n\(body)\r\n0\r\n\r\n")
            default: connection.send("HTTP/1.1 200 OK\r\n\r\n\(body)")
            }
        }
        try await withClient { client in
            let request = HTTPClientRequest(url: server.url, responseBytesMax: max)
            if isFine {
                let response = try await client.send(request)
                #expect(response.body.count == bytes)
            } else {
                #expect(await failure(of: request, on: client)?.kind == .responseTooLarge)
            }
        }
    }

    /// Bodies in each of the forms in which they are sent.
    static func bodies(_ file: TemporaryFile) -> [HTTPClientRequest.Body] {
        [
            .none, .bytes(Array("short".utf8)), .bytes(file.bytes),
            .file(descriptor: file.descriptor, offset: 0, length: Int64(file.bytes.count)),
        ]
    }

    @Test("a kept connection that died: the request is sent again, body included")
    func deadConnection() async throws {
        let file = try TemporaryFile(Array(repeating: 0x66, count: 200_000))
        for (index, body) in Self.bodies(file).enumerated() {
            let bodies = Mutex<[Int]>([])
            let server = ScriptedServer { connection, number in
                while let request = connection.readRequest() {
                    bodies.withLock { $0.append(request.body.count) }
                    // The first connection takes its second request and says no more.
                    if number == 0, bodies.withLock({ $0.count }) == 2 { return }
                    connection.respond()
                }
            }
            try await withClient { client in
                let request = HTTPClientRequest(method: .put, url: server.url, body: body)
                for _ in 0..<3 {
                    let response = try await client.send(request)
                    #expect(response.status == .ok)
                }
            }
            let length = [0, 5, 200_000, 200_000][index]
            #expect(bodies.withLock { $0 } == [length, length, length, length])
            #expect(server.connectionCount == 2)
        }
    }

    @Test("a kept connection that the peer closed in good order is not used")
    func closedWhileIdle() async throws {
        let closed = Signal()
        let server = ScriptedServer { connection, _ in
            guard connection.readRequest() != nil else { return }
            connection.respond()
            connection.close()
            closed.raise()
        }
        try await withClient { client in
            for count in 1...5 {
                let response = try await client.send(
                    HTTPClientRequest(method: .post, url: server.url, body: .bytes([1]))
                )
                #expect(response.status == .ok)
                await closed.wait(count)
            }
        }
        #expect(server.connectionCount == 5)
    }

    @Test("an answer to a large PUT before all of it was sent")
    func earlyAnswer() async throws {
        let server = ScriptedServer { connection, number in
            if number == 0 {
                _ = connection.readHead()
                connection.respond("413 Content Too Large", "Connection: close\r\n", body: "no")
                connection.waitForClose()
            } else {
                while connection.readRequest() != nil { connection.respond() }
            }
        }
        try await withClient { client in
            let request = HTTPClientRequest(
                method: .put,
                url: server.url,
                body: .bytes(Array(repeating: 1, count: 20_000_000))
            )
            let response = try await client.send(request)
            #expect(response.status == .contentTooLarge)
            #expect(response.text == "no")
            let second = try await client.send(request)
            #expect(second.status == .ok)
        }
    }

    @Test("a file that is shorter than promised ends the request")
    func shortFile() async throws {
        let file = try TemporaryFile(Array(repeating: 1, count: 1000))
        let server = ScriptedServer { connection, _ in
            while connection.readRequest() != nil { connection.respond() }
        }
        try await withClient { client in
            for descriptor in [file.descriptor, 1_000_000] {
                let body = HTTPClientRequest.Body.file(
                    descriptor: descriptor,
                    offset: 0,
                    length: 1001
                )
                let request = HTTPClientRequest(method: .put, url: server.url, body: body)
                #expect(await failure(of: request, on: client)?.kind == .bodyUnreadable)
            }
        }
    }

    @Test("https to a peer that does not speak TLS")
    func notTLS() async throws {
        let server = ScriptedServer { connection, _ in
            _ = connection.fill(1)
            connection.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        try await withClient { client in
            let request = HTTPClientRequest(url: "https://127.0.0.1:\(server.port)/")
            #expect(await failure(of: request, on: client)?.kind == .tlsFailed)
        }
    }
}
