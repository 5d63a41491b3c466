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
        guard !name.contains("/") else { return Self.absolute(name) }
        for directory in self.directories {
            for candidate in ["\(directory)/\(name)", "\(directory)/\(name)/\(name)"] {
                if let path = Self.absolute(candidate) { return path }
            }
        }
        return nil
    }

    /// As a shell finds it: by `PATH` unless there is a slash in the name.
    func findCommand(_ name: String, path: String) -> String? {
        if let found = self.find(name) { return found }
        guard !name.contains("/") else { return nil }
        for directory in path.split(separator: ":") {
            if let found = Self.absolute("\(directory)/\(name)") { return found }
        }
        return nil
    }

    /// The absolute path of a program; a link stays one, for its name or place may matter to the
    /// program, as to the interpreter of a virtual environment.
    private static func absolute(_ path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            access(path, X_OK) == 0
        else { return nil }
        guard !path.hasPrefix("/") else { return path }
        guard let directory = getcwd(nil, 0) else { return nil }
        defer { free(directory) }
        return "\(String(cString: directory))/\(path)"
    }
}
