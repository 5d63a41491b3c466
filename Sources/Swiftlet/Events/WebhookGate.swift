// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP
internal import Synchronization

/// Answers the handshake of webhooks, and holds deliveries to what was granted.
///
/// Only messages that name an origin pass here, so the lock is off the path of plain events.
final class WebhookGate: Sendable {
    private let webhook: Webhook
    private let buckets: Mutex<[TokenBucket]>

    init(_ webhook: Webhook) {
        self.webhook = webhook
        // Without a rate nothing is taken.
        let rate = max(1, webhook.ratePerMinute ?? 1)
        let bucket = TokenBucket(capacity: rate, interval: .seconds(60) / rate)
        self.buckets = Mutex(Array(repeating: bucket, count: webhook.origins.count))
    }

    /// Whether anybody is granted anything.
    var isOpen: Bool { !self.webhook.origins.isEmpty }

    /// The answer to `OPTIONS` (Web Hooks 1.0.2 section 4).
    ///
    /// sdk-go is followed: an origin that is not allowed gives 400, no webhooks at all 405.
    func handshake(_ fields: HTTPFields) -> Response {
        guard self.isOpen else {
            var response = Response.refusal(405, "this function takes no webhooks")
            response.headers["Allow"] = "POST"
            return response
        }
        guard let origin = fields["webhook-request-origin"], !origin.isEmpty else {
            return .refusal(400, "a handshake must carry the header WebHook-Request-Origin")
        }
        guard self.webhook.indexOfGrant(for: origin) != nil else {
            return .refusal(400, "this origin may not deliver events here")
        }
        var response = Response()
        response.headers["Allow"] = "POST"
        response.headers["WebHook-Allowed-Origin"] =
            self.webhook.origins.contains("*") ? "*" : origin
        // Always sent: it must be when the sender names a rate (section 4.2).
        response.headers["WebHook-Allowed-Rate"] = self.rate(asked: fields["webhook-request-rate"])
        return response
    }

    /// No more than the sender asks for, and no more than the function grants.
    private func rate(asked text: String?) -> String {
        guard let granted = self.webhook.ratePerMinute else { return "*" }
        guard let asked = text.flatMap({ Int($0) }), asked > 0 else { return String(granted) }
        return String(min(granted, asked))
    }

    /// Why a delivery is refused; `nil` when it may pass.
    ///
    /// Events without an origin come from senders that know no webhooks, and pass.
    func refusal(of fields: HTTPFields, now: MonotonicTime) -> Response? {
        guard self.isOpen, let origin = fields["webhook-request-origin"] else { return nil }
        guard let index = self.webhook.indexOfGrant(for: origin) else {
            return .refusal(400, "this origin may not deliver events here")
        }
        guard self.webhook.ratePerMinute != nil else { return nil }
        let delay = self.buckets.withLock { buckets -> Duration? in
            guard !buckets[index].takeIfAdmitted(at: now) else { return nil }
            return now.duration(to: buckets[index].admission(at: now))
        }
        guard let delay else { return nil }
        return .refusal(429, "deliveries come faster than was granted", retryAfter: delay)
    }
}
