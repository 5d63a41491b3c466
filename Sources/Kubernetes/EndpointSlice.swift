// SPDX-License-Identifier: Apache-2.0

/// What is read of `discovery.k8s.io/v1 EndpointSlice`: some of the endpoints of a Service.
struct EndpointSlice: Decodable, Equatable {
    struct Metadata: Decodable, Equatable {
        var name: String
        var resourceVersion: String?
    }

    struct Endpoint: Decodable, Equatable {
        var addresses: [String]
        var conditions: Conditions?
        var targetRef: Target?
    }

    /// What is not said is unknown: ready and serving count then, terminating does not.
    struct Conditions: Decodable, Equatable {
        var ready: Bool?
        var serving: Bool?
        var terminating: Bool?
    }

    /// The pod.
    struct Target: Decodable, Equatable {
        var name: String?
        var uid: String?
    }

    struct Port: Decodable, Equatable {
        var name: String?
        var port: Int?
        var `protocol`: String?
    }

    var metadata: Metadata
    var addressType: String?
    var endpoints: [Endpoint]?
    var ports: [Port]?

    /// The port that requests go to: one with a name that Knative gives to HTTP, else the first.
    var port: UInt16? {
        let usable = (self.ports ?? []).filter { $0.protocol ?? "TCP" == "TCP" }
        let named = usable.first { ["http1", "http", "h2c"].contains($0.name ?? "") }
        guard let number = (named ?? usable.first)?.port, number > 0 else { return nil }
        return UInt16(exactly: number)
    }
}

/// What is read of an answer to a list.
struct EndpointSliceList: Decodable {
    struct Metadata: Decodable {
        var resourceVersion: String?
        /// Names the next page.
        var `continue`: String?
    }

    var metadata: Metadata
    var items: [EndpointSlice]?
}
