// SPDX-License-Identifier: Apache-2.0

import CLinux
import EventLoop
import Glibc
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: capacity", .timeLimit(.minutes(10)))
struct CapacityTests {
    @Test("connections beyond the maximum wait until one ends")
    func connectionsMax() async throws {
        let handler = ClosureHandler { $0.respond(.ok) }
        try await withServer(handler, configuration: .with { $0.connectionsMax = 2 }) { test in
            try await TestThread.run {
                let first = try test.client()
                let second = try test.client()
                #expect(try first.get().status == 200)
                #expect(try second.get().status == 200)
                let third = try test.client()
                try third.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                third.setDeadline(milliseconds: 100)
                #expect(throws: RawClientError.timedOut) { try third.readResponse() }
                #expect(try second.get().status == 200)
                first.close()
                third.setDeadline(seconds: RawClient.deadlineSeconds)
                #expect(try third.readResponse().status == 200)
            }
        }
    }

    @Test("an inherited listener works, blocking as it may be")
    func adopts() async throws {
        let loop = try EventLoop(name: "server")
        loop.start()
        let server = HTTPServer(loop: loop, handler: ClosureHandler { $0.respond(.ok) })
        let fd = try Socket.listen(on: .ipv4Loopback(port: 0))
        _ = fcntl(fd, F_SETFL, 0)
        let address = try await server.adopt(listeningDescriptor: fd)
        // A second listener beside it.
        let other = try await server.listen(on: .ipv4Loopback(port: 0))
        #expect(address != other)
        try await TestThread.run { () throws in
            for _ in 0..<2 {
                #expect(try RawClient(address).get().status == 200)
                #expect(try RawClient(other).get().status == 200)
            }
        }
        await server.drain(deadline: .zero)
        loop.stop()
        try await TestThread.run { loop.join() }
    }

    @Test("what is no listener is refused, and an address in use says so")
    func refuses() async throws {
        try await withServer(ClosureHandler { $0.respond(.ok) }) { test in
            let inUse = await #expect(throws: SystemError.self) {
                try await test.server.listen(on: test.address)
            }
            #expect(inUse?.isAddressInUse == true)
            #expect(inUse?.description.contains("\(test.address)") == true)
            let file = open("/dev/null", O_RDONLY)
            await #expect(throws: SystemError.self) {
                _ = try await test.server.adopt(listeningDescriptor: file)
            }
            let status = try await TestThread.run { try test.client().get().status }
            #expect(status == 200)
        }
    }

    @Test("many connections at once and one after the other leave no descriptor behind")
    func leaksNothing() async {
        await #expect(processExitsWith: .success) {
            let handler = AsyncHTTPHandler { exchange in
                let body = try await exchange.collectBody(upTo: 100)
                await exchange.sendResponse(.ok, body: body)
            }
            // A port for each of so many connections might not be there.
            let address = SocketAddress.unix(path: uniqueSocketPath("many"))
            defer { unlinkPath(address.host) }
            try await withServer(handler, on: address) { test in
                try await TestThread.run {
                    let request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
                    func ask(_ client: RawClient) throws {
                        demand(try client.exchange(request).text == "hi")
                    }
                    let probe = try test.client()
                    try ask(probe)
                    // The runtime opens a few of its own when it first sets a timer.
                    let before = openDescriptorCount() + 8
                    for number in 0..<1000 {
                        let client = try test.client()
                        try ask(client)
                        if number % 3 == 0 { client.reset() } else { client.close() }
                    }
                    let clients = try (0..<1000).map { _ in try test.client() }
                    for client in clients { try client.send(request) }
                    for client in clients { demand(try client.readResponse().text == "hi") }
                    precondition(openDescriptorCount() >= before + 1990)
                    for client in clients { client.close() }
                    // The server hears of the closes in its own time: it has it between answers.
                    let deadline = MonotonicTime.now().advanced(by: .seconds(240))
                    while openDescriptorCount() > before, MonotonicTime.now() < deadline {
                        try ask(probe)
                    }
                    let after = openDescriptorCount()
                    precondition(after <= before, "\(before) descriptors became \(after)")
                }
            }
        }
    }

    @Test("no descriptor left: those who are in are served, the others wait")
    func exhausted() async {
        await #expect(processExitsWith: .success) {
            try await withServer(ClosureHandler { $0.respond(.ok) }) { test in
                try await TestThread.run {
                    let inside = try test.client()
                    demand(try inside.get().status == 200)
                    let waiting = try test.client()
                    var former = rlimit()
                    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &former)
                    // Nothing can be opened from here on; `waiting` may or may not be in.
                    var none = rlimit(rlim_cur: 1, rlim_max: former.rlim_max)
                    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none)
                    for _ in 0..<20 { demand(try inside.get().status == 200) }
                    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &former)
                    demand(try waiting.get().status == 200)
                    demand(try test.client().get().status == 200)
                }
            }
        }
    }

    @Test("accepting that failed is taken up again by itself")
    func acceptsAgain() async {
        await #expect(processExitsWith: .success) {
            try await withServer(ClosureHandler { $0.respond(.ok) }) { test in
                let waiting = try await TestThread.run {
                    let lent = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                    var former = rlimit()
                    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &former)
                    var none = rlimit(rlim_cur: rlim_t(lent) + 1, rlim_max: former.rlim_max)
                    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none)
                    close(lent)
                    // The client takes the last descriptor, so that the server finds none.
                    return try test.client()
                }
                while test.reports.count == 0 { await test.loop.wait(for: .milliseconds(1)) }
                precondition(test.reports.values[0].contains("descriptor"))
                try await TestThread.run {
                    var former = rlimit()
                    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &former)
                    former.rlim_cur = former.rlim_max
                    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &former)
                    demand(try waiting.get().status == 200)
                }
            }
        }
    }

    @Test("connections that wait for something cost no processor time")
    func sleeps() async {
        await #expect(processExitsWith: .success) {
            let begun = Semaphore()
            let handler = ClosureHandler { exchange in
                if exchange.request.path == "/paused" {
                    exchange.consumeBody { _ in exchange.pauseBody() }
                } else if exchange.request.path == "/blocked" {
                    exchange.start(HTTPResponseHead(status: .ok), bodyLength: nil)
                    while exchange.write([UInt8](repeating: 1, count: 1 << 20)) {}
                }
                begun.signal()
            }
            try await withServer(handler, sendBuffer: 16 * 1024) { test in
                let clients = try await TestThread.run {
                    let clients = try (0..<6).map { _ in
                        try test.client(receiveBuffer: 16 * 1024)
                    }
                    let post = "POST /paused HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n"
                    let get = "GET /waits HTTP/1.1\r\nHost: a\r\n\r\n"
                    clients[1].setDeadline(milliseconds: 50)
                    try clients[0].send(post + "some")
                    try? clients[1].send(
                        bytes: Array(post.utf8) + Array(repeating: 0, count: 800_000)
                    )
                    try clients[2].send(get)
                    try clients[3].send(get + get + "half")
                    try clients[4].send("GET /blocked HTTP/1.1\r\nHost: a\r\n\r\n")
                    try clients[5].send(post + "some")
                    for _ in clients { precondition(begun.wait()) }
                    for client in clients.dropLast() { client.shutdownWrite() }
                    return clients
                }
                await test.loop.wait(for: .milliseconds(100))
                let before = processorNanoseconds()
                await test.loop.wait(for: .milliseconds(300))
                let used = processorNanoseconds() - before
                precondition(used < 60_000_000, "\(used / 1_000_000) ms of 300 were used")
                withExtendedLifetime(clients) {}
            }
        }
    }
}

/// How long this process has computed.
func processorNanoseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// How many descriptors this process has open.
func openDescriptorCount() -> Int {
    guard let directory = opendir("/proc/self/fd") else { return -1 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count - 3  // ".", "..", and the directory itself.
}

/// Ends a process of its own that a test runs in, and so the test, when something is not so.
func demand(_ isSo: Bool, line: UInt = #line) { precondition(isSo, "line \(line)") }
