// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTPClient

/// Keeps the number of a Deployment's pods at what is wanted.
///
/// `@unchecked Sendable`: belongs to the thread of the client's loop.
package final class DeploymentScale: @unchecked Sendable {
    private let client: KubernetesClient
    private let reference: DeploymentReference
    private var control = ReplicaControl()
    private var isSendQueued = false
    private var isStopped = false
    private var transfer: HTTPClientTransfer?
    private var timer = TimerID.none

    /// Makes one that wants nothing yet.
    package init(_ client: KubernetesClient, of reference: DeploymentReference) {
        self.client = client
        self.reference = reference
    }

    /// Whether the API server knows what is wanted; on the loop.
    package var isSettled: Bool { self.control.isSettled }

    /// Sets how many pods there should be; on the loop.
    ///
    /// The API server is told when this turn of the loop is over: what one event takes away and
    /// gives back again is never seen there.
    package func want(_ replicas: Int) {
        self.control.want(replicas)
        self.send()
    }

    /// Somebody else may have changed the number: it is set again; on the loop.
    package func doubt() {
        self.control.doubt()
        self.send()
    }

    /// Ends; on the loop.
    ///
    /// A request under way may still be carried out.
    package func stop() {
        self.isStopped = true
        self.client.loop.cancel(self.timer)
        self.transfer?.cancel()
        self.transfer = nil
    }

    private func send() {
        guard !self.isSendQueued, !self.isStopped else { return }
        self.isSendQueued = true
        self.client.loop.execute {
            self.isSendQueued = false
            self.sendNow()
        }
    }

    private func sendNow() {
        guard !self.isStopped, let replicas = self.control.nextRequest() else { return }
        let request = APIRequest.scale(self.reference, to: replicas)
        self.transfer = self.client.send(request) { [self] result in
            self.transfer = nil
            guard !self.isStopped else { return }
            switch result {
            case .success:
                self.control.succeeded()
                self.sendNow()
            case .failure(let error):
                self.rest(self.control.failed(error, jitter: .random(in: 0..<1)))
            }
        }
    }

    private func rest(_ duration: Duration) {
        self.timer = self.client.loop.schedule(after: duration) { [weak self] in
            guard let self else { return }
            self.control.rested()
            self.sendNow()
        }
    }
}
