// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// A system call that failed.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    /// What was tried, for example `bind 127.0.0.1:8080`.
    package var call: String
    /// The value of `errno`.
    package var code: Int32

    /// Makes an error of a code that was read right after the call.
    package init(_ call: String, code: Int32) {
        self.call = call
        self.code = code
    }

    /// Makes an error of the calling thread's `errno`; only right after the call.
    package static func last(_ call: String) -> Self { Self(call, code: errno) }

    /// The call and the system's words for the code.
    package var description: String {
        var text = [CChar](repeating: 0, count: 128)
        swiftlet_error_text(self.code, &text, text.count)
        let words = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return "\(self.call): \(String(decoding: words, as: UTF8.self))"
    }

    /// Whether the address is taken by another process.
    package var isAddressInUse: Bool { self.code == EADDRINUSE }
    /// Whether the file system has no room left.
    package var isStorageFull: Bool { self.code == ENOSPC || self.code == EDQUOT }
}
