// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc

/// Hears of changes to manifests, inotify(7).
///
/// Folders are watched and not files, for editors replace a file by another. Standard input is not
/// watched. `@unchecked Sendable`: its variables belong to the thread of its loop.
final class ManifestWatch: EventHandler, @unchecked Sendable {
    /// Changes that come together are told once.
    private static let pause = Duration.milliseconds(100)
    private static let bufferBytes = 16 * 1024

    private let loop: EventLoop
    private let changed: @Sendable () -> Void
    private var fd: Int32 = -1
    private var timer = TimerID.none
    /// The names that count in each watched folder; `nil` for all manifests in it.
    private var names: [Int32: Set<String>?] = [:]

    /// Watches from now on; `changed` is called on the loop.
    ///
    /// - Throws: `SystemError` when the kernel has no more watches.
    static func start(
        _ paths: [String],
        on loop: EventLoop,
        changed: @escaping @Sendable () -> Void
    ) async throws -> ManifestWatch {
        let watch = ManifestWatch(loop, changed)
        try await loop.run { try watch.begin(paths) }
        return watch
    }

    private init(_ loop: EventLoop, _ changed: @escaping @Sendable () -> Void) {
        self.loop = loop
        self.changed = changed
    }

    private func begin(_ paths: [String]) throws {
        self.fd = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard self.fd >= 0 else { throw SystemError.last("inotify_init") }
        do {
            for path in paths where path != "-" { try self.add(path) }
            try self.loop.register(self.fd, for: .readable, handler: self)
        } catch {
            Socket.close(self.fd)
            self.fd = -1
            throw error
        }
    }

    private func add(_ path: String) throws {
        var folder = path
        var name: String?
        if !Files.isFolder(path) {
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            name = parts.last.map(String.init)
            folder = parts.count > 1 ? parts.dropLast().joined(separator: "/") : "."
            if folder.isEmpty { folder = "/" }
        }
        let mask = UInt32(IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE)
        let watch = inotify_add_watch(self.fd, folder, mask)
        guard watch >= 0 else { throw SystemError.last("watch \(folder)") }
        guard let name else {
            self.names[watch] = .some(nil)
            return
        }
        if case .some(.none) = self.names[watch] { return }
        self.names[watch] = .some((self.names[watch] ?? [])?.union([name]) ?? [name])
    }

    func handleEvents(_ events: IOEvents) {
        var isMeant = false
        withUnsafeTemporaryAllocation(byteCount: Self.bufferBytes, alignment: 8) { buffer in
            while case .count(let count) = Socket.read(self.fd, into: buffer) {
                if self.isMeant(UnsafeRawBufferPointer(rebasing: buffer[0..<count])) {
                    isMeant = true
                }
            }
        }
        guard isMeant else { return }
        self.loop.cancel(self.timer)
        self.timer = self.loop.schedule(after: Self.pause) { [weak self] in self?.changed() }
    }

    /// Whether one of the kernel's records is about a manifest.
    private func isMeant(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let headLength = MemoryLayout<inotify_event>.size
        var offset = 0
        while offset + headLength <= bytes.count {
            let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            let end = min(bytes.count, offset + headLength + Int(event.len))
            let text = bytes[(offset + headLength)..<end].prefix { $0 != 0 }
            if self.isManifest(String(decoding: text, as: UTF8.self), in: event.wd) { return true }
            offset = end
        }
        return false
    }

    private func isManifest(_ name: String, in folder: Int32) -> Bool {
        guard let names = self.names[folder] else { return false }
        // Kubernetes replaces mounted files by way of this link.
        if name == "..data" { return true }
        if let names { return names.contains(name) }
        return [".yaml", ".yml", ".json"].contains(where: name.hasSuffix)
    }

    /// Hears no more.
    func stop() async {
        await self.loop.run {
            guard self.fd >= 0 else { return }
            self.loop.cancel(self.timer)
            self.loop.deregister(self.fd)
            Socket.close(self.fd)
            self.fd = -1
        }
    }
}
