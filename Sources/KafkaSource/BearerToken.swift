// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Reads bearer tokens that somebody else keeps fresh in a file, as Kubernetes does.
///
/// `@unchecked Sendable`: belongs to the loop.
final class BearerToken: @unchecked Sendable {
    /// The longest token, in bytes; it has to fit into a header.
    private static let bytesMax = 16 * 1024

    /// What a file is known by; Kubernetes renews a token by putting another file in its place.
    private struct Edition: Equatable {
        let inode: UInt64
        let bytes: Int64
        let modifiedSeconds: Int
        let modifiedNanoseconds: Int

        init?(_ file: String) {
            var status = stat()
            guard stat(file, &status) == 0 else { return nil }
            self.inode = UInt64(status.st_ino)
            self.bytes = Int64(status.st_size)
            self.modifiedSeconds = status.st_mtim.tv_sec
            self.modifiedNanoseconds = status.st_mtim.tv_nsec
        }
    }

    private var tokens: [String: (value: String, edition: Edition)] = [:]

    /// The token in a file, which is read again once it has changed.
    ///
    /// - Throws: When the file has none; the error names the file, not what is in it.
    func value(of file: String) throws(KafkaSourceError) -> String {
        // Looked at first: what changes while it is read is read again the next time.
        let edition = Edition(file)
        if let known = self.tokens[file], known.edition == edition { return known.value }
        guard let edition, let value = Self.read(file) else {
            throw KafkaSourceError(message: "the file \(file) has no token for the sink")
        }
        self.tokens[file] = (value, edition)
        return value
    }

    private static func read(_ file: String) -> String? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Self.bytesMax)
        var length = 0
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                Glibc.read(
                    descriptor,
                    buffer.baseAddress?.advanced(by: length),
                    buffer.count - length
                )
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            length += count
        }
        guard length < bytes.count else { return nil }
        let text = bytes[..<length].split { $0 == 0x0A || $0 == 0x0D || $0 == 0x20 }
        guard text.count == 1, let token = text.first, token.allSatisfy({ 0x21...0x7E ~= $0 })
        else { return nil }
        return String(decoding: token, as: UTF8.self)
    }
}
