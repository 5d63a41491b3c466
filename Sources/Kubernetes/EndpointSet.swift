// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// All endpoints of a Service, put together from its slices.
///
/// A pod may be in two slices while it is moved from one to the other, and in one slice for each
/// family of addresses; it counts once.
struct EndpointSet {
    /// Most pods of a Service that are looked at.
    static let podsMax = 10_000

    private var slices: [String: EndpointSlice] = [:]

    /// Replaces all by what a list says.
    mutating func replace(with slices: [EndpointSlice]) {
        self.slices = Dictionary(slices.map { ($0.metadata.name, $0) }) { _, last in last }
    }

    /// Takes in a slice that is new or has changed.
    mutating func set(_ slice: EndpointSlice) { self.slices[slice.metadata.name] = slice }

    /// Forgets a slice.
    mutating func remove(_ slice: EndpointSlice) { self.slices[slice.metadata.name] = nil }

    /// The pods that take requests, in an order that depends on nothing but the slices.
    var ready: [PodEndpoint] {
        var found: [PodEndpoint] = []
        var known: Set<String> = []
        // IPv4 comes before IPv6.
        let ordered = self.slices.values.sorted {
            ($0.addressType ?? "", $0.metadata.name) < ($1.addressType ?? "", $1.metadata.name)
        }
        for slice in ordered {
            for endpoint in slice.endpoints ?? [] where Self.isReady(endpoint) {
                guard found.count < Self.podsMax, let pod = Self.pod(endpoint, in: slice),
                    known.insert(pod.id).inserted
                else { continue }
                found.append(pod)
            }
        }
        return found
    }

    /// A pod that ends may still serve, and a Service may publish what is not ready: neither gets
    /// new requests.
    private static func isReady(_ endpoint: EndpointSlice.Endpoint) -> Bool {
        let conditions = endpoint.conditions
        return conditions?.ready ?? true && conditions?.serving ?? true
            && !(conditions?.terminating ?? false)
    }

    private static func pod(
        _ endpoint: EndpointSlice.Endpoint,
        in slice: EndpointSlice
    ) -> PodEndpoint? {
        // All addresses of an endpoint mean the same pod.
        guard let host = endpoint.addresses.first, !host.isEmpty, let port = slice.port
        else { return nil }
        let text = slice.addressType == "IPv6" ? "[\(host)]:\(port)" : "\(host):\(port)"
        guard let address = SocketAddress(parsing: text) else { return nil }
        return PodEndpoint(
            id: endpoint.targetRef?.uid ?? text,
            name: endpoint.targetRef?.name ?? text,
            address: address
        )
    }
}
