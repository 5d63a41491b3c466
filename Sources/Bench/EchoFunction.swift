// SPDX-License-Identifier: Apache-2.0

import Swiftlet

/// What an author would write: every event goes back as it came, and `/` answers GET.
enum EchoFunction {
    static func run(placement: Function.Placement) {
        var function = Function(placement: placement)
        function.on("*") { (event: CloudEvent, _: Context) -> CloudEvent? in event }
        function.get("/") { _, _ in .text("hello\n") }
        function.run(arguments: [])
    }
}
