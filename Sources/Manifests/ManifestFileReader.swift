// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A file that cannot be read.
struct ManifestFileError: Error {
    let file: String
    let message: String
}

/// Reads the files that manifests are in.
struct ManifestFileReader {
    /// The name that stands for standard input.
    static let standardInput = "-"

    private static let chunkBytes = 64 * 1024

    let limits: ManifestLimits

    /// The files that `path` stands for: itself, or those of a directory, by name.
    func expand(_ path: String) throws(ManifestFileError) -> [String] {
        guard path != Self.standardInput else { return [path] }
        var status = stat()
        guard stat(path, &status) == 0 else { throw self.failure(path, errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { return [path] }
        let files = try self.names(in: path)
            .filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
            .sorted()
        guard !files.isEmpty else {
            throw ManifestFileError(file: path, message: "holds no .yaml or .yml file")
        }
        return files.map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
    }

    /// The bytes of a file; anything that can be read to its end will do, a pipe for example.
    func read(_ file: String) throws(ManifestFileError) -> [UInt8] {
        guard file != Self.standardInput else {
            return try self.readAll(STDIN_FILENO, name: "<stdin>")
        }
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw self.failure(file, errno) }
        defer { close(descriptor) }
        return try self.readAll(descriptor, name: file)
    }

    private func readAll(_ descriptor: Int32, name: String) throws(ManifestFileError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: Self.chunkBytes)
        while true {
            let count = chunk.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw self.failure(name, errno)
            }
            guard count > 0 else { return bytes }
            guard bytes.count + count <= self.limits.inputBytesMax else {
                throw ManifestFileError(
                    file: name,
                    message: "longer than \(self.limits.inputBytesMax) bytes"
                )
            }
            bytes += chunk.prefix(count)
        }
    }

    private func names(in directory: String) throws(ManifestFileError) -> [String] {
        guard let stream = opendir(directory) else { throw self.failure(directory, errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
            )
        }
        return names
    }

    private func failure(_ file: String, _ code: Int32) -> ManifestFileError {
        ManifestFileError(file: file, message: "cannot be read: \(String(cString: strerror(code)))")
    }
}
