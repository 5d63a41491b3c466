// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Synchronization

/// Invocations whose answers came from other threads, and go out on the loop together.
final class FinishedInvocations: Sendable {
    private let loop: EventLoop
    private let list = Mutex<[Invocation]>([])

    init(loop: EventLoop) { self.loop = loop }

    /// Lets an invocation send the answer that it holds; any thread.
    func add(_ invocation: Invocation) {
        let isFirst = self.list.withLock { list in
            list.append(invocation)
            return list.count == 1
        }
        if isFirst { self.loop.executeSoon { self.sendAnswers() } }
    }

    private func sendAnswers() {
        var list: [Invocation] = []
        self.list.withLock { swap(&$0, &list) }
        for invocation in list { invocation.sendAnswer() }
    }
}
