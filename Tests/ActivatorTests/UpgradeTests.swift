// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import Testing

@testable import Activator

extension ProcessTests {
    @Suite("Switched protocols")
    struct UpgradeTests {
        /// Switches to a protocol that gives every byte back in upper case, until `q`.
        static let server = #"""
            import os, socket, threading
            listener = socket.socket(fileno=3)
            listener.setblocking(True)
            def serve(connection):
                head = b""
                while b"\r\n\r\n" not in head:
                    head += connection.recv(4096)
                if b"\r\nUpgrade: shout\r\n" not in head or b"\r\nConnection: Upgrade\r\n" not in head:
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain")
                    return connection.close()
                answer = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n"
                connection.sendall(answer + b"HELLO")
                while True:
                    data = connection.recv(65536)
                    if not data or b"q" in data:
                        return connection.close()
                    connection.sendall(data.upper())
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
            """#

        static let spec = TestFunction.spec {
            $0.command = [TestFunction.python, "-S", "-E", "-c", Self.server]
        }

        /// A connection on which the protocol is switched, and that has heard the greeting.
        static func switched(_ stage: Stage) async throws -> TestConnection {
            let connection = try await stage.connect()
            let head =
                "GET / HTTP/1.1\r\nHost: probe.test\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n"
            await connection.write(Array(head.utf8))
            let answer = try await Self.read(connection, until: "HELLO")
            #expect(answer.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
            #expect(answer.lowercased().contains("\r\nupgrade: shout\r\n"))
            return connection
        }

        static func read(_ connection: TestConnection, until end: String) async throws -> String {
            var text = ""
            while !text.hasSuffix(end) {
                guard let bytes = await connection.read() else {
                    throw TestClientError.connectionEnded
                }
                text += String(decoding: bytes, as: UTF8.self)
            }
            return text
        }

        @Test("bytes go both ways after a switch, which counts as one request")
        func tunnel() async throws {
            try await Stage.with([Self.spec]) { stage in
                let connection = try await Self.switched(stage)
                try await stage.waitFor { $0.inFlightCount == 1 }
                await connection.write(Array("hey".utf8))
                #expect(try await Self.read(connection, until: "HEY") == "HEY")
                let large = String(repeating: "abcdefgh", count: 100_000)
                async let sent = connection.write(Array("\(large)!".utf8))
                let echoed = try await Self.read(connection, until: "!")
                #expect(echoed.count == large.count + 1 && echoed.allSatisfy { $0 != "a" })
                #expect(await sent)
                await connection.write(Array("q".utf8))
                #expect(await connection.read() == nil)
                try await stage.waitFor { $0.inFlightCount == 0 }
                // Without the wish it is a plain request.
                #expect(try await stage.request("/").text == "plain")
            }
        }

        @Test("a client that leaves ends it, and so does a stop")
        func ends() async throws {
            let before = openDescriptorCount()
            try await Stage.with([Self.spec]) { stage in
                let leaving = try await Self.switched(stage)
                await leaving.close(reset: true)
                try await stage.waitFor { $0.inFlightCount == 0 }
                let staying = try await Self.switched(stage)
                await stage.activator.stop(deadline: .zero)
                #expect(await staying.read() == nil)
                await staying.close()
            }
            #expect(openDescriptorCount() <= before + 2)
        }
    }
}
