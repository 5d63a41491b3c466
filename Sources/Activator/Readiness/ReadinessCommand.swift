// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// A command that is run beside an instance, as the manifest's `exec` asks for.
///
/// Ready is an exit with 0. One that is given up is killed, with all that it started. Belongs to
/// the loop's thread.
final class ReadinessCommand: ReadinessAttempt {
    private let plan: InstanceProcess.Plan
    private let loop: EventLoop
    private let line: (String) -> Void
    private let ended: () -> Void
    private var process: InstanceProcess?

    /// Makes a try.
    ///
    /// - Parameters:
    ///   - plan: The command, and how the instance itself is run.
    ///   - loop: The loop whose thread this is.
    ///   - line: Told each line that it writes.
    ///   - ended: Called when its process is gone, also of one that was given up.
    init(
        _ plan: InstanceProcess.Plan,
        loop: EventLoop,
        line: @escaping (String) -> Void,
        ended: @escaping () -> Void
    ) {
        self.plan = plan
        self.loop = loop
        self.line = line
        self.ended = ended
    }

    func start(_ done: @escaping (ReadinessFinding) -> Void) {
        do {
            self.process = try InstanceProcess(
                self.plan,
                on: self.loop,
                line: { [line] _, text in line(text) },
                exited: { [weak self, ended] exit in
                    ended()
                    guard let self, self.process.take() != nil else { return }
                    done(exit == .code(0) ? .ready : .notReady(exit.description))
                }
            )
        } catch {
            self.ended()
            done(.notReady("could not be started: \(error)"))
        }
    }

    /// The loop keeps the process until it was awaited.
    func cancel() { self.process.take()?.kill() }
}
