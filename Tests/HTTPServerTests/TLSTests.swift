// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import HTTPServer
import TestSupport
import Testing

/// Two certificates for `localhost`, each with its key, made for one test.
struct TestCertificates: ~Copyable {
    let folder: String

    init() throws {
        self.folder = uniqueSocketPath("tls")
        mkdir(self.folder, 0o700)
        for name in ["a", "b"] {
            let outcome = try Shell.run(
                """
                openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
                -subj /CN=\(name) -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
                -keyout \(self.folder)/\(name).key -out \(self.folder)/\(name).crt 2>&1
                """
            )
            guard outcome.status == 0 else { throw RawClientError.malformed(outcome.text) }
        }
    }

    deinit { _ = try? Shell.run("rm -r \(self.folder)") }

    func certificate(_ name: String) -> String { "\(self.folder)/\(name).crt" }
    func key(_ name: String) -> String { "\(self.folder)/\(name).key" }

    func identity() throws -> TLSIdentity {
        try TLSIdentity(certificatePath: self.certificate("a"), keyPath: self.key("a"))
    }
}

/// Runs a line of shell, for clients that are programs.
enum Shell {
    static func run(_ command: String) throws -> (status: Int32, text: String) {
        guard let pipe = popen(command, "r") else { throw RawClientError.failed(errno) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 * 1024)
        while case let count = fread(&block, 1, block.count, pipe), count > 0 {
            bytes += block[..<count]
        }
        let status = pclose(pipe)
        return (status >> 8, String(decoding: bytes, as: UTF8.self))
    }
}

@Suite("Server: TLS, with curl, OpenSSL's client and Python's", .timeLimit(.minutes(10)))
struct TLSTests {
    private static let echo = AsyncHTTPHandler { exchange in
        let body = try await exchange.collectBody(upTo: 1 << 24)
        let text = "\(exchange.request.version) \(exchange.isEncrypted) \(exchange.request.path)"
        await exchange.sendResponse(.ok, ["X": text], body: body)
    }

    private static func port(_ test: TestServer) -> UInt16 {
        if case .ipv4(_, let port) = test.address { return port }
        return 0
    }

    @Test("HTTP/2 and HTTP/1.1 by ALPN, bodies small and large, both ways")
    func protocols() async throws {
        let certificates = try TestCertificates()
        let configuration = try certificates.configuration()
        let file = "\(certificates.folder)/body"
        _ = try Shell.run("head -c 3000000 /dev/urandom > \(file)")
        let trust = "curl -s -m 200 --cacert \(certificates.certificate("a"))"
        try await withServer(Self.echo, configuration: configuration) { test in
            let url = "https://localhost:\(Self.port(test))"
            try await TestThread.run {
                for (option, version) in [("--http1.1", "http11"), ("--http2", "http2")] {
                    let small = try Shell.run("\(trust) \(option) -i \(url)/a --data hi")
                    #expect(small.text.lowercased().contains("x: \(version) true /a\r\n"))
                    #expect(small.text.hasSuffix("hi"))
                    let large = try Shell.run(
                        "\(trust) \(option) \(url)/b -H Expect: --data-binary @\(file)"
                            + " | cmp - \(file) && echo same"
                    )
                    #expect(large.text == "same\n", "\(option)")
                    // One connection for all.
                    let many = try Shell.run("\(trust) \(option) -w '%{num_connects}' \(url)/[1-5]")
                    #expect(many.text == "10000")
                }
            }
        }
    }

    @Test("a slow reader of a large answer gets it whole, a slow sender is waited for")
    func slow() async throws {
        let certificates = try TestCertificates()
        let configuration = try certificates.configuration()
        let script = """
            import socket, ssl
            context = ssl.create_default_context(cafile="\(certificates.certificate("a"))")
            plain = socket.socket()
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            plain.connect(("127.0.0.1", PORT))
            client = context.wrap_socket(plain, server_hostname="localhost")
            for byte in b"POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1000000\\r\\n\\r\\n":
                client.sendall(bytes([byte]))
            client.sendall(b"x" * 1000000)
            got = b""
            while len(got) < 1000000: got += client.recv(1000)
            print(client.version(), got.count(b"x"))
            client.unwrap()
            """
        try await withServer(Self.echo, sendBuffer: 16 * 1024, configuration: configuration) {
            test in
            let script = script.replacing("PORT", with: "\(Self.port(test))")
            try await TestThread.run {
                let outcome = try Shell.run("python3 - <<'END' 2>&1\n\(script)\nEND")
                #expect(outcome.text == "TLSv1.3 1000000\n")
            }
        }
    }

    @Test("without ALPN neither the preface nor an upgrade makes it HTTP/2")
    func onlyByALPN() async throws {
        let certificates = try TestCertificates()
        let configuration = try certificates.configuration()
        try await withServer(Self.echo, configuration: configuration) { test in
            let client = "openssl s_client -quiet -connect 127.0.0.1:\(Self.port(test)) 2>&1"
            try await TestThread.run {
                let preface = #"printf 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'"#
                let refused = try Shell.run("\(preface) | \(client)")
                #expect(refused.text.contains("HTTP/1.1 505 "))
                let lines =
                    #"GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"#
                    + #"Connection: Upgrade, HTTP2-Settings, close\r\n\r\n"#
                let answered = try Shell.run("printf '\(lines)' | \(client)")
                #expect(answered.text.contains("HTTP/1.1 200 OK"))
                #expect(answered.text.contains("X: http11 true /a\r\n"))
            }
        }
    }

    @Test("old versions, unknown protocols, plain HTTP and noise are refused; others go on")
    func refuses() async throws {
        let certificates = try TestCertificates()
        let configuration = try certificates.configuration()
        let trust = "curl -s -m 200 --cacert \(certificates.certificate("a"))"
        try await withServer(Self.echo, configuration: configuration) { test in
            let port = Self.port(test)
            let client = "openssl s_client -connect 127.0.0.1:\(port)"
            try await TestThread.run {
                let old = try Shell.run(
                    "echo | \(client) -tls1_1 -cipher DEFAULT:@SECLEVEL=0 2>&1"
                )
                #expect(old.text.contains("Cipher is (NONE)"))
                let new = try Shell.run("echo | \(client) -tls1_2 2>&1")
                #expect(new.text.contains("Protocol  : TLSv1.2"))
                let other = try Shell.run("echo | \(client) -alpn foo 2>&1")
                #expect(other.text.contains("no application protocol"))
                let plain = try test.client()
                let response = try plain.get()
                #expect(response.status == 400)
                #expect(response.text.contains("https://"))
                let noise = try test.client()
                try noise.send("\u{0}\u{1}\u{2} this is no handshake at all, whatever it may be")
                #expect(throws: (any Error).self) { _ = try noise.readResponse() }
                let url = "https://localhost:\(port)/"
                #expect(try Shell.run("\(trust) -d ok \(url)").text == "ok")
            }
        }
    }

    @Test("a handshake that is not completed in time is reset")
    func slowHandshake() async throws {
        let certificates = try TestCertificates()
        var configuration = try certificates.configuration()
        configuration.handshakeTimeout = .milliseconds(50)
        try await withServer(Self.echo, configuration: configuration) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("\u{16}\u{3}")
                #expect(client.isReset())
            }
        }
    }

    @Test("an end that is not announced is no end: the body fails, and the handler hears of it")
    func truncation() async throws {
        let certificates = try TestCertificates()
        let configuration = try certificates.configuration()
        let cancelled = Semaphore()
        let handler = ClosureHandler { exchange in
            exchange.onCancelled = { cancelled.signal() }
            exchange.consumeBody { _ in }
        }
        let script = """
            import socket, ssl
            context = ssl.create_default_context(cafile="\(certificates.certificate("a"))")
            plain = socket.create_connection(("127.0.0.1", PORT))
            client = context.wrap_socket(plain, server_hostname="localhost")
            client.sendall(b"POST / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 9\\r\\n\\r\\nhalf")
            socket.socket(fileno=client.detach()).shutdown(socket.SHUT_WR)
            """
        try await withServer(handler, configuration: configuration) { test in
            let script = script.replacing("PORT", with: "\(Self.port(test))")
            try await TestThread.run {
                let outcome = try Shell.run("python3 - <<'END' 2>&1\n\(script)\nEND")
                #expect(outcome.text == "")
                #expect(cancelled.wait())
            }
        }
    }

    @Test("a certificate is replaced while connections last; a bad one changes nothing")
    func reloads() async throws {
        let certificates = try TestCertificates()
        let identity = try certificates.identity()
        let folder = certificates.folder
        try await withServer(Self.echo, configuration: .with { $0.tls = identity }) { test in
            let port = Self.port(test)
            @Sendable func subject() throws -> String {
                try Shell.run(
                    "echo | openssl s_client -connect 127.0.0.1:\(port) 2>/dev/null"
                        + " | openssl x509 -noout -subject"
                ).text
            }
            try await TestThread.run {
                #expect(try subject() == "subject=CN = a\n")
                _ = try Shell.run("cp \(folder)/b.crt \(folder)/a.crt")
                let mismatch = #expect(throws: TLSIdentityError.self) { try identity.reload() }
                #expect(mismatch?.description.contains("\(folder)/a.key") == true)
                #expect(try subject() == "subject=CN = a\n")
                _ = try Shell.run("cp \(folder)/b.key \(folder)/a.key")
                try identity.reload()
                #expect(try subject() == "subject=CN = b\n")
            }
        }
    }

    @Test("files that changed are read again, once, and so is a link that leads elsewhere")
    func reloadsWhenChanged() throws {
        let certificates = try TestCertificates()
        let folder = certificates.folder
        // As Kubernetes mounts a Secret.
        _ = try Shell.run(
            """
            cd \(folder); for name in a b; do mkdir ..$name; cp $name.crt ..$name/tls.crt; \
            cp $name.key ..$name/tls.key; done
            ln -s ..a ..data; ln -s ..data/tls.crt tls.crt; ln -s ..data/tls.key tls.key
            """
        )
        let identity = try TLSIdentity(
            certificatePath: "\(folder)/tls.crt",
            keyPath: "\(folder)/tls.key"
        )
        #expect(try identity.reloadIfChanged() == false)
        _ = try Shell.run("cd \(folder); ln -s ..b new; mv -T new ..data")
        #expect(try identity.reloadIfChanged())
        #expect(try identity.reloadIfChanged() == false)
        // What cannot be used is complained of once, and read again when it changes again.
        _ = try Shell.run("echo > \(folder)/..b/tls.key")
        #expect(throws: TLSIdentityError.self) { try identity.reloadIfChanged() }
        #expect(try identity.reloadIfChanged() == false)
        _ = try Shell.run("rm \(folder)/..b/tls.key")
        #expect(throws: TLSIdentityError.self) { try identity.reloadIfChanged() }
        _ = try Shell.run("cp \(folder)/b.key \(folder)/..b/tls.key")
        #expect(try identity.reloadIfChanged())
    }

    @Test("a pair that cannot be used says which file, and why")
    func badPairs() throws {
        let certificates = try TestCertificates()
        let folder = certificates.folder
        let (certificate, key) = (certificates.certificate("a"), certificates.key("a"))
        _ = try Shell.run(
            """
            cd \(folder); : > empty; head -c 200 a.crt > cut; sed '3d' a.crt > short; \
            cat a.crt cut > chain; openssl ec -in a.key -aes128 -passout pass:x -out locked; \
            openssl pkcs8 -topk8 -in a.key -passout pass:x -out locked8; mkdir folder; \
            openssl x509 -in a.crt -outform DER -out der
            """
        )
        for (certificate, key, named, why) in [
            ("\(folder)/missing", key, "\(folder)/missing", "No such file"),
            (certificate, "\(folder)/missing", "\(folder)/missing", "No such file"),
            ("\(folder)/folder", key, "\(folder)/folder", "directory"),
            ("\(folder)/empty", key, "\(folder)/empty", "is empty"),
            (certificate, "\(folder)/empty", "\(folder)/empty", "is empty"),
            (key, key, "certificate \(key)", "no certificate, but a key"),
            (certificate, certificate, "key \(certificate)", "no private key, but a certificate"),
            ("\(folder)/der", key, "\(folder)/der", "no certificate in the form of PEM"),
            ("\(folder)/cut", key, "\(folder)/cut", "CERTIFICATE of line 1 is cut short"),
            ("\(folder)/short", key, "\(folder)/short", "CERTIFICATE of line 1 is cut short"),
            ("\(folder)/chain", key, "\(folder)/chain", "is cut short"),
            (certificate, "\(folder)/locked", "\(folder)/locked", "is encrypted"),
            (certificate, "\(folder)/locked8", "\(folder)/locked8", "is encrypted"),
            (certificate, certificates.key("b"), certificates.key("b"), "is not that of"),
        ] {
            let error = #expect(throws: TLSIdentityError.self) {
                try TLSIdentity(certificatePath: certificate, keyPath: key)
            }
            let text = error?.description ?? ""
            #expect(text.contains(named) && text.contains(why), "\(text)")
        }
    }
}

extension TestCertificates {
    func configuration() throws -> HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration()
        configuration.tls = try self.identity()
        return configuration
    }
}
