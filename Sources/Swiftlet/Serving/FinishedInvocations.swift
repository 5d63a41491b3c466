// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Synchronization

/// Invocations whose answers came from other threads, and go out on the loop together.
final class FinishedInvocations: Sendable {
    private let loop: EventLoop
    private let list = Mutex<[Finished]>([])

    private struct Finished: Sendable {
        let invocation: Invocation
        let response: Response
    }

    init(loop: EventLoop) { self.loop = loop }

    /// Lets an invocation send its answer; any thread.
    func add(_ invocation: Invocation, _ response: consuming Response) {
        let finished = Finished(invocation: invocation, response: response)
        let isFirst = self.list.withLock { list in
            list.append(finished)
            return list.count == 1
        }
        if isFirst { self.loop.executeSoon { self.sendAnswers() } }
    }

    private func sendAnswers() {
        var list: [Finished] = []
        self.list.withLock { swap(&$0, &list) }
        for finished in list { finished.invocation.sendAnswer(finished.response) }
    }
}
