// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import HTTPClient
internal import Telemetry

/// Tells an activator in another process of the lag of one source.
///
/// A report is a state and not a change, so there is one under way and at most one that waits: the
/// newest. One that is lost is made up for by the next, or stops to count after a while.
/// `@unchecked Sendable`: its variables belong to the loop of its client.
final class LagSender: @unchecked Sendable {
    /// How long an activator may take to answer.
    private static let timeout = Duration.seconds(5)

    private enum Trouble {
        case failure
        case unknownFunction
    }

    private let client: HTTPClient
    private let url: String
    private let logger: Logger
    private var isSending = false
    private var waiting: LagReport?
    /// Why the last report did not count; `nil` if it did.
    private var trouble: Trouble?

    /// Makes a sender to an admin port, for example `http://127.0.0.1:9090`.
    init(to url: String, client: HTTPClient, logger: Logger) {
        self.url = (url.hasSuffix("/") ? String(url.dropLast()) : url) + LagReport.path
        self.client = client
        self.logger = logger
    }

    /// Sends a report; on the client's loop.
    func send(_ report: LagReport) {
        guard !self.isSending else {
            self.waiting = report
            return
        }
        self.isSending = true
        let request = HTTPClientRequest(
            method: .post,
            url: self.url,
            fields: ["Content-Type": "application/json"],
            body: .bytes(report.json),
            timeout: Self.timeout,
            responseBytesMax: LagReport.bytesMax
        )
        self.client.start(request) { [self] result in
            self.isSending = false
            self.note(result)
            if let next = self.waiting.take() { self.send(next) }
        }
    }

    /// Logs the first of a row of the same trouble.
    private func note(_ result: Result<HTTPClientResponse, HTTPClientError>) {
        let failure: String? =
            switch result {
            case .success(let answer) where answer.status.isSuccess: nil
            case .success(let answer): "\(self.url) answered \(answer.status)"
            case .failure(let error): "\(error)"
            }
        var isUnknown = false
        if case .success(let answer) = result { isUnknown = answer.status == .notFound }
        let trouble = failure.map { _ in isUnknown ? Trouble.unknownFunction : .failure }
        defer { self.trouble = trouble }
        guard let failure, trouble != self.trouble else { return }
        if isUnknown {
            // Its manifests may come later than ours, or never: the events go on in any case.
            self.logger.info("The activator does not serve the function.", ["answer": failure])
        } else {
            self.logger.warning("The activator cannot be told of the lag.", ["error": failure])
        }
    }
}
