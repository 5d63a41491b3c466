// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Testing

@testable import Activator

@Suite("Memory without cgroups")
struct MemoryUseTests {
    static let statuses: [(String, UInt64?)] = [
        ("RssAnon:\t     100 kB\nRssFile:\t    9000 kB\nRssShmem:\t      20 kB\n", 100 + 20),
        (
            "VmRSS:\t 9 kB\nRssAnon:\t 1 kB\nRssShmem:\t 2 kB\nThreads:\t8\nVmSwap:\t 4 kB\n",
            1 + 2 + 4
        ),
        ("RssAnon:\t 3 kB\n", 3),
        ("Name:\tgo\nVmSize:\t 99 kB\nVmRSS:\t 7 kB\nThreads:\t5\n", 7),
        ("RssAnon:\t \(UInt64.max) kB\nRssShmem:\t 1 kB\n", .max),
        ("RssAnon:\t -1 kB\n", nil), ("RssAnon:\t 1\n", nil), ("RssAnon:\t 1 MB\n", nil),
        ("Name:\tgone\nState:\tZ (zombie)\n", nil), ("", nil),
    ]

    @Test("what only an end gives back is summed up", arguments: statuses)
    func reading(_ status: String, _ kilobytes: UInt64?) {
        #expect(MemoryUse(status: status)?.kilobytes == kilobytes)
    }

    @Test(
        "the limit itself may be used, and not a byte more",
        arguments: [
            (2048, false), (2047, true), (2049, false), (1024, true), (0, true), (.max, false),
        ] as [(UInt64, Bool)]
    )
    func limit(_ bytesMax: UInt64, _ isMore: Bool) throws {
        let use = try #require(MemoryUse(status: "RssAnon:\t2 kB\n"))
        #expect(use.exceeds(bytesMax) == isMore)
    }

    @Test("the kernel tells of this process")
    func own() throws {
        let status = try CgroupFile.read("/proc/self/status")
        let use = try #require(MemoryUse(status: status))
        #expect(use.exceeds(64 << 10) && !use.exceeds(1 << 50))
    }
}

extension ProcessTests {
    @Suite("Memory limits of a process")
    struct MemoryLimitTests {
        /// Takes memory as the path says, and holds it.
        static let hungry = """
            import mmap, os, threading
            from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
            together = threading.Barrier(30)
            held = []
            class Server(ThreadingHTTPServer):
                request_queue_size = 64
            class Handler(BaseHTTPRequestHandler):
                def log_message(self, *arguments): pass
                def do_GET(self):
                    _, kind, count = self.path.split("/")
                    if kind == "own": held.append(b"x" * int(count))
                    elif kind == "shared":
                        held.append(mmap.mmap(-1, int(count)))
                        for at in range(0, int(count), 4096): held[-1][at] = 1
                    elif kind == "reserved":
                        held.append(mmap.mmap(-1, int(count), flags=mmap.MAP_PRIVATE))
                    elif kind == "threads": together.wait()
                    if kind in ("own", "shared") and int(count) > 100 << 20:
                        threading.Event().wait()
                    self.send_response(200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
            Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
            """

        static let spec: RevisionSpec = {
            var spec = LanguageTests.spec([TestFunction.python, "-c", hungry])
            spec.resourceLimits.memoryBytesMax = 100 << 20
            spec.idleWindow = .seconds(600)
            return spec
        }()

        @Test(
            "an instance that takes more memory than it may is ended, and told apart",
            arguments: ["own", "shared"]
        )
        func exceeded(_ kind: String) async throws {
            try await Stage.with([Self.spec]) { stage in
                #expect(try await stage.request("/\(kind)/\(8 << 20)").status == .ok)
                let answer = try await stage.request("/\(kind)/\(128 << 20)")
                #expect(answer.status == .badGateway)
                #expect(answer.text.contains("its process ran out of memory (limit 100Mi)"))
                #expect(
                    stage.log.all.contains { $0.contains("ran out of memory (limit 100Mi)") }
                )
                #expect(try await stage.request("/\(kind)/\(8 << 20)").status == .ok)
                #expect(try await stage.status.crashesTotal == 1)
            }
        }

        @Test(
            "a start that a low limit may have ended is told with the limit, up to the usual need",
            arguments: [(Instance.memoryUsual - (1 << 20), true), (Instance.memoryUsual, false)]
        )
        func neverFit(_ limit: UInt64, _ isTold: Bool) async throws {
            let spec = TestFunction.spec(mode: "die") { $0.resourceLimits.memoryBytesMax = limit }
            try await Stage.with([spec], configured { $0.startFailuresMax = 1 }) { stage in
                let text = try await stage.request("/hello").text
                #expect(text.contains("its process was ended by signal 11 (SIGSEGV)"), "\(text)")
                let hint = "while it started, for which its memory limit of 7Mi may be too low."
                #expect(text.contains(hint) == isTold, "\(text)")
            }
        }

        @Test("threads and what is only reserved do not count")
        func reserved() async throws {
            try await Stage.with([Self.spec]) { stage in
                #expect(try await stage.request("/reserved/\(1 << 30)").status == .ok)
                // Each thread has a stack of megabytes, of which it uses next to nothing.
                try await withThrowingTaskGroup(of: HTTPStatus.self) { group in
                    for _ in 0..<30 {
                        group.addTask { try await stage.request("/threads/0").status }
                    }
                    for try await status in group { #expect(status == .ok) }
                }
                #expect(try await stage.status.crashesTotal == 0)
            }
        }
    }
}
