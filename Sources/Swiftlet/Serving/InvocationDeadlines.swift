// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// The deadlines of invocations, as the function and its handlers set them.
///
/// Confined to the loop's thread, like whoever owns it.
final class InvocationDeadlines {
    typealias Queue = DeadlineQueue<Invocation>

    /// For requests whose handler is not known yet, and for batches.
    let general: Queue
    /// Until a streamed answer begins; `nil` for no limit.
    let responseStart: Queue?
    /// Between two writes of a streamed answer; `nil` for no limit.
    let idle: Queue?
    private let handlers: [Queue]

    init(_ function: Function, settings: FunctionSettings, loop: EventLoop) {
        func queue(_ duration: Duration) -> Queue {
            Queue(loop: loop, duration: duration) { $0.timedOut() }
        }
        // An answer that is sent as a whole begins, and is written, when the handler is done.
        let times = [settings.timeout, settings.responseStartTimeout, settings.idleTimeout]
        let general = queue(times.compactMap(\.self).reduce(settings.timeout, min))
        let streaming = queue(settings.timeout)
        let streamingHandlers = Set(function.routes.filter(\.isStreaming).map(\.optionsIndex))
        self.handlers = function.options.enumerated().map { index, options in
            if let deadline = options.deadline { return queue(deadline) }
            return streamingHandlers.contains(index) ? streaming : general
        }
        self.general = general
        self.responseStart = settings.responseStartTimeout.map(queue)
        self.idle = settings.idleTimeout.map(queue)
    }

    /// For a handler.
    func queue(_ optionsIndex: Int) -> Queue { self.handlers[optionsIndex] }
}
