// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import FoundationEssentials
internal import HTTPClient

/// Follows the endpoints of a Service: lists them, and hears of each change from there.
///
/// `@unchecked Sendable`: belongs to the thread of the client's loop.
package final class EndpointWatch: @unchecked Sendable {
    /// How long the server is asked to keep a watch, by chance.
    ///
    /// A connection that broke without a word is noticed this late at worst.
    static let watchSeconds = 60..<90
    /// How much later than asked for the server may end it.
    static let watchGrace = Duration.seconds(10)

    private let client: KubernetesClient
    private let reference: DeploymentReference
    /// Told the pods that take requests, after the first list and whenever they change.
    private var changed: (([PodEndpoint]) -> Void)?
    /// Told that all was listed anew: changes may have been missed.
    private let relisted: () -> Void

    private var plan = WatchPlan()
    private var endpoints = EndpointSet()
    private var told: [PodEndpoint]?
    private var lines = WatchLines()
    private var watchedAt = MonotonicTime(nanoseconds: 0)
    private var transfer: HTTPClientTransfer?
    private var timer = TimerID.none

    /// Makes a watch that asks for nothing yet.
    package init(
        _ client: KubernetesClient,
        of reference: DeploymentReference,
        relisted: @escaping () -> Void = {},
        changed: @escaping ([PodEndpoint]) -> Void
    ) {
        self.client = client
        self.reference = reference
        self.relisted = relisted
        self.changed = changed
    }

    /// Begins; on the loop.
    package func start() { self.perform(.list) }

    /// Ends, and tells nothing any more; on the loop.
    package func stop() {
        self.changed = nil
        self.client.loop.cancel(self.timer)
        self.transfer?.cancel()
        self.transfer = nil
    }

    private var isStopped: Bool { self.changed == nil }
    private var jitter: Double { .random(in: 0..<1) }

    private func perform(_ step: WatchPlan.Step) {
        guard !self.isStopped else { return }
        self.transfer = nil
        switch step {
        case .list: self.list(continuing: nil, [])
        case .watch(let version): self.watch(since: version)
        case .wait(let duration):
            self.timer = self.client.loop.schedule(after: duration) { [weak self] in
                guard let self else { return }
                self.perform(self.plan.waited())
            }
        }
    }

    private func failed(_ error: KubernetesError) {
        guard !self.isStopped else { return }
        self.perform(self.plan.failed(error, jitter: self.jitter))
    }

    // MARK: List

    private func list(continuing token: String?, _ before: [EndpointSlice]) {
        let request = APIRequest.listEndpointSlices(of: self.reference, continuing: token)
        self.transfer = self.client.send(request) { [self] result in
            guard !self.isStopped else { return }
            switch result {
            case .success(let body): self.received(page: body, before, request)
            case .failure(let error): self.failed(error)
            }
        }
    }

    private func received(page: [UInt8], _ before: [EndpointSlice], _ request: APIRequest) {
        guard let list = try? JSONDecoder().decode(EndpointSliceList.self, from: Data(page)),
            let version = list.metadata.resourceVersion
        else {
            let error = KubernetesError(
                .malformed,
                "the API server's answer is no list: cannot \(request.purpose)"
            )
            self.client.note(error, purpose: request.purpose)
            return self.failed(error)
        }
        let slices = before + (list.items ?? [])
        if let next = list.metadata.continue, !next.isEmpty, slices.count < EndpointSet.podsMax {
            return self.list(continuing: next, slices)
        }
        self.endpoints.replace(with: slices)
        let isFirst = self.told == nil
        self.tell()
        if !isFirst { self.relisted() }
        self.perform(self.plan.listed(at: version))
    }

    private func tell() {
        let ready = self.endpoints.ready
        guard ready != self.told else { return }
        self.told = ready
        self.changed?(ready)
    }

    // MARK: Watch

    private func watch(since version: String) {
        let seconds = Int.random(in: Self.watchSeconds)
        let request = APIRequest.watchEndpointSlices(
            of: self.reference,
            since: version,
            seconds: seconds
        )
        self.lines = WatchLines()
        self.watchedAt = self.client.loop.now
        var failure: KubernetesError?
        self.transfer = self.client.stream(
            request,
            timeout: .seconds(seconds) + Self.watchGrace,
            receive: { [self] bytes in
                guard failure == nil, !self.isStopped else { return }
                failure = self.failure(of: bytes, request)
                if failure != nil { self.transfer?.cancel() }
            },
            { [self] result in
                guard !self.isStopped else { return }
                if let failure { return self.failed(failure) }
                switch result {
                case .success: self.ended()
                case .failure(let error): self.failed(error)
                }
            }
        )
    }

    private func ended() {
        let duration = self.watchedAt.duration(to: self.client.loop.now)
        self.perform(self.plan.ended(after: duration, jitter: self.jitter))
    }

    /// Takes in what a watch sent; what is wrong with it, if anything is.
    private func failure(of bytes: [UInt8], _ request: APIRequest) -> KubernetesError? {
        do throws(KubernetesError) {
            for line in try self.lines.append(bytes) {
                guard let event = try WatchEvent.parse(line) else { continue }
                try self.take(event, request)
            }
            self.tell()
            return nil
        } catch {
            self.client.note(error, purpose: request.purpose)
            return error
        }
    }

    private func take(_ event: WatchEvent, _ request: APIRequest) throws(KubernetesError) {
        switch event {
        case .set(let slice):
            self.endpoints.set(slice)
            if let version = slice.metadata.resourceVersion { self.plan.advanced(to: version) }
        case .removed(let slice):
            self.endpoints.remove(slice)
            if let version = slice.metadata.resourceVersion { self.plan.advanced(to: version) }
        case .bookmark(let version):
            self.plan.advanced(to: version)
        case .failed(let code, let message):
            throw KubernetesError(code: code, reason: message, purpose: request.purpose)
        }
    }
}
