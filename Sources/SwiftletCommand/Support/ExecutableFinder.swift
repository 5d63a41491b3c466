// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Finds the program behind a container image: the product of the same name.
struct ExecutableFinder {
    /// Searched in order.
    let directories: [String]

    /// Looks beside this program, then in `functionsDirectory`.
    init(functionsDirectory: String?) {
        self.directories = [Self.ownDirectory, functionsDirectory].compactMap { $0 }
    }

    /// The directory of this very program.
    static var ownDirectory: String? {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &path, path.count)
        guard length > 0, length < path.count else { return nil }
        let text = String(
            decoding: path[..<length].map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
        guard let slash = text.lastIndex(of: "/") else { return nil }
        return String(text[..<slash])
    }

    /// The absolute path of the program called `name`; `nil` when there is none.
    func find(_ name: String) -> String? {
        guard !name.contains("/") else { return Self.resolved(name) }
        for directory in self.directories {
            for candidate in ["\(directory)/\(name)", "\(directory)/\(name)/\(name)"] {
                if let path = Self.resolved(candidate) { return path }
            }
        }
        return nil
    }

    /// As a shell finds it: by `PATH` unless there is a slash in the name.
    func findCommand(_ name: String, path: String) -> String? {
        if let found = self.find(name) { return found }
        guard !name.contains("/") else { return nil }
        for directory in path.split(separator: ":") {
            if let found = Self.resolved("\(directory)/\(name)") { return found }
        }
        return nil
    }

    private static func resolved(_ path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            access(path, X_OK) == 0, let absolute = realpath(path, nil)
        else { return nil }
        defer { free(absolute) }
        return String(cString: absolute)
    }
}
