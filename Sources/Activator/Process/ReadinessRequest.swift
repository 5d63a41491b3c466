// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP

/// Asks a program that is starting whether it is ready, as the manifest's `readinessProbe` says.
///
/// One try at a time, at intervals that double up to ``intervalMax``. A program with an inherited
/// socket gets the first try as soon as it listens to it, so nothing is polled unless it answers
/// that it is not ready. Belongs to the loop's thread.
final class ReadinessRequest: EventHandler {
    private static let intervalMin = Duration.milliseconds(1)
    /// As often as Knative's queue-proxy tries.
    static let intervalMax = Duration.milliseconds(50)
    /// Most bytes that are looked at for a status line.
    private static let statusLineBytesMax = 512

    private let loop: EventLoop
    private let address: SocketAddress
    private let probe: RevisionSpec.ReadinessProbe
    private let request: [UInt8]
    private var ready: (() -> Void)?
    private var interval = ReadinessRequest.intervalMin
    private var timer = TimerID.none
    private var fd: Int32 = -1
    private var isSent = false
    private var received: [UInt8] = []
    private var successCount = 0

    /// Makes a probe; `ready` is called once, when it has succeeded often enough.
    init(
        _ probe: RevisionSpec.ReadinessProbe,
        loop: EventLoop,
        address: SocketAddress,
        ready: @escaping () -> Void
    ) {
        self.probe = probe
        self.loop = loop
        self.address = address
        self.ready = ready
        self.request = Self.request(probe, address)
    }

    /// What a kubelet would send.
    private static func request(
        _ probe: RevisionSpec.ReadinessProbe,
        _ address: SocketAddress
    ) -> [UInt8] {
        let path = probe.path.hasPrefix("/") ? probe.path : "/\(probe.path)"
        var fields = HTTPFields()
        for header in probe.headers { fields.append(header.name, header.value) }
        if !fields.contains("host") { fields.append("Host", "\(address)") }
        if !fields.contains("user-agent") { fields.append("User-Agent", "kube-probe/swiftlet") }
        fields.append("Connection", "close")
        let head = HTTPRequestHead(method: .get, target: path, fields: fields)
        var bytes: [UInt8] = []
        // A field that cannot be written makes a request that no server takes for ready.
        try? HTTPEncoder.append(head, to: &bytes)
        return bytes
    }

    /// Tries until it succeeds or is cancelled.
    func start() {
        self.timer = self.loop.schedule(after: self.probe.initialDelay) { [weak self] in
            self?.attempt()
        }
    }

    private func attempt() {
        guard self.ready != nil else { return }
        self.isSent = false
        self.received.removeAll(keepingCapacity: true)
        do {
            self.fd = try Socket.connect(to: self.address)
            try self.loop.register(self.fd, for: .writable, handler: self)
        } catch {
            return self.again()
        }
        self.timer = self.loop.schedule(after: self.probe.timeout) { [weak self] in
            self?.again()
        }
    }

    func handleEvents(_ events: IOEvents) {
        guard self.fd >= 0 else { return }
        guard self.isSent else { return self.send() }
        withUnsafeTemporaryAllocation(byteCount: Self.statusLineBytesMax, alignment: 16) { buffer in
            switch Socket.read(self.fd, into: buffer) {
            case .count(let count): self.received.append(contentsOf: buffer[0..<count])
            case .wouldBlock: return
            case .end, .failed: return self.again()
            }
            if let status = Self.status(in: self.received) { self.answered(status) }
        }
    }

    private func send() {
        guard Socket.takeError(of: self.fd) == 0, !self.request.isEmpty,
            case .count(let count) = self.request.withUnsafeBytes({
                Socket.write(self.fd, from: $0)
            }), count == self.request.count
        else { return self.again() }
        self.isSent = true
        self.loop.modify(self.fd, for: .readable)
    }

    /// The status of an answer of which at least `HTTP/1.1 200` has come.
    static func status(in bytes: [UInt8]) -> Int? {
        guard bytes.count >= 12, bytes.starts(with: "HTTP/1.".utf8),
            bytes[8] == UInt8(ascii: " ")
        else { return bytes.count >= 12 ? 0 : nil }
        return Int(String(decoding: bytes[9..<12], as: UTF8.self)) ?? 0
    }

    private func answered(_ status: Int) {
        guard (200..<400).contains(status) else {
            self.successCount = 0
            return self.again()
        }
        self.successCount += 1
        guard self.successCount >= self.probe.successThreshold else { return self.again() }
        let ready = self.ready.take()
        self.cancel()
        ready?()
    }

    private func again() {
        self.closeSocket()
        self.loop.cancel(self.timer)
        self.timer = self.loop.schedule(after: self.interval) { [weak self] in self?.attempt() }
        self.interval = min(self.interval * 2, Self.intervalMax)
    }

    private func closeSocket() {
        guard self.fd >= 0 else { return }
        self.loop.deregister(self.fd)
        Socket.close(self.fd)
        self.fd = -1
    }

    /// Tries no more.
    func cancel() {
        self.ready = nil
        self.loop.cancel(self.timer)
        self.closeSocket()
    }
}
