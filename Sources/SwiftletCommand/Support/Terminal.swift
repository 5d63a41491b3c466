// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What a person sees: results on standard output, everything else on standard error.
enum Terminal {
    /// Writes a result.
    static func result(_ text: String) { self.write(text + "\n", to: STDOUT_FILENO) }

    /// Writes a note, progress or an error.
    static func note(_ text: String) { self.write(text + "\n", to: STDERR_FILENO) }

    /// Overwrites the line of a running progress; nothing where nobody watches.
    static func progress(_ text: String) {
        guard self.isInteractive(STDERR_FILENO) else { return }
        self.write("\r\u{1B}[K" + text, to: STDERR_FILENO)
    }

    /// Ends a progress line.
    static func endProgress() {
        guard self.isInteractive(STDERR_FILENO) else { return }
        self.write("\r\u{1B}[K", to: STDERR_FILENO)
    }

    /// Bytes as they are, for payloads.
    static func writeResult(_ bytes: [UInt8]) { self.write(bytes, to: STDOUT_FILENO) }

    private static func write(_ text: String, to fd: Int32) { self.write(Array(text.utf8), to: fd) }

    private static func write(_ bytes: [UInt8], to fd: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }  // Nobody reads any more; there is nobody to tell.
            rest = rest.dropFirst(count)
        }
    }

    /// Whether somebody watches, so that colour and progress are welcome.
    static func isInteractive(_ fd: Int32) -> Bool {
        guard isatty(fd) == 1 else { return false }
        return getenv("TERM").map { String(cString: $0) } != "dumb"
    }

    /// Whether results may be coloured (no-color.org).
    static let hasColor = Terminal.isInteractive(STDOUT_FILENO) && getenv("NO_COLOR") == nil

    static func bold(_ text: String) -> String { self.styled(text, "1") }
    static func dim(_ text: String) -> String { self.styled(text, "2") }
    static func green(_ text: String) -> String { self.styled(text, "32") }

    private static func styled(_ text: String, _ code: String) -> String {
        self.hasColor ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// A number of bytes for people.
    static func size(_ bytes: Int) -> String {
        if bytes < 1024 { return "\(bytes) B" }
        let units = ["KiB", "MiB", "GiB", "TiB"]
        var tenths = bytes * 10 / 1024
        var unit = 0
        while tenths >= 10_240, unit < units.count - 1 {
            tenths /= 1024
            unit += 1
        }
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
