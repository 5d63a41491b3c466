// SPDX-License-Identifier: Apache-2.0

import Glibc
import Swiftlet

/// The programs that `make bench` runs: a function that echoes events, and the codec alone.
@main
struct Bench {
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        let steps = words.count == 3 ? Int(words[2]) ?? 0 : 0
        switch (words.first, words.dropFirst().first) {
        case ("echo", "loop"): EchoFunction.run(placement: .loop)
        case ("echo", "pool"): EchoFunction.run(placement: .pool)
        case ("codec", let path?) where steps > 0:
            CodecBenchmark.run(requestAt: path, batchSteps: steps)
        default:
            puts("usage: Bench echo loop|pool, or Bench codec REQUEST-FILE STEPS")
            exit(2)
        }
    }
}
