// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: connections that leave HTTP (RFC 9110 section 7.8)", .timeLimit(.minutes(10)))
struct UpgradeTests {
    private static let request =
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"
    private static let switching = HTTPResponseHead(
        status: .switchingProtocols,
        fields: ["Upgrade": "echo", "Content-Length": "3"]
    )

    /// Sends back what comes, no faster than it is taken, and its end; `late` after a turn or two.
    private static func echo(late: Bool = false) -> ClosureHandler {
        ClosureHandler { exchange in
            guard exchange.canBeTakenOver else { return exchange.respond(.notImplemented) }
            func takeOver() {
                guard let stream = exchange.takeOver(Self.switching) else { return }
                stream.onBytes = { [unowned stream] bytes in
                    if !stream.write(bytes) { stream.pause() }
                }
                stream.onWritable = { [unowned stream] in stream.resume() }
                stream.onEnd = { [unowned stream] in stream.endOutput() }
            }
            guard late else { return takeOver() }
            exchange.loop.schedule(after: .milliseconds(1)) { takeOver() }
        }
    }

    @Test("bytes behind the request are not lost, and ends come through", arguments: [false, true])
    func echoes(_ late: Bool) async throws {
        try await withServer(Self.echo(late: late)) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(Self.request + "early ")
                let head = try client.readHead()
                #expect(head.statusLine == "HTTP/1.1 101 Switching Protocols")
                #expect(head.values("connection") == ["Upgrade"])
                #expect(head.values("upgrade") == ["echo"] && head.values("content-length") == [])
                try client.send("GET / HTTP/1.1\r\n\r\n")
                #expect(try client.read(count: 24) == Array("early GET / HTTP/1.1\r\n\r\n".utf8))
                try client.send("last")
                client.shutdownWrite()
                #expect(try client.readToEnd() == "last")
            }
        }
    }

    @Test("a peer that does not read stops the one that writes; all arrives in the end")
    func pressure() async throws {
        let block = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 7) }
        try await withServer(Self.echo(), sendBuffer: 16 * 1024) { test in
            try await TestThread.run {
                let client = try test.client(receiveBuffer: 16 * 1024)
                client.limitSendBuffer()
                try client.send(Self.request)
                #expect(try client.readHead().status == 101)
                client.setDeadline(milliseconds: 200)
                var sent = 0
                while let count = try? client.sendSome(block[sent...]) { sent += count }
                #expect(sent < block.count, "the server took \(sent) bytes")
                client.setDeadline(seconds: RawClient.deadlineSeconds)
                var got = try client.read(count: sent)
                while sent < block.count {
                    let part = block[sent..<min(sent + 10_000, block.count)]
                    try client.send(bytes: Array(part))
                    got += try client.read(count: part.count)
                    sent += part.count
                }
                #expect(got == block)
            }
        }
    }

    @Test("closing sends what was written, aborting resets, and a peer that is gone is told of")
    func ends() async throws {
        let closed = Semaphore()
        let handler = ClosureHandler { exchange in
            guard let stream = exchange.takeOver(Self.switching) else { return }
            stream.onClosed = { closed.signal() }
            stream.onBytes = { [unowned stream] bytes in
                stream.write(Array("bye".utf8))
                if bytes == Array("close".utf8) { stream.close() } else { stream.abort() }
            }
            closed.signal()
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let polite = try test.client()
                try polite.send(Self.request)
                _ = try polite.readHead()
                try polite.send("close")
                #expect(try polite.readToEnd() == "bye")
                let rude = try test.client()
                try rude.send(Self.request + "abort")
                #expect(rude.isReset())
                let gone = try test.client()
                try gone.send(Self.request)
                _ = try gone.readHead()
                for _ in 0..<3 { #expect(closed.wait()) }
                gone.reset()
                #expect(closed.wait())
            }
        }
    }

    @Test(
        "a tunnel that carries nothing is reset, also when nobody reads it",
        arguments: [false, true]
    )
    func idle(_ isPaused: Bool) async throws {
        let handler = ClosureHandler { exchange in
            guard let stream = exchange.takeOver(Self.switching) else { return }
            if isPaused { stream.pause() }
        }
        let configuration = HTTPServerConfiguration.with {
            $0.tunnelIdleTimeout = .milliseconds(60)
        }
        try await withServer(handler, configuration: configuration) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(Self.request + "early")
                #expect(try client.readHead().status == 101)
                #expect(client.isReset())
            }
        }
    }

    @Test("a drain tells tunnels, those that are open and one that opens late")
    func drain() async throws {
        let open = Semaphore()
        let mustOpen = Semaphore()
        let handler = AsyncHTTPHandler { exchange in
            if exchange.request.path == "/late" {
                open.signal()
                #expect(await mustOpen.arrives())
            }
            await exchange.loop.run {
                guard let stream = exchange.takeOver(Self.switching) else { return }
                stream.onDrain = { [unowned stream] in
                    stream.write(Array("bye".utf8))
                    stream.close()
                }
                open.signal()
            }
        }
        let address = SocketAddress.unix(path: uniqueSocketPath("tunnel"))
        defer { unlinkPath(address.host) }
        try await withServer(handler, on: address) { test in
            let clients = try await TestThread.run {
                try ["GET / ", "GET /late "].map { line in
                    let client = try test.client()
                    try client.send(Self.request.replacing("GET / ", with: line))
                    #expect(open.wait())
                    return client
                }
            }
            async let drained: Void = test.server.drain(deadline: .seconds(600))
            try await TestThread.run { () throws in
                #expect(try clients[0].readHead().status == 101)
                #expect(try clients[0].readToEnd() == "bye")
                mustOpen.signal()
                #expect(try clients[1].readHead().status == 101)
                #expect(try clients[1].readToEnd() == "bye")
            }
            await drained
        }
    }

    @Test("what did not ask for it cannot be taken over: HTTP/1.0, bodies, HTTP/2")
    func refuses() async throws {
        let handler = ClosureHandler { exchange in
            #expect(!exchange.canBeTakenOver)
            #expect(exchange.takeOver(Self.switching) == nil)
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                for request in [
                    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\n\r\n",
                    "GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n",
                    "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n"
                        + "Content-Length: 1\r\n\r\n",
                ] {
                    let response = try test.client().exchange(request)
                    #expect(response.status == 500)
                }
                let client = try test.http2Client()
                try client.send(HTTP2Client.headers(1, HTTP2Client.get))
                #expect(try client.answer(1).status == "500")
            }
            #expect(test.reports.count == 5)
        }
    }

    @Test("over TLS the same, with ends that are announced")
    func encrypted() async throws {
        let certificates = try TestCertificates()
        let configuration = try certificates.configuration()
        let script = """
            import socket, ssl
            context = ssl.create_default_context(cafile="\(certificates.certificate("a"))")
            plain = socket.create_connection(("127.0.0.1", PORT))
            client = context.wrap_socket(plain, server_hostname="localhost")
            client.sendall(b"GET / HTTP/1.1\\r\\nHost: a\\r\\nConnection: Upgrade\\r\\n"
                           b"Upgrade: echo\\r\\n\\r\\n" + b"x" * 100000)
            got = b""
            while got.count(b"x") < 100000: got += client.recv(65536)
            print(got[:12], got.count(b"x"))
            client.unwrap()
            """
        try await withServer(Self.echo(), configuration: configuration) { test in
            guard case .ipv4(_, let port) = test.address else { return }
            let script = script.replacing("PORT", with: "\(port)")
            try await TestThread.run {
                let outcome = try Shell.run("python3 - <<'END' 2>&1\n\(script)\nEND")
                #expect(outcome.text == "b'HTTP/1.1 101' 100000\n")
            }
        }
    }
}
