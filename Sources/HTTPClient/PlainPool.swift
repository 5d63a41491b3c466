// SPDX-License-Identifier: Apache-2.0

import HTTP

/// The connections of a client on which HTTP is spoken here, busy and idle.
///
/// Belongs to the loop of its driver.
final class PlainPool {
    private let configuration: HTTPClientConfiguration
    /// All that are open.
    private(set) var connections: [PlainConnection] = []
    /// Those without a request, by authority; the one that was used last comes first.
    private var idle: [String: [PlainConnection]] = [:]
    private var idleCount = 0
    /// The URL that was read last: nearly always the next one as well.
    private var last: (url: String, target: PlainTarget?)?
    /// What is received is read into this first.
    let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 * 1024, alignment: 16)

    init(_ configuration: HTTPClientConfiguration) { self.configuration = configuration }

    deinit { self.scratch.deallocate() }

    /// Connections with a request.
    var carryingCount: Int { self.connections.count - self.idleCount }

    /// Where a request goes; `nil` when libcurl has to send it.
    func target(of request: HTTPClientRequest) -> PlainTarget? {
        guard self.configuration.speaksPlainHTTP, self.configuration.connectionsPerHostMax == 0,
            PlainRequest.isPossible(request)
        else { return nil }
        if let last = self.last, last.url == request.url { return last.target }
        let isSound = URLText.problem(request.url) == nil
        let target = isSound ? PlainTarget(request.url) : nil
        self.last = (request.url, target)
        return target
    }

    /// Takes over a connection, which is about to get its first request.
    func add(_ connection: PlainConnection) {
        connection.index = self.connections.count
        self.connections.append(connection)
    }

    /// A connection that may carry a request now.
    func takeIdle(to authority: String) -> PlainConnection? {
        guard let connection = self.idle[authority]?.popLast() else { return nil }
        self.idleCount -= 1
        return connection
    }

    /// Keeps a connection for the next request, unless there are enough.
    func becameIdle(_ connection: PlainConnection) {
        self.idleCount += 1
        self.idle[connection.authority, default: []].append(connection)
        guard self.idleCount > self.configuration.idleConnectionsMax else { return }
        connection.close()
    }

    /// Forgets a connection that was closed.
    func closed(_ connection: PlainConnection) {
        let last = self.connections.removeLast()
        if last !== connection {
            self.connections[connection.index] = last
            last.index = connection.index
        }
        guard var idle = self.idle[connection.authority] else { return }
        guard let index = idle.lastIndex(where: { $0 === connection }) else { return }
        idle.remove(at: index)
        self.idle[connection.authority] = idle.isEmpty ? nil : idle
        self.idleCount -= 1
    }
}
