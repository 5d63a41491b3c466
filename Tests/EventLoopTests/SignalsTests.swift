// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import Testing

@Suite("Signals", .timeLimit(.minutes(1)))
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
                let isComplete = try await TestThread.run {
                    kill(getpid(), SIGUSR1)
                    guard semaphore.wait(seconds: 2) else { 
                       var b = [UInt8](repeating: 0, count: 20000); let f = open("/proc/self/status", O_RDONLY); let n = read(f, &b, 20000)
                       write(2, b, n)
                       return false }
                    raise(SIGTERM)
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
