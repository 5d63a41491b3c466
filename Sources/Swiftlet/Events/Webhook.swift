// SPDX-License-Identifier: Apache-2.0

/// Who may deliver events by webhook, and how fast (HTTP 1.1 Web Hooks for Event Delivery 1.0.2).
///
/// A sender that keeps to the specification asks by `OPTIONS` before it delivers. The function
/// answers at once; it never calls a `WebHook-Request-Callback`, which is for receivers that need
/// a person to agree.
public struct Webhook: Sendable, Equatable {
    /// The origins that may deliver; empty when nobody may.
    let origins: [String]
    /// Deliveries a minute of each entry of ``origins``; `nil` when there is no limit.
    let ratePerMinute: Int?

    /// Nobody is granted anything, and `OPTIONS` is answered with 405; the default.
    public static let refuse = Webhook(origins: [], ratePerMinute: nil)

    /// Grants deliveries.
    ///
    /// - Parameters:
    ///   - origins: DNS names of senders, for example `"events.example.com"`; `"*.example.com"`
    ///     is every name below that domain, `"*"` everybody.
    ///   - rate: Deliveries a minute that each of them gets, at least 1; what exceeds it is
    ///     answered with 429 and `Retry-After`. `nil` for no limit, the default.
    /// - Returns: What to set ``Function/webhook`` to.
    public static func allow(origins: [String], rate: Int? = nil) -> Webhook {
        Webhook(origins: origins, ratePerMinute: rate.map { max(1, $0) })
    }

    /// Which entry allows an origin; DNS names have no case.
    func indexOfGrant(for origin: String) -> Int? {
        let origin = origin.lowercased()
        guard !origin.isEmpty else { return nil }
        return self.origins.firstIndex { entry in
            if entry == "*" { return true }
            let entry = entry.lowercased()
            guard entry.hasPrefix("*.") else { return entry == origin }
            return origin.hasSuffix(entry.dropFirst()) && origin.utf8.count >= entry.utf8.count
        }
    }
}
