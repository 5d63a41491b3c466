// SPDX-License-Identifier: Apache-2.0

import CLinux
import EventLoop
import Glibc

/// A pipe whose write end blocks, as programs expect of their output.
///
/// Ends that nobody took are closed with the object.
final class Pipe {
    /// For the child; its copy outlives this object.
    let writeEnd: Int32
    private var readEnd: Int32

    /// Makes a pipe.
    init() throws {
        var ends: [Int32] = [-1, -1]
        guard swiftlet_pipe(&ends) == 0 else { throw SystemError.last("pipe") }
        self.readEnd = ends[0]
        self.writeEnd = ends[1]
        // Blocking belongs to each end alone: the reader's stays as it is.
        _ = fcntl(self.writeEnd, F_SETFL, 0)
    }

    deinit {
        close(self.writeEnd)
        if self.readEnd >= 0 { close(self.readEnd) }
    }

    /// The end to read from, which is the caller's from now on.
    func takeReadEnd() -> Int32 {
        defer { self.readEnd = -1 }
        return self.readEnd
    }
}

/// Collects what comes out of a pipe; confined to its loop.
final class PipeReader: EventHandler {
    private static let chunkBytes = 64 * 1024

    /// What came so far, at most `bytesMax`.
    private(set) var bytes: [UInt8] = []
    private let descriptor: Int32
    private let loop: EventLoop
    private let bytesMax: Int
    private let full: () -> Void
    private var isOpen = true

    /// Reads until ``close()``; `full` is called when there is more than `bytesMax`.
    init(_ descriptor: Int32, loop: EventLoop, bytesMax: Int, full: @escaping () -> Void) throws {
        self.descriptor = descriptor
        self.loop = loop
        self.bytesMax = bytesMax
        self.full = full
        do {
            try loop.register(descriptor, for: .readable, handler: self)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    func handleEvents(_ events: IOEvents) { _ = self.readChunk() }

    /// Reads what the pipe still holds; once the writer has ended.
    func readRest() {
        while self.readChunk() {}
    }

    /// Ends reading.
    func close() {
        guard self.isOpen else { return }
        self.isOpen = false
        self.loop.deregister(self.descriptor)
        Glibc.close(self.descriptor)
    }

    /// Whether there may be more right now.
    private func readChunk() -> Bool {
        guard self.isOpen else { return false }
        var result = 0
        var failure: Int32 = 0
        let chunk = [UInt8](unsafeUninitializedCapacity: Self.chunkBytes) { buffer, count in
            result = read(self.descriptor, buffer.baseAddress, Self.chunkBytes)
            failure = errno
            count = max(0, result)
        }
        guard result > 0 else {
            if result == 0 || (failure != EAGAIN && failure != EINTR) { self.close() }
            return false
        }
        let room = self.bytesMax - self.bytes.count
        self.bytes.append(contentsOf: chunk.prefix(room))
        if chunk.count > room { self.full() }
        return true
    }
}

/// A NULL-terminated array of C strings, freed with the object.
final class CStringArray {
    /// The first of the strings.
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    /// Copies `strings`.
    init(_ strings: [String]) {
        self.count = strings.count
        self.pointer = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() {
            self.pointer[index] = strdup(string)
        }
        self.pointer[strings.count] = nil
    }

    deinit {
        for index in 0..<self.count { free(self.pointer[index]) }
        self.pointer.deallocate()
    }
}
