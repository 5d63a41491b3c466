// SPDX-License-Identifier: Apache-2.0

import Glibc
import Swiftlet
import Synchronization

/// Prints every event that it gets to standard output, and answers with 200.
@main
struct EventDisplayMain {
    /// Events are printed one after the other, however many come at once.
    private static let output = Mutex(())

    static func main() {
        var function = Function()
        function.on("*") { event, _ in
            let text = EventText.make(event)
            Self.output.withLock { _ in Self.write(text) }
        }
        function.get("/healthz") { _, _ in Response(status: 204) }
        function.run()
    }

    private static func write(_ text: [UInt8]) {
        var rest = text[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                return
            }
        }
    }
}
