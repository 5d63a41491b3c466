// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Synchronization
import Testing

@testable import HTTPClient

@Suite("HTTP client: where the body of an answer goes", BothWays())
struct SinkTests {
    static func server(_ status: String, _ body: String) -> ScriptedServer {
        ScriptedServer { connection, _ in
            while connection.readRequest() != nil { connection.respond(status, body: body) }
        }
    }

    @Test("into a file, at its position")
    func file() async throws {
        let text = String(repeating: "0123456789", count: 50_000)
        let server = Self.server("200 OK", text)
        let file = try TemporaryFile(Array("head".utf8))
        lseek(file.descriptor, 0, SEEK_END)
        try await withClient { client in
            let request = HTTPClientRequest(
                url: server.url,
                responseBytesMax: 500_000,
                responseSink: .file(descriptor: file.descriptor)
            )
            let response = try await client.send(request)
            #expect(response.body.isEmpty)
        }
        #expect(file.read() == Array(("head" + text).utf8))
    }

    @Test("an explanation does not go into the file")
    func explanation() async throws {
        let server = Self.server("404 Not Found", "<Error/>")
        let file = try TemporaryFile([])
        try await withClient { client in
            let sink = HTTPClientRequest.ResponseSink.file(descriptor: file.descriptor)
            let response = try await client.send(
                HTTPClientRequest(url: server.url, responseSink: sink)
            )
            #expect(response.status == .notFound)
            #expect(response.text == "<Error/>")
            #expect(file.read().isEmpty)
        }
        let long = Self.server(
            "500 No",
            String(repeating: "x", count: ResponseReceiver.explanationBytesMax + 1)
        )
        try await withClient { client in
            let sink = HTTPClientRequest.ResponseSink.file(descriptor: file.descriptor)
            let request = HTTPClientRequest(url: long.url, responseSink: sink)
            #expect(await failure(of: request, on: client)?.kind == .responseTooLarge)
        }
    }

    @Test("a file that cannot be written ends the request")
    func unwritable() async throws {
        let server = Self.server("200 OK", "x")
        let descriptor = open("/dev/null", O_RDONLY)
        defer { close(descriptor) }
        try await withClient { client in
            let sink = HTTPClientRequest.ResponseSink.file(descriptor: descriptor)
            let request = HTTPClientRequest(url: server.url, responseSink: sink)
            #expect(await failure(of: request, on: client)?.kind == .sinkUnwritable)
        }
    }

    /// What a receiver of a stream saw.
    final class Seen: Sendable {
        struct State {
            var head: HTTPStatus?
            var bytes: [UInt8] = []
            var result: Result<HTTPClientResponse, HTTPClientError>?
        }

        let state = Mutex(State())
        let completed = Signal()

        func add(_ event: HTTPClientRequest.StreamEvent) {
            self.state.withLock { state in
                switch event {
                case .head(let head):
                    #expect(state.head == nil)
                    state.head = head.status
                case .chunk(let bytes):
                    #expect(state.head != nil)
                    #expect(state.result == nil)
                    #expect(!bytes.isEmpty)
                    state.bytes.append(contentsOf: bytes)
                }
            }
        }

        func complete(_ result: Result<HTTPClientResponse, HTTPClientError>) {
            self.state.withLock { state in
                #expect(state.result == nil)
                state.result = result
            }
            self.completed.raise()
        }

        var count: Int { self.state.withLock { $0.bytes.count } }
        var kind: HTTPClientError.Kind? {
            self.state.withLock { state in
                guard case .failure(let error) = state.result else { return nil }
                return error.kind
            }
        }
    }

    @Test("a stream: the head first, then every byte, then the completion")
    func stream() async throws {
        let text = String(repeating: "0123456789", count: 200_000)
        let server = Self.server("201 Created", text)
        let seen = Seen()
        try await withClient { client in
            let request = HTTPClientRequest(
                url: server.url,
                responseBytesMax: 10_000_000,
                responseSink: .stream { event, transfer in
                    #expect(client.loop.isCurrent)
                    seen.add(event)
                }
            )
            client.start(request, completion: seen.complete)
            await seen.completed.wait()
        }
        seen.state.withLock { state in
            #expect(state.head == .created)
            #expect(state.bytes == Array(text.utf8))
            #expect((try? state.result?.get())?.status == .created)
            #expect((try? state.result?.get())?.body.isEmpty == true)
        }
    }

    @Test("an event comes when it was sent, not when the answer is complete")
    func streamIsPrompt() async throws {
        let chunkSeen = Signal()
        let mayEnd = DispatchSignal()
        let server = ScriptedServer { connection, _ in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
            mayEnd.wait()
            connection.send("0\r\n\r\n")
        }
        let seen = Seen()
        try await withClient { client in
            let sink = HTTPClientRequest.ResponseSink.stream { event, _ in
                seen.add(event)
                if case .chunk = event { chunkSeen.raise() }
            }
            client.start(
                HTTPClientRequest(url: server.url, responseSink: sink),
                completion: seen.complete
            )
            await chunkSeen.wait()
            #expect(seen.count == 2)
            mayEnd.raise()
            await seen.completed.wait()
        }
    }

    @Test("a paused stream holds the peer back; resumed, it goes on to the last byte")
    func pause() async throws {
        let total = 64 * 1024 * 1024
        let isBlocked = Signal()
        let server = ScriptedServer { connection, _ in
            _ = connection.readRequest()
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            let piece = [UInt8](repeating: 0x78, count: 64 * 1024)
            var wasBlocked = false
            for _ in 0..<total / piece.count {
                if !wasBlocked, !connection.isWritable(milliseconds: 200) {
                    wasBlocked = true
                    isBlocked.raise()
                }
                connection.send(piece)
            }
            if !wasBlocked { isBlocked.raise() }
        }
        let seen = Seen()
        try await withClient { client in
            let isFirst = Mutex(true)
            let request = HTTPClientRequest(
                url: server.url,
                responseBytesMax: total,
                responseSink: .stream { event, transfer in
                    seen.add(event)
                    guard case .chunk = event else { return }
                    let mustPause = isFirst.withLock { isFirst in
                        defer { isFirst = false }
                        return isFirst
                    }
                    if mustPause { transfer.pause() }
                }
            )
            let transfer = client.start(request, completion: seen.complete)
            await isBlocked.wait()
            let held = await client.loop.run { seen.count }
            #expect(held < 1024 * 1024)
            transfer.resume()
            await seen.completed.wait()
        }
        #expect(seen.count == total)
        #expect(seen.kind == nil)
    }

    @Test("a paused stream can be cancelled, also when its answer is complete already")
    func cancelPaused() async throws {
        let server = Self.server("200 OK", "0123456789")
        let seen = Seen()
        let headSeen = Signal()
        try await withClient { client in
            let sink = HTTPClientRequest.ResponseSink.stream { event, transfer in
                seen.add(event)
                transfer.pause()
                headSeen.raise()
            }
            let request = HTTPClientRequest(url: server.url, responseSink: sink)
            let transfer = client.start(request, completion: seen.complete)
            await headSeen.wait()
            transfer.cancel()
            await seen.completed.wait()
        }
        #expect(seen.count == 0)
    }

    @Test("a receiver may cancel or close; it gets nothing more", arguments: [false, true])
    func cancelFromReceiver(_ closes: Bool) async throws {
        let server = Self.server("200 OK", String(repeating: "x", count: 500_000))
        let seen = Seen()
        try await withClient { client in
            let sink = HTTPClientRequest.ResponseSink.stream { event, transfer in
                seen.add(event)
                guard case .chunk = event else { return }
                if closes {
                    client.closeNow()
                } else {
                    transfer.cancel()
                }
            }
            let request = HTTPClientRequest(url: server.url, responseSink: sink)
            client.start(request, completion: seen.complete)
            await seen.completed.wait()
        }
        #expect(seen.count > 0 && seen.count < 500_000)
        #expect(seen.kind == (closes ? .closed : .cancelled))
    }

    @Test("the limit of the body counts for a stream as well")
    func limit() async throws {
        let server = Self.server("200 OK", String(repeating: "x", count: 1001))
        let seen = Seen()
        try await withClient { client in
            let sink = HTTPClientRequest.ResponseSink.stream { event, _ in seen.add(event) }
            let request = HTTPClientRequest(
                url: server.url,
                responseBytesMax: 1000,
                responseSink: sink
            )
            client.start(request, completion: seen.complete)
            await seen.completed.wait()
        }
        #expect(seen.kind == .responseTooLarge)
        #expect(seen.count == 0)
    }
}

/// Holds a thread until a test lets it go.
final class DispatchSignal: Sendable {
    private let pipe: [Int32]

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(Glibc.pipe(&ends) == 0, "a test can make a pipe")
        self.pipe = ends
    }

    deinit { for end in self.pipe { close(end) } }

    func raise() { _ = write(self.pipe[1], "x", 1) }

    func wait() {
        var byte: UInt8 = 0
        _ = read(self.pipe[0], &byte, 1)
    }
}

extension ScriptedConnection {
    /// Waits for room to send.
    func isWritable(milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: self.fd, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, milliseconds) == 1
    }
}
