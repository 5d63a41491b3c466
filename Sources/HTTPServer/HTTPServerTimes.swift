// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// The times of an ``HTTPServerConfiguration`` that each request waits for, converted once.
struct HTTPServerTimes {
    let handshake: TimeSpan
    let header: TimeSpan
    let body: TimeSpan
    let write: TimeSpan
    let keepAlive: TimeSpan
    let tunnelIdle: TimeSpan
    let linger: TimeSpan

    init(_ configuration: HTTPServerConfiguration) {
        self.handshake = TimeSpan(configuration.handshakeTimeout)
        self.header = TimeSpan(configuration.headerTimeout)
        self.body = TimeSpan(configuration.bodyTimeout)
        self.write = TimeSpan(configuration.writeTimeout)
        self.keepAlive = TimeSpan(configuration.keepAliveTimeout)
        self.tunnelIdle = TimeSpan(configuration.tunnelIdleTimeout)
        self.linger = TimeSpan(configuration.lingerTimeout)
    }
}
