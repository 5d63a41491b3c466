// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc
internal import HTTP
internal import Telemetry

/// What is answered in a function's place.
extension Revision {
    /// The answer to a request that was refused.
    func answer(to reason: RefusalReason) -> ProblemAnswer {
        let configuration = self.context.configuration
        var answer = ProblemAnswer(status: .serviceUnavailable, detail: "")
        answer.members = ["function": self.displayName]
        answer.retryAfter = .seconds(1)
        switch reason {
        case .queueFull:
            answer.detail =
                "The function \(self.displayName) has \(configuration.queueCountMax) requests "
                + "waiting already; try again later."
        case .queueBytesFull:
            answer.detail =
                "The requests that wait for the function \(self.displayName) hold as much memory "
                + "as they may; try again later."
        case .allQueuesFull:
            answer.detail =
                "The requests that wait for any function here are as many, or hold as much "
                + "memory, as may; try again later."
        case .queueTimedOut:
            answer.detail =
                "No instance of the function \(self.displayName) was free within "
                + "\(configuration.queueTimeout); try again later."
            if let failure = self.instances.compactMap(\.lastProbeFailure).last {
                answer.detail +=
                    " One that starts is not ready: the last probe \(failure)."
            }
        case .startsRest(let rest):
            answer.detail =
                "The function \(self.displayName) does not start: "
                + "\(self.totals.lastCrash ?? "its process ended")."
            answer.retryAfter = rest
        case .stopping:
            answer.detail = "The activator is shutting down."
        }
        return answer
    }

    /// The answer to a request whose body is longer than any may be.
    func answerToLongBody() -> ProblemAnswer {
        let most = self.context.configuration.bodyBytesMax
        var answer = ProblemAnswer(
            status: .contentTooLarge,
            detail: "The body is longer than \(most) bytes, the most that is taken here."
        )
        answer.members = ["function": self.displayName]
        return answer
    }

    /// The answer to a request that a function failed.
    func answer(
        to failure: UpstreamFailure,
        of instance: Instance,
        _ exit: ProcessExit?
    ) -> ProblemAnswer {
        var answer = ProblemAnswer(status: .badGateway, detail: "")
        answer.members = ["function": self.displayName, "instance": instance.name]
        answer.detail = "The function \(self.displayName) \(failure.explanation)"
        switch failure {
        case .timedOut:
            answer.status = .gatewayTimeout
            answer.detail += ": it may take \(self.spec.timeout) (timeoutSeconds)."
        case .refused:
            answer.status = .serviceUnavailable
            answer.retryAfter = .seconds(1)
            answer.detail += "; try again later."
        case .reset(let code):
            answer.grpcStatus = GRPCStatus(code)
            answer.detail += "."
        case .notConnected(let code) where code == EMFILE || code == ENFILE:
            answer.status = .serviceUnavailable
            answer.retryAfter = .seconds(1)
            answer.detail += "."
        default:
            let end = exit.map { ": \(self.crashText($0, instance.lastLines))" }
            answer.detail += "\(end ?? "")."
        }
        return answer
    }

    /// Notes a request that a function failed.
    func log(_ failure: UpstreamFailure, of instance: Instance, _ exit: ProcessExit?) {
        self.metrics.failed.increment()
        self.context.logger.warning(
            "A function failed a request.",
            [
                "instance": instance.name, "how": failure.explanation,
                "exit": exit?.description ?? "none",
            ]
        )
    }
}
