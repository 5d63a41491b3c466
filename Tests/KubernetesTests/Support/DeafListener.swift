// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc

/// A port where connections are never made, as at a node that is gone: its queue is full.
final class DeafListener: Sendable {
    /// More than a queue of one holds.
    private static let fillCount = 4

    let port: UInt16
    private let descriptors: [Int32]

    init(port: UInt16 = 0) throws {
        let listener = try Socket.listen(on: .ipv4Loopback(port: port))
        // The last word about the length of the queue counts.
        Glibc.listen(listener, 0)
        let address = try Socket.localAddress(of: listener)
        self.port = address.port
        var descriptors = [listener]
        for _ in 0..<Self.fillCount { descriptors.append(try Socket.connect(to: address)) }
        self.descriptors = descriptors
    }

    func close() { for descriptor in self.descriptors { Socket.close(descriptor) } }
}
