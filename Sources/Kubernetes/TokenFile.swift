// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc

/// The bearer token in a file that the kubelet keeps fresh.
///
/// The kubelet replaces a token after four fifths of its life, and the old one is good until its
/// end: to read it again now and then is enough. Belongs to the loop's thread.
struct TokenFile {
    /// How long a token is used before the file is read again.
    static let freshFor = Duration.seconds(60)
    /// The longest token, in bytes; it has to fit into a header.
    static let bytesMax = 16 * 1024

    private let path: String
    private var token = ""
    private var readAt: MonotonicTime?

    /// Makes one; the file is read when a token is asked for.
    init(path: String) { self.path = path }

    /// The token was refused: what is in the file now may be another.
    mutating func refused() { self.readAt = nil }

    /// The token.
    ///
    /// - Throws: ``KubernetesError`` of kind `credentials`; it names the file, not what is in it.
    mutating func value(at now: MonotonicTime) throws(KubernetesError) -> String {
        if let readAt = self.readAt, readAt.duration(to: now) < Self.freshFor { return self.token }
        guard let bytes = Self.read(self.path), let token = Self.token(in: bytes) else {
            throw KubernetesError(.credentials, "the file \(self.path) has no token")
        }
        self.token = token
        self.readAt = now
        return token
    }

    /// A token is one word of visible ASCII; line ends around it are none of it.
    static func token(in bytes: [UInt8]) -> String? {
        let words = bytes.split { $0 == 0x0A || $0 == 0x0D || $0 == 0x20 }
        guard words.count == 1, words[0].allSatisfy({ 0x21...0x7E ~= $0 }) else { return nil }
        return String(decoding: words[0], as: UTF8.self)
    }

    /// The bytes of a file; `nil` when it cannot be read or is too long.
    private static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: Self.bytesMax + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard ferror(file) == 0, count <= Self.bytesMax else { return nil }
        return Array(bytes[..<count])
    }
}
