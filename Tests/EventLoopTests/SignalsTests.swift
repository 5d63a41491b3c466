// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import TestSupport
import Testing

@Suite("Signals", .timeLimit(.minutes(5)))
struct SignalsTests {
    @Test("arrive on the loop, whichever thread is hit")
    func arrive() async {
        await #expect(processExitsWith: .success) {
            try await withLoop { loop in
                let received = Recorder<Int32>()
                let semaphore = Semaphore()
                try await loop.run {
                    _ = try Signals([SIGUSR1, SIGTERM], on: loop) { number in
                        precondition(loop.isCurrent)
                        received.append(number)
                        semaphore.signal()
                    }
                }
                // Sent to the process: the threads of the runtime's pool keep signals out.
                let isComplete = try await TestThread.run {
                    kill(getpid(), SIGUSR1)
                    guard semaphore.wait() else { return false }
                    kill(getpid(), SIGTERM)
                    return semaphore.wait()
                }
                precondition(isComplete)
                precondition(received.values == [SIGUSR1, SIGTERM])
            }
        }
    }

    @Test("writing to a closed pipe is an error and not the end")
    func brokenPipe() async {
        await #expect(processExitsWith: .success) {
            Signals.ignoreBrokenPipes()
            let pipe = Pipe()
            close(pipe.readEnd)
            var byte: UInt8 = 0
            precondition(write(pipe.writeEnd, &byte, 1) == -1 && errno == EPIPE)
        }
    }
}
