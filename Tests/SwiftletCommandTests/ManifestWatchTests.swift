// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import Synchronization
import Testing

@testable import SwiftletCommand

@Suite("Watching manifests", .timeLimit(.minutes(5)))
struct ManifestWatchTests {
    /// A folder of its own, and how often a change was told.
    final class Scene: Sendable {
        let folder: String
        let loop: EventLoop
        private let count = Atomic<Int>(0)

        init() throws {
            var template = Array("/tmp/swiftlet-watch-XXXXXX".utf8CString)
            self.folder = template.withUnsafeMutableBufferPointer { buffer in
                guard let start = buffer.baseAddress, mkdtemp(start) != nil else { return "/tmp" }
                return String(cString: start)
            }
            self.loop = try EventLoop(name: "watch")
            self.loop.start()
        }

        func write(_ name: String, _ text: String) throws {
            try Files.write(Array(text.utf8), to: "\(self.folder)/\(name)")
        }

        func watch(_ paths: [String]) async throws -> ManifestWatch {
            try await ManifestWatch.start(paths.map { self.folder + $0 } + ["-"], on: self.loop) {
                self.count.add(1, ordering: .relaxed)
            }
        }

        /// Waits until it was told so often; the test's time limit is the deadline.
        func waitFor(_ count: Int) async throws {
            while self.count.load(ordering: .relaxed) < count {
                try Task.checkCancellation()
                await self.loop.wait(for: .milliseconds(1))
            }
        }

        /// Called by the test: the loop's own thread, which may let go last, cannot wait for itself.
        func end() {
            self.loop.stop()
            self.loop.join()
            for name in ["a.yaml", "b.yaml", "notes.txt"] { unlink("\(self.folder)/\(name)") }
            rmdir(self.folder)
        }
    }

    @Test("a file that is written, or replaced by another, is told")
    func file() async throws {
        let scene = try Scene()
        defer { scene.end() }
        try scene.write("a.yaml", "one")
        let watch = try await scene.watch(["/a.yaml"])
        try scene.write("a.yaml", "two")
        try await scene.waitFor(1)
        try scene.write("b.yaml", "three")
        #expect(rename("\(scene.folder)/b.yaml", "\(scene.folder)/a.yaml") == 0)
        try await scene.waitFor(2)
        await watch.stop()
    }

    @Test("a folder tells of all manifests in it")
    func folder() async throws {
        let scene = try Scene()
        defer { scene.end() }
        let watch = try await scene.watch([""])
        try scene.write("notes.txt", "not a manifest")
        try scene.write("b.yaml", "one")
        try await scene.waitFor(1)
        unlink("\(scene.folder)/b.yaml")
        try await scene.waitFor(2)
        await watch.stop()
    }

    @Test("a folder that is not there is an error that names it")
    func missing() async throws {
        let scene = try Scene()
        defer { scene.end() }
        let error = await #expect(throws: SystemError.self) {
            try await scene.watch(["/no/a.yaml"])
        }
        #expect(error.map { "\($0)".contains("/no") } == true)
    }
}
