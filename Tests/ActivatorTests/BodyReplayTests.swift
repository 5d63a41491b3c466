// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Testing

@testable import Activator

extension ProcessTests {
    /// Requests whose body has begun when their instance goes, and that wait for the next one.
    @Suite("Bodies that are sent again")
    struct BodyReplayTests {
        /// Runs a script as the first process, and a function as the next.
        private static func spec(
            _ gate: Gate,
            first script: String,
            then mode: String
        ) -> RevisionSpec {
            let start = #"""
                import os, socket, sys
                gate = sys.argv[1]
                def wait(path):
                    with open(path, "rb", 0) as stream: stream.read(1)
                if not os.path.exists(gate + ".started"):
                    open(gate + ".started", "w").close()
                """#
            let body = script.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n")
            return TestFunction.spec {
                $0.command =
                    [
                        TestFunction.python, "-S", "-E", "-c",
                        "\(start)\n\(body)\nos.execv(sys.argv[2], sys.argv[2:])", gate.path,
                    ] + TestFunction.command(mode)
                $0.containerConcurrency = 1
                $0.scale.max = 1
            }
        }

        private static func chunk(_ letter: String, _ count: Int) -> [UInt8] {
            let data = String(repeating: letter, count: count)
            return Array("\(String(count, radix: 16))\r\n\(data)\r\n".utf8)
        }

        @Test(
            "a body whose instance refuses it while it is sent comes whole to the next, or not",
            arguments: [0, 1000, 20_000]
        )
        func refusedWhileSent(_ firstBytes: Int) async throws {
            let gate = Gate()
            var spec = Self.spec(
                gate,
                first: #"""
                    listener = socket.socket()
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    listener.bind(("127.0.0.1", int(os.environ["PORT"])))
                    listener.listen(8)
                    connection = listener.accept()[0]
                    connection.recv(65536)
                    listener.close()
                    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                    connection.close()
                    wait(gate)
                    os._exit(9)
                    """#,
                then: "port"
            )
            spec.socketMode = .port
            try await Stage.with([spec]) { stage in
                defer { unlink("\(gate.path).started") }
                // With its answer the listener is gone.
                #expect(try await stage.request("/").status == .ok)
                let connection = try await stage.connect()
                let head = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                let first = firstBytes > 0 ? Self.chunk("A", firstBytes) : []
                await connection.write(Array(head.utf8) + first)
                try await stage.waitFor { $0.inFlightCount == 1 }
                gate.open()
                for _ in 0..<5 { await connection.write(Self.chunk("B", 20_000)) }
                await connection.write(Self.chunk("C", 1000) + Array("0\r\n\r\n".utf8))
                let answer = try await connection.receive()
                let whole =
                    String(repeating: "A", count: firstBytes)
                    + String(repeating: "B", count: 100_000)
                    + String(repeating: "C", count: 1000)
                // 502 when the end of the process was not known in time.
                #expect(answer.status == .ok ? answer.text == whole : answer.status == .badGateway)
                await connection.close()
                try await stage.waitFor { $0.inFlightCount == 0 && $0.queuedCount == 0 }
            }
        }

        @Test("a client that leaves while its begun body waits again frees its place")
        func leavesQueueAgain() async throws {
            let gate = Gate()
            let ready = "\(gate.path).ready"
            var spec = Self.spec(gate, first: "wait(gate)\nos._exit(9)", then: "serve")
            spec.readinessProbe = .init(.exec(["/bin/sh", "-c", "test -e \(ready)"]))
            try await Stage.with([spec]) { stage in
                defer { for name in ["ready", "started"] { unlink("\(gate.path).\(name)") } }
                close(Glibc.open(ready, O_CREAT | O_WRONLY, 0o600))
                let leaving = try await stage.connect()
                let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n"
                await leaving.write(Array("\(head)half".utf8))
                try await stage.waitFor { $0.inFlightCount == 1 }
                unlink(ready)
                gate.open()
                try await stage.waitFor { $0.queuedCount == 1 }
                await leaving.close(reset: true)
                try await stage.waitFor { $0.queuedCount == 0 }
                close(Glibc.open(ready, O_CREAT | O_WRONLY, 0o600))
                #expect(try await stage.request("/hello").text == "hello")
                try await stage.waitFor { $0.inFlightCount == 0 }
            }
        }
    }
}
