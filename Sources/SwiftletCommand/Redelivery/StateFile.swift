// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc
internal import KafkaSource

/// The file in which a redelivery keeps what is left; it is the old one or the new one, never half.
actor StateFile {
    private let path: String
    private var written: [UInt8] = []

    init(_ path: String) { self.path = path }

    /// What an earlier run left; `nil` when there was none.
    ///
    /// - Throws: ``CommandError`` when the file is no state.
    func load() throws -> RedeliveryState? {
        guard access(self.path, F_OK) == 0 else { return nil }
        let bytes = try Files.read(self.path, bytesMax: RedeliveryState.bytesMax)
        do {
            return try RedeliveryState(json: bytes)
        } catch {
            throw CommandError("\(self.path) cannot be used for --resume: \(error)")
        }
    }

    /// Writes the state, unless it is written already.
    ///
    /// - Throws: `SystemError` naming the file.
    func save(_ state: RedeliveryState) throws {
        let bytes = try state.json()
        guard bytes != self.written else { return }
        let draft = self.path + ".new"
        let fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard fd >= 0 else { throw SystemError.last(draft) }
        defer { close(fd) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(fd, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemError.last(draft) }
            rest = rest.dropFirst(count)
        }
        guard fsync(fd) == 0, rename(draft, self.path) == 0 else {
            throw SystemError.last(self.path)
        }
        self.written = bytes
    }
}
