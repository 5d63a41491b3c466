// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP

/// A request that is answered with 200 to 399, as the manifest's `httpGet` asks for.
///
/// Belongs to the loop's thread.
final class ReadinessRequest: TellingReadinessAttempt, EventHandler {
    /// Most bytes that are looked at for a status line.
    private static let statusLineBytesMax = 512

    private let loop: EventLoop
    private let request: [UInt8]
    private var fd: Int32
    private var isSent = false
    private var received: [UInt8] = []
    var done: ((ReadinessFinding) -> Void)?

    /// Begins to connect.
    ///
    /// - Throws: `SystemError` when there can be no socket.
    init(
        _ path: String,
        _ headers: [RevisionSpec.ReadinessProbe.Header],
        to address: SocketAddress,
        loop: EventLoop
    ) throws {
        self.loop = loop
        self.request = Self.request(path, headers, address)
        self.fd = try Socket.connect(to: address)
    }

    /// What a kubelet would send.
    private static func request(
        _ path: String,
        _ headers: [RevisionSpec.ReadinessProbe.Header],
        _ address: SocketAddress
    ) -> [UInt8] {
        let path = path.hasPrefix("/") ? path : "/\(path)"
        var fields = HTTPFields()
        for header in headers { fields.append(header.name, header.value) }
        if !fields.contains("host") { fields.append("Host", "\(address)") }
        if !fields.contains("user-agent") { fields.append("User-Agent", "kube-probe/swiftlet") }
        fields.append("Connection", "close")
        let head = HTTPRequestHead(method: .get, target: path, fields: fields)
        var bytes: [UInt8] = []
        // A field that cannot be written makes a request that no server takes for ready.
        try? HTTPEncoder.append(head, to: &bytes)
        return bytes
    }

    func start(_ done: @escaping (ReadinessFinding) -> Void) {
        self.done = done
        do {
            try self.loop.register(self.fd, for: .writable, handler: self)
        } catch {
            self.finish(.notReady("failed: \(error)"))
        }
    }

    func handleEvents(_ events: IOEvents) {
        guard self.fd >= 0 else { return }
        guard self.isSent else { return self.send() }
        withUnsafeTemporaryAllocation(byteCount: Self.statusLineBytesMax, alignment: 16) { buffer in
            switch Socket.read(self.fd, into: buffer) {
            case .count(let count): self.received.append(contentsOf: buffer[0..<count])
            case .wouldBlock: return
            case .end, .failed: return self.finish(.notReady("was not answered"))
            }
            guard let status = Self.status(in: self.received) else { return }
            let isReady = (200..<400).contains(status)
            self.finish(isReady ? .ready : .notReady("was answered with \(status)"))
        }
    }

    private func send() {
        let code = Socket.takeError(of: self.fd)
        guard code == 0 else {
            return self.finish(.notReady("failed: \(SystemError("connect", code: code))"))
        }
        // What does not fit into an empty socket in one piece is no request of a probe.
        guard !self.request.isEmpty,
            case .count(let count) = self.request.withUnsafeBytes({
                Socket.write(self.fd, from: $0)
            }), count == self.request.count
        else { return self.finish(.notReady("could not be sent")) }
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

    func close() {
        guard self.fd >= 0 else { return }
        self.loop.deregister(self.fd)
        Socket.close(self.fd)
        self.fd = -1
    }
}
