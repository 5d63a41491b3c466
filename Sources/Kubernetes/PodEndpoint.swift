// SPDX-License-Identifier: Apache-2.0

package import EventLoop

/// A pod that takes requests.
package struct PodEndpoint: Sendable, Hashable {
    /// Names it: its `uid`, or its address where the slice names no pod.
    package var id: String
    /// The pod's name, for people.
    package var name: String
    /// Where it listens.
    package var address: SocketAddress

    /// Makes an endpoint.
    package init(id: String, name: String, address: SocketAddress) {
        self.id = id
        self.name = name
        self.address = address
    }
}
