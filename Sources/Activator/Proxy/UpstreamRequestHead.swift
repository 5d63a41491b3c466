// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import EventLoop
internal import HTTP

/// Writes the head of a request as the function sees it.
///
/// User fields pass unchanged and in order. Fields that belong to one connection stay behind
/// (RFC 9110 section 7.6.1), as do those by which Knative's own parts find a revision. Among the
/// former is `Upgrade`, which is written anew when the client can be taken along. What a proxy adds
/// follows at the end; its `Via` so stands behind those of others (RFC 9110 section 7.6.3). The
/// server's parser has checked every byte that is copied here.
struct UpstreamRequestHead {
    /// The request as it came.
    let head: HTTPRequestHead
    /// What was gathered of it.
    let traits: RequestTraits
    /// Where the request came from.
    let peer: SocketAddress
    /// `http`, or `https` where the server speaks TLS.
    let proto: String
    /// Stands in for a `Host` that a client of HTTP/1.0 did not send.
    let hostDefault: [UInt8]
    /// Whether the function is asked to switch protocols, as the client wishes.
    var isUpgrade = false
    /// Whether the function is told that trailers will be read (RFC 9110 section 10.1.4).
    var takesTrailers = false

    /// Most that the proxy's own lines have besides what is counted for each request.
    private static let ownBytesMax = 256

    /// Appends request line and fields with their final empty line.
    func append(
        to output: inout [UInt8],
        forwarded: inout ForwardedText,
        trace: inout TraceParent
    ) {
        let host = self.host
        let lines =
            self.traits.isForwarded
            ? self.forwardedLines(host)
            : forwarded.lines(peer: self.peer, host: host, proto: self.proto)
        let nominated = self.traits.nominatesFields ? self.nominated : []
        let method = self.head.method.rawValue
        let roomMax =
            self.traits.headBytes + method.utf8.count + host.count + lines.count
            + (self.traits.upgrade?.count ?? 0) + Self.ownBytesMax
        // All in one piece, whose room is made once.
        output.append(addingCapacity: roomMax) { output in
            output.append(method.utf8.span)
            self.appendTarget(to: &output)
            output.append(" HTTP/1.1\r\nHost: ")
            output.append(host.span)
            output.append("\r\n")
            self.appendUserFields(without: nominated, to: &output)
            self.appendFraming(to: &output)
            output.append(lines.span)
            output.append(self.via)
            self.appendForwardsLeft(to: &output)
            if self.takesTrailers { output.append("TE: trailers\r\n") }
            if !self.traits.hasTrace { trace.appendLine(to: &output) }
            if self.isUpgrade, let upgrade = self.traits.upgrade {
                output.append("Connection: Upgrade\r\nUpgrade: ")
                output.append(upgrade.span)
                output.append("\r\n")
            }
            output.append("\r\n")
        }
    }

    /// Says in which version the request came, and who forwards it.
    private var via: StaticString {
        switch self.head.version {
        case .http10: "Via: 1.0 swiftlet\r\n"
        case .http11: "Via: 1.1 swiftlet\r\n"
        case .http2: "Via: 2.0 swiftlet\r\n"
        }
    }

    private func appendForwardsLeft(to output: inout OutputSpan<UInt8>) {
        guard let count = self.traits.forwardsLeft else { return }
        output.append("Max-Forwards: ")
        Self.append(decimal: max(0, count - 1), to: &output)
        output.append("\r\n")
    }

    private func appendTarget(to output: inout OutputSpan<UInt8>) {
        output.append(0x20)
        if self.isOriginForm {
            output.append(self.head.target.utf8.span)
        } else {
            output.append([UInt8](self.head.originForm.utf8).span)
        }
    }

    private var isOriginForm: Bool { self.head.target.utf8.first == UInt8(ascii: "/") }

    /// An absolute target names the host (RFC 9112 section 3.2.2), else the field does.
    private var host: ArraySlice<UInt8> {
        guard !self.isOriginForm, self.head.target != "*", let authority = self.head.authority
        else { return self.traits.host ?? self.hostDefault[...] }
        return Array(authority.utf8)[...]
    }

    private func appendUserFields(
        without nominated: Set<[UInt8]>,
        to output: inout OutputSpan<UInt8>
    ) {
        self.head.fields.forEachSpan { name, value in
            guard self.mustPass(RequestField(name)) else { return }
            if !nominated.isEmpty, nominated.contains(Self.lowercased(name)) { return }
            output.append(name)
            output.append(UInt8(ascii: ":"))
            output.append(0x20)
            output.append(value)
            output.append(0x0D)
            output.append(0x0A)
        }
    }

    /// Whether a field goes to the function as it is.
    private func mustPass(_ field: RequestField) -> Bool {
        switch field {
        case .other, .userAgent, .probe, .forwarded, .forwardedHost, .forwardedProto: true
        case .maxForwards: self.traits.forwardsLeft == nil
        // Of a trace that cannot be carried on the state has no meaning.
        case .traceparent, .tracestate: self.traits.hasTrace
        case .host, .contentLength, .transferEncoding, .connection, .upgrade, .hopByHop,
            .forwardedFor, .servingNamespace, .servingRevision, .probeHash:
            false
        }
    }

    /// The fields that `Connection` names, in lower case; none in all but odd requests.
    private var nominated: Set<[UInt8]> {
        var names: Set<[UInt8]> = []
        for line in self.head.fields.values("connection") {
            for part in line.utf8.split(separator: UInt8(ascii: ",")) {
                names.insert(HTTPText.trim(Array(part)[...]).map(HTTPText.lowercased))
            }
        }
        return names
    }

    private static func lowercased(_ name: Span<UInt8>) -> [UInt8] {
        [UInt8](copying: name).map(HTTPText.lowercased)
    }

    private func appendFraming(to output: inout OutputSpan<UInt8>) {
        switch self.traits.framing {
        case .chunked: output.append("Transfer-Encoding: chunked\r\n")
        case .length(let length):
            output.append("Content-Length: ")
            Self.append(decimal: length, to: &output)
            output.append("\r\n")
        case .none, .untilClose:
            // A method that means a body says that there is none (RFC 9110 section 8.6).
            if self.traits.hasLength { output.append("Content-Length: 0\r\n") }
        }
    }

    private static func append(decimal number: Int, to output: inout OutputSpan<UInt8>) {
        var unit = 1
        while number / unit >= 10 { unit *= 10 }
        while unit > 0 {
            output.append(UInt8(ascii: "0") + UInt8(number / unit % 10))
            unit /= 10
        }
    }

    /// What is added behind a proxy that has left fields of its own.
    private func forwardedLines(_ host: ArraySlice<UInt8>) -> [UInt8] {
        let fields = self.head.fields
        var list: [UInt8] = []
        fields.forEachSpan { name, value in
            guard RequestField(name) == .forwardedFor else { return }
            if !list.isEmpty { list.append(", ") }
            list.append(value)
        }
        if !list.isEmpty { list.append(", ") }
        list.append(contentsOf: ForwardedText.address(of: self.peer))
        let hostBefore = fields.valueBytes("x-forwarded-host")
        let protoBefore = fields.valueBytes("x-forwarded-proto")
        return ForwardedText.lines(
            list: list,
            host: hostBefore ?? host,
            proto: protoBefore ?? Array(self.proto.utf8)[...],
            hasHost: hostBefore != nil,
            hasProto: protoBefore != nil,
            hasForwarded: fields.contains("forwarded")
        )
    }
}
