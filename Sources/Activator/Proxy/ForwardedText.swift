// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP

/// The names of clients as `X-Forwarded-For` and `Forwarded` write them (RFC 7239).
struct ForwardedText {
    private var lastAddress: SocketAddress?
    private var lastBytes: [UInt8] = []

    /// The address of a peer, without its port; the last one is kept ready.
    mutating func address(of peer: SocketAddress) -> [UInt8] {
        switch (peer, self.lastAddress) {
        case (.ipv4(let address, _), .ipv4(let last, _)?) where address == last:
            return self.lastBytes
        case (.ipv6(let address, _), .ipv6(let last, _)?) where address == last:
            return self.lastBytes
        case (.unix, _):
            return Array("unknown".utf8)
        default:
            self.lastAddress = peer
            self.lastBytes = Array(peer.host.utf8)
            return self.lastBytes
        }
    }

    /// Appends the elements of a `Forwarded` field for a list as `X-Forwarded-For` has it; the first
    /// one names host and protocol too, as Knative's queue-proxy does.
    static func append(
        list: ArraySlice<UInt8>,
        host: ArraySlice<UInt8>?,
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
            if let host, !host.isEmpty {
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
