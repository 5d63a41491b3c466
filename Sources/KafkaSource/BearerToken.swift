// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc

/// Reads bearer tokens that somebody else keeps fresh in a file, as Kubernetes does.
///
/// `@unchecked Sendable`: belongs to the loop.
final class BearerToken: @unchecked Sendable {
    /// How long a token is used before the file is read again; Kubernetes renews it after four
    /// fifths of its life, which is ten minutes at least.
    private static let freshFor = Duration.seconds(60)
    /// The longest token, in bytes; it has to fit into a header.
    private static let bytesMax = 16 * 1024

    private var tokens: [String: (value: String, readAt: MonotonicTime)] = [:]

    /// The token in a file.
    ///
    /// - Throws: When the file has none; the error names the file, not what is in it.
    func value(of file: String) throws(KafkaSourceError) -> String {
        let now = MonotonicTime.now()
        if let known = self.tokens[file], known.readAt.duration(to: now) < Self.freshFor {
            return known.value
        }
        guard let value = Self.read(file) else {
            throw KafkaSourceError(message: "the file \(file) has no token for the sink")
        }
        self.tokens[file] = (value, now)
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
