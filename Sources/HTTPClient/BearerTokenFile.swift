// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The bearer token in a file that somebody else keeps fresh, as the kubelet does.
///
/// The file is looked at each time, and read when it is another one than before. A value of one
/// owner.
package struct BearerTokenFile: Sendable {
    /// The longest token, in bytes; it has to fit into a header.
    package static let bytesMax = 16 * 1024

    /// What a file is known by; a token is renewed by putting another file in its place.
    private struct Edition: Equatable {
        let inode: UInt64
        let bytes: Int64
        let modifiedSeconds: Int
        let modifiedNanoseconds: Int

        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            self.inode = UInt64(status.st_ino)
            self.bytes = Int64(status.st_size)
            self.modifiedSeconds = status.st_mtim.tv_sec
            self.modifiedNanoseconds = status.st_mtim.tv_nsec
        }
    }

    /// The file.
    package let path: String
    private var known: (token: String, edition: Edition)?

    /// Names a file, which is read when a token is asked for.
    package init(path: String) { self.path = path }

    /// The token was refused: the file is read again, whatever it looks like.
    package mutating func refused() { self.known = nil }

    /// The token; `nil` when the file has none.
    package mutating func value() -> String? {
        // Looked at first: what changes while it is read is read again the next time.
        let edition = Edition(self.path)
        if let known = self.known, known.edition == edition { return known.token }
        guard let edition, let bytes = Self.read(self.path), let token = Self.token(in: bytes)
        else { return nil }
        self.known = (token, edition)
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
