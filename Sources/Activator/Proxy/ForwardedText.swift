// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP

/// The names of clients as `X-Forwarded-For` and `Forwarded` write them (RFC 7239).
///
/// Most requests come from the peer and for the host of the one before, and bring no such fields:
/// what is added to those is kept ready.
struct ForwardedText {
    /// Whose client and host ``lines`` are for.
    private var lastPeer: SocketAddress?
    private var lastHost: [UInt8] = []
    private var lines: [UInt8] = []

    /// The address of a peer, without its port.
    static func address(of peer: SocketAddress) -> [UInt8] {
        if case .unix = peer { return Array("unknown".utf8) }
        return Array(peer.host.utf8)
    }

    /// The lines that are added to a request which has none of them.
    mutating func lines(
        peer: SocketAddress,
        host: ArraySlice<UInt8>,
        proto: String
    ) -> [UInt8] {
        if self.isLast(peer), self.lastHost[...] == host { return self.lines }
        let client = Self.address(of: peer)
        self.lines = Self.lines(
            list: client,
            host: host,
            proto: Array(proto.utf8)[...],
            hasHost: false,
            hasProto: false,
            hasForwarded: false
        )
        self.lastPeer = peer
        self.lastHost = Array(host)
        return self.lines
    }

    private func isLast(_ peer: SocketAddress) -> Bool {
        switch (peer, self.lastPeer) {
        case (.ipv4(let address, _), .ipv4(let last, _)?): address == last
        case (.ipv6(let address, _), .ipv6(let last, _)?): address == last
        default: false
        }
    }

    /// The lines for a request that has some of them.
    ///
    /// - Parameters:
    ///   - list: The value of `X-Forwarded-For`, the peer at its end.
    ///   - host: The host as the client wrote it.
    ///   - proto: `http` or `https`, as the client used it.
    ///   - hasHost: Whether `X-Forwarded-Host` is there already.
    ///   - hasProto: Whether `X-Forwarded-Proto` is there already.
    ///   - hasForwarded: Whether `Forwarded` is there already.
    /// - Returns: Whole lines.
    static func lines(
        list: [UInt8],
        host: ArraySlice<UInt8>,
        proto: ArraySlice<UInt8>,
        hasHost: Bool,
        hasProto: Bool,
        hasForwarded: Bool
    ) -> [UInt8] {
        var lines = Array("X-Forwarded-For: ".utf8) + list + "\r\n".utf8
        if !hasHost { lines += Array("X-Forwarded-Host: ".utf8) + host + "\r\n".utf8 }
        if !hasProto { lines += Array("X-Forwarded-Proto: ".utf8) + proto + "\r\n".utf8 }
        guard !hasForwarded else { return lines }
        lines += "Forwarded: ".utf8
        self.append(list: list[...], host: host, proto: proto, to: &lines)
        return lines + "\r\n".utf8
    }

    /// Appends the elements of a `Forwarded` field for a list as `X-Forwarded-For` has it; the
    /// first one names host and protocol too, as Knative's queue-proxy does.
    static func append(
        list: ArraySlice<UInt8>,
        host: ArraySlice<UInt8>,
        proto: ArraySlice<UInt8>,
        to output: inout [UInt8]
    ) {
        var isFirst = true
        for part in list.split(separator: UInt8(ascii: ",")) {
            let node = HTTPText.trim(part)
            guard !node.isEmpty else { continue }
            output.append(contentsOf: isFirst ? "for=".utf8 : ", for=".utf8)
            self.append(node: node, to: &output)
            guard isFirst else { continue }
            isFirst = false
            if !host.isEmpty {
                output.append(contentsOf: ";host=".utf8)
                self.append(value: host, to: &output)
            }
            output.append(contentsOf: ";proto=".utf8)
            self.append(value: proto, to: &output)
        }
    }

    /// An address of IPv6 stands in brackets and quotes (RFC 7239 section 6).
    private static func append(node: ArraySlice<UInt8>, to output: inout [UInt8]) {
        let isBareIPv6 =
            node.first != UInt8(ascii: "[")
            && node.count { $0 == UInt8(ascii: ":") } > 1
        guard isBareIPv6 else { return self.append(value: node, to: &output) }
        output.append(contentsOf: "\"[".utf8)
        self.appendEscaped(node, to: &output)
        output.append(contentsOf: "]\"".utf8)
    }

    /// A token as it is, all else in quotes: a host with its port is no token.
    private static func append(value: ArraySlice<UInt8>, to output: inout [UInt8]) {
        guard !HTTPText.isToken(value) else {
            output.append(contentsOf: value)
            return
        }
        output.append(UInt8(ascii: "\""))
        self.appendEscaped(value, to: &output)
        output.append(UInt8(ascii: "\""))
    }

    private static func appendEscaped(_ value: ArraySlice<UInt8>, to output: inout [UInt8]) {
        for byte in value {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                output.append(UInt8(ascii: "\\"))
            }
            output.append(byte)
        }
    }
}
