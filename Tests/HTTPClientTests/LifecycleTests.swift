// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Synchronization
import Testing

@testable import HTTPClient

@Suite("HTTP client: cancelling, closing, limits", BothWays())
struct LifecycleTests {
    /// Reads requests and never answers; raises `seen` for each and `gone` for each that left.
    static func silentServer(seen: Signal, gone: Signal = Signal()) -> ScriptedServer {
        ScriptedServer { connection, _ in
            while connection.readRequest() != nil { seen.raise() }
            gone.raise()
        }
    }

    @Test("a cancelled task ends its request")
    func taskCancelled() async throws {
        let (seen, gone) = (Signal(), Signal())
        let server = Self.silentServer(seen: seen, gone: gone)
        try await withClient { client in
            let task = Task { await failure(of: HTTPClientRequest(url: server.url), on: client) }
            await seen.wait()
            task.cancel()
            #expect(await task.value?.kind == .cancelled)
            await gone.wait()
        }
    }

    @Test("a task that was cancelled before sends nothing")
    func taskCancelledBefore() async throws {
        let server = Self.silentServer(seen: Signal())
        try await withClient { client in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await failure(of: HTTPClientRequest(url: server.url), on: client)
            }
            #expect(await task.value?.kind == .cancelled)
        }
        #expect(server.connectionCount == 0)
    }

    @Test("cancelling from anywhere, any number of times, completes once", arguments: 0..<4)
    func cancelled(_ place: Int) async throws {
        let seen = Signal()
        let server = Self.silentServer(seen: seen)
        let completed = Signal()
        let kinds = Mutex<[HTTPClientError.Kind?]>([])
        try await withClient { client in
            let completion: @Sendable (Result<HTTPClientResponse, HTTPClientError>) -> Void = {
                result in
                if case .failure(let error) = result { kinds.withLock { $0.append(error.kind) } }
                completed.raise()
            }
            let request = HTTPClientRequest(url: server.url)
            switch place {
            case 0:
                let transfer = client.start(request, completion: completion)
                await seen.wait()
                transfer.cancel()
                transfer.cancel()
            case 1:
                client.start(request, completion: completion).cancel()
            case 2:
                await client.loop.run {
                    let transfer = client.start(request, completion: completion)
                    transfer.cancel()
                    transfer.cancel()
                    #expect(kinds.withLock { $0.isEmpty })
                }
            default:
                let transfer = client.start(request, completion: completion)
                await seen.wait()
                await client.loop.run { transfer.cancel() }
                transfer.cancel()
            }
            await completed.wait()
        }
        #expect(kinds.withLock { $0 } == [.cancelled])
    }

    @Test("cancelling what is over changes nothing")
    func cancelledLate() async throws {
        let server = HTTPClientTests.echoServer()
        let count = Atomic<Int>(0)
        let completed = Signal()
        try await withClient { client in
            let transfer = client.start(HTTPClientRequest(url: server.url)) { result in
                #expect((try? result.get())?.status == .ok)
                completed.raise()
            }
            await completed.wait()
            transfer.cancel()
            transfer.pause()
            transfer.resume()
            _ = try await client.send(HTTPClientRequest(url: server.url))
        }
        count.add(1, ordering: .relaxed)
        #expect(server.connectionCount == 1)
    }

    @Test("close() ends everything, and later requests fail at once")
    func closed() async throws {
        let seen = Signal()
        let server = Self.silentServer(seen: seen)
        try await withClient { client in
            let kinds = Mutex<[HTTPClientError.Kind]>([])
            for _ in 0..<20 {
                client.start(HTTPClientRequest(url: server.url)) { result in
                    guard case .failure(let error) = result else { return }
                    kinds.withLock { $0.append(error.kind) }
                }
            }
            await seen.wait(20)
            await client.close()
            #expect(kinds.withLock { $0 } == Array(repeating: .closed, count: 20))
            let error = await failure(of: HTTPClientRequest(url: server.url), on: client)
            #expect(error?.kind == .closed)
            await client.close()
        }
    }

    @Test("close() from within a completion")
    func closedFromCompletion() async throws {
        let seen = Signal()
        let silent = Self.silentServer(seen: seen)
        let server = HTTPClientTests.echoServer()
        let completed = Signal()
        try await withClient { client in
            client.start(HTTPClientRequest(url: silent.url)) { result in
                #expect(throws: HTTPClientError.self) { try result.get() }
                completed.raise()
            }
            await seen.wait()
            client.start(HTTPClientRequest(url: server.url)) { _ in
                let task = Task(executorPreference: client.loop) { await client.close() }
                client.start(HTTPClientRequest(url: server.url)) { _ in completed.raise() }
                _ = task
                completed.raise()
            }
            await completed.wait(3)
        }
    }

    @Test("more requests than the limit are refused, and the limit itself is not")
    func overloaded() async throws {
        let seen = Signal()
        let server = Self.silentServer(seen: seen)
        var configuration = HTTPClientConfiguration()
        configuration.transfersMax = 3
        try await withClient(configuration) { client in
            let transfers = (0..<3).map { _ in
                client.start(HTTPClientRequest(url: server.url)) { _ in }
            }
            await seen.wait(3)
            let error = await failure(of: HTTPClientRequest(url: server.url), on: client)
            #expect(error?.kind == .overloaded)
            transfers[0].cancel()
            let task = Task { try? await client.send(HTTPClientRequest(url: server.url)) }
            await seen.wait(4)
            task.cancel()
            _ = await task.value
        }
    }

    @Test("times beyond what libcurl can count", arguments: [Int64.max, 86_400 * 365, 0, -1, .min])
    func extremeTimes(_ seconds: Int64) async throws {
        let seen = Signal()
        let server = Self.silentServer(seen: seen)
        let time = Duration(secondsComponent: seconds, attosecondsComponent: 0)
        try await withClient { client in
            let request = HTTPClientRequest(url: server.url, timeout: time, connectTimeout: time)
            let task = Task { await failure(of: request, on: client)?.kind }
            if seconds > 0 {
                await seen.wait()
                task.cancel()
                #expect(await task.value == .cancelled)
            } else {
                #expect(await task.value == .timedOut)
            }
        }
    }

    @Test("a limit of connections to a host makes requests wait")
    func connectionsPerHost() async throws {
        let server = HTTPClientTests.echoServer()
        var configuration = HTTPClientConfiguration()
        configuration.connectionsPerHostMax = 2
        try await withClient(configuration) { client in
            try await withThrowingTaskGroup(of: HTTPStatus.self) { group in
                for _ in 0..<40 {
                    group.addTask {
                        try await client.send(HTTPClientRequest(url: server.url)).status
                    }
                }
                for try await status in group { #expect(status == .ok) }
            }
        }
        #expect(server.connectionCount <= 2)
    }

    @Test("descriptors that come back under the same number, over and over")
    func descriptorsComeBack() async throws {
        let server = ScriptedServer { connection, number in
            guard let request = connection.readRequest() else { return }
            switch number % 3 {
            case 0: connection.respond("200 OK", "Connection: close\r\n", body: request.line)
            case 1: connection.respond(body: request.line)
            default: connection.reset()
            }
        }
        try await withClient { client in
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<4 {
                    group.addTask {
                        for index in 0..<50 {
                            let request = HTTPClientRequest(url: server.url + "/\(task)/\(index)")
                            guard let response = try? await client.send(request) else { continue }
                            #expect(response.text == "GET /\(task)/\(index) HTTP/1.1")
                        }
                    }
                }
            }
        }
    }

    @Test("environment variables of proxies are not looked at")
    func proxyIgnored() async {
        await #expect(processExitsWith: .success) {
            for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
                setenv(name, "http://127.0.0.1:1/", 1)
            }
            let server = HTTPClientTests.echoServer()
            let status = try await withClient { client in
                try await client.send(HTTPClientRequest(url: server.url)).status
            }
            exit(status == .ok ? EXIT_SUCCESS : EXIT_FAILURE)
        }
    }

    @Test("nothing is left behind: no handle, no socket")
    func noLeak() async {
        await #expect(processExitsWith: .success) {
            let server = ScriptedServer { connection, number in
                while let request = connection.readRequest() {
                    if request.line.contains("reset") { connection.reset() }
                    if !request.line.contains("silent") { connection.respond(body: "x") }
                }
            }
            let before = try openSocketCount()
            for _ in 0..<3 {
                try await withClient { client in
                    await withTaskGroup(of: Void.self) { group in
                        for path in ["/", "/reset", "/silent", " /invalid", "/a", "/b"] {
                            group.addTask {
                                let url = server.url + path
                                _ = try? await client.send(
                                    HTTPClientRequest(url: url, timeout: .milliseconds(100))
                                )
                            }
                        }
                    }
                    client.start(HTTPClientRequest(url: server.url + "/silent")) { _ in }
                }
            }
            guard HTTPClient.liveHandleCount == 0 else { exit(2) }
            await server.stop()
            exit(try openSocketCount() == before - 1 ? EXIT_SUCCESS : 3)
        }
    }

    @Test("a client that nobody closed closes itself")
    func forgotten() async throws {
        await #expect(processExitsWith: .success) {
            let server = HTTPClientTests.echoServer()
            let loop = try EventLoop(name: "forgetful")
            loop.start()
            var client: HTTPClient? = HTTPClient(loop: loop)
            _ = try await client?.send(HTTPClientRequest(url: server.url))
            guard HTTPClient.liveHandleCount == 2 else { exit(2) }
            client = nil
            await loop.run {}
            exit(HTTPClient.liveHandleCount == 0 ? EXIT_SUCCESS : 3)
        }
    }
}

/// How many sockets the process has; the concurrency runtime opens other descriptors as it likes.
private func openSocketCount() throws -> Int {
    let directory = try #require(opendir("/proc/self/fd"))
    defer { closedir(directory) }
    var count = 0
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        var target = [CChar](repeating: 0, count: 64)
        let length = readlink("/proc/self/fd/" + name, &target, target.count)
        let kind = target.prefix(max(0, length)).map { UInt8(bitPattern: $0) }
        if kind.starts(with: "socket:".utf8) { count += 1 }
    }
    return count
}
