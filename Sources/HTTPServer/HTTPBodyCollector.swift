// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import EventLoop
internal import HTTP

/// The bytes of a request body that somebody wants as a whole.
///
/// Belongs to the loop's thread, and to its exchange until the body ended.
final class HTTPBodyCollector {
    /// Memory for this much of an announced body is taken at once, for more when it has come.
    private static let reservedBytesMax = 1 << 20
    /// A shorter rest of a body is read with what comes behind it.
    private static let readBytesMin = 16 * 1024

    private let bytesMax: Int
    /// The announced length, or 0.
    private let length: Int
    private var bytes: [UInt8] = []
    private let completion: (Result<[UInt8], HTTPBodyError>) -> Void

    init(
        bytesMax: Int,
        framing: HTTPBodyFraming,
        _ completion: @escaping (Result<[UInt8], HTTPBodyError>) -> Void
    ) {
        self.bytesMax = bytesMax
        if case .length(let length) = framing { self.length = length } else { self.length = 0 }
        self.completion = completion
    }

    /// Whether so many more bytes are within the limit.
    func hasRoom(for count: Int) -> Bool { count <= self.bytesMax - self.bytes.count }

    /// Adds bytes for which there is room.
    func append(_ bytes: Span<UInt8>) {
        self.reserve(bytes.count)
        self.bytes.append(bytes)
    }

    /// Reads up to `count` bytes, for which there is room, to where they stay.
    ///
    /// - Returns: `nil` when it is not worth a read of its own.
    func read(_ count: Int, through transport: HTTPTransport) -> Socket.Transfer? {
        guard count >= Self.readBytesMin else { return nil }
        self.reserve(Self.readBytesMin)
        let count = min(count, self.bytes.capacity - self.bytes.count)
        var outcome = Socket.Transfer.wouldBlock
        self.bytes.append(addingCapacity: count) { output in
            output.withUnsafeMutableBufferPointer { room, filled in
                let rest = UnsafeMutableBufferPointer(rebasing: room[filled...].prefix(count))
                outcome = transport.read(into: UnsafeMutableRawBufferPointer(rest))
                if case .count(let count) = outcome { filled += count }
            }
        }
        return outcome
    }

    /// Makes room in few steps: the length is known, but not believed before the bytes come.
    private func reserve(_ count: Int) {
        let wanted = self.bytes.count + count
        guard wanted > self.bytes.capacity else { return }
        let ahead = max(Self.reservedBytesMax, self.bytes.count * 2)
        self.bytes.reserveCapacity(max(wanted, min(self.length, ahead)))
    }

    /// Tells how it ended; once.
    func end(_ error: HTTPBodyError?) {
        if let error { return self.completion(.failure(error)) }
        var bytes: [UInt8] = []
        swap(&bytes, &self.bytes)
        self.completion(.success(bytes))
    }
}
