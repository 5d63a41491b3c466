// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Testing

@testable import HTTPClient

/// `openssl s_server` with a certificate of its own, for as long as the object lives.
private final class TLSServer {
    static let program = "/usr/bin/openssl"
    static let isAvailable = access(TLSServer.program, X_OK) == 0

    let port: UInt16
    let certificateFile: String
    private let directory: String
    private let process: pid_t

    /// Starts a server whose certificate is for `name`.
    init(name: String) throws {
        var template = Array("/tmp/swiftlet-tls-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        self.directory = String(decoding: path, as: UTF8.self)
        self.certificateFile = self.directory + "/certificate.pem"
        let keyFile = self.directory + "/key.pem"
        let (maker, makerOutput) = try Self.spawn([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=test", "-addext", "subjectAltName=\(name)", "-days", "2",
            "-keyout", keyFile, "-out", self.certificateFile,
        ])
        close(makerOutput)
        var status: Int32 = 0
        waitpid(maker, &status, 0)
        try #require(status == 0, "openssl makes a certificate")
        let (process, output) = try Self.spawn([
            "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", self.certificateFile,
            "-key", keyFile,
        ])
        self.process = process
        // It says "ACCEPT 127.0.0.1:port"; the pipe stays open for whatever else it says.
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while !(line.starts(with: "ACCEPT".utf8) && byte == UInt8(ascii: "\n")) {
            if byte == UInt8(ascii: "\n") { line = [] }
            guard read(output, &byte, 1) == 1 else { break }
            line.append(byte)
        }
        let port = String(decoding: line.dropLast(), as: UTF8.self).split(separator: ":").last
        self.port = try #require(port.flatMap { UInt16($0) })
    }

    deinit {
        kill(self.process, SIGKILL)
        var status: Int32 = 0
        waitpid(self.process, &status, 0)
        for file in ["certificate.pem", "key.pem"] { unlink(self.directory + "/" + file) }
        rmdir(self.directory)
    }

    /// Starts openssl; its output comes from the descriptor.
    private static func spawn(_ arguments: [String]) throws -> (pid_t, Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_RDWR, 0)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        posix_spawn_file_actions_addclose(&actions, ends[1])
        var process: pid_t = 0
        let words = ([self.program] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        let code = posix_spawn(&process, self.program, &actions, nil, words + [nil], nil)
        close(ends[1])
        try #require(code == 0)
        return (process, ends[0])
    }
}

@Suite("HTTP client: TLS", .enabled(if: TLSServer.isAvailable))
struct TLSTests {
    @Test("a peer that proves its name is talked to, with the right authority alone")
    func verified() async throws {
        let server = try TLSServer(name: "IP:127.0.0.1")
        let request = HTTPClientRequest(url: "https://127.0.0.1:\(server.port)/")
        var configuration = HTTPClientConfiguration()
        configuration.authoritiesFile = server.certificateFile
        try await withClient(configuration) { client in
            for _ in 0..<3 {
                let response = try await client.send(request)
                #expect(response.status == .ok)
                #expect(!response.body.isEmpty)
            }
        }
        try await withClient { client in
            #expect(await failure(of: request, on: client)?.kind == .tlsFailed)
        }
    }

    @Test("a certificate for another name is refused")
    func wrongName() async throws {
        let server = try TLSServer(name: "DNS:other.example")
        var configuration = HTTPClientConfiguration()
        configuration.authoritiesFile = server.certificateFile
        try await withClient(configuration) { client in
            let request = HTTPClientRequest(url: "https://127.0.0.1:\(server.port)/")
            #expect(await failure(of: request, on: client)?.kind == .tlsFailed)
        }
    }

    @Test("a file of authorities that is not there")
    func noAuthorities() async throws {
        let server = try TLSServer(name: "IP:127.0.0.1")
        var configuration = HTTPClientConfiguration()
        configuration.authoritiesFile = "/nonexistent/authorities.pem"
        try await withClient(configuration) { client in
            let request = HTTPClientRequest(url: "https://127.0.0.1:\(server.port)/")
            #expect(await failure(of: request, on: client)?.kind == .tlsFailed)
        }
    }
}
