// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP

/// Writes the head of a request as the function sees it.
///
/// User fields pass unchanged and in order. Fields that belong to one connection stay behind
/// (RFC 9110 section 7.6.1), as do those by which Knative's own parts find a revision. Among the
/// former is `Upgrade`, which is written anew when the client can be taken along. What a proxy adds
/// follows at the end. The server's
/// parser has checked every byte that is copied here.
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

    private struct Found {
        var forwardedFor: [UInt8] = []
        var forwardedHost: ArraySlice<UInt8>?
        var forwardedProto: ArraySlice<UInt8>?
        var hasForwarded = false

        var isAny: Bool {
            self.hasForwarded || !self.forwardedFor.isEmpty || self.forwardedHost != nil
                || self.forwardedProto != nil
        }
    }

    /// Appends request line and fields with their final empty line.
    func append(
        to output: inout [UInt8],
        forwarded: inout ForwardedText,
        trace: inout TraceParent
    ) {
        output.append(contentsOf: self.head.method.rawValue.utf8)
        output.append(0x20)
        if self.head.target.utf8.first == UInt8(ascii: "/") {
            output.append(contentsOf: self.head.target.utf8)
        } else {
            output.append(contentsOf: self.head.originForm.utf8)
        }
        output.append(contentsOf: " HTTP/1.1\r\n".utf8)
        let host = self.appendHost(to: &output)
        let found = self.appendUserFields(to: &output)
        self.appendFraming(to: &output)
        self.appendForwarded(found, host: host, &forwarded, to: &output)
        if !self.traits.hasTrace { trace.appendLine(to: &output) }
        if self.isUpgrade, let upgrade = self.traits.upgrade {
            output.append(contentsOf: "Connection: Upgrade\r\n".utf8)
            self.append("Upgrade", upgrade, to: &output)
        }
        output.append(contentsOf: "\r\n".utf8)
    }

    /// An absolute target names the host (RFC 9112 section 3.2.2), else the field does.
    private func appendHost(to output: inout [UInt8]) -> ArraySlice<UInt8> {
        var host = self.traits.host ?? self.hostDefault[...]
        if self.head.target.utf8.first != UInt8(ascii: "/"), self.head.target != "*",
            let authority = self.head.authority
        {
            host = Array(authority.utf8)[...]
        }
        self.append("Host", host, to: &output)
        return host
    }

    private func appendUserFields(to output: inout [UInt8]) -> Found {
        var found = Found()
        let nominated = self.nominated
        self.head.fields.forEachBytes { name, value in
            guard self.mustPass(name, value, &found) else { return }
            if !nominated.isEmpty,
                nominated.contains(where: { HTTPText.equalsIgnoringCase(name, $0) })
            {
                return
            }
            self.append(name, value, to: &output)
        }
        return found
    }

    /// Whether a field goes to the function as it is; notes what is needed of the others.
    private func mustPass(
        _ name: ArraySlice<UInt8>,
        _ value: ArraySlice<UInt8>,
        _ found: inout Found
    ) -> Bool {
        func isNamed(_ text: String) -> Bool { HTTPText.equalsIgnoringCase(name, text) }
        switch name.count {
        case 2: return !isNamed("te")
        case 4: return !isNamed("host")
        case 6: return !isNamed("expect")
        case 7: return !isNamed("upgrade")
        case 9:
            if isNamed("forwarded") { found.hasForwarded = true }
            return true
        case 10:
            // Of a trace that cannot be carried on the state has no meaning.
            if !self.traits.hasTrace, isNamed("tracestate") { return false }
            return !isNamed("connection") && !isNamed("keep-alive")
        case 11: return self.traits.hasTrace || !isNamed("traceparent")
        case 14: return !isNamed("content-length") && !isNamed(KnativeProbe.networkHash)
        case 15:
            guard isNamed("x-forwarded-for") else { return true }
            if !found.forwardedFor.isEmpty { found.forwardedFor.append(contentsOf: ", ".utf8) }
            found.forwardedFor.append(contentsOf: value)
            return false
        case 16:
            if isNamed("x-forwarded-host") { found.forwardedHost = value }
            return !isNamed("proxy-connection")
        case 17:
            if isNamed("x-forwarded-proto") { found.forwardedProto = value }
            return !isNamed("transfer-encoding")
        case 24: return !isNamed("knative-serving-revision")
        case 25: return !isNamed("knative-serving-namespace")
        default: return true
        }
    }

    /// The fields that `Connection` names; none in all but odd requests.
    private var nominated: [String] {
        guard let value = self.traits.connection,
            !HTTPText.equalsIgnoringCase(value, "keep-alive"),
            !HTTPText.equalsIgnoringCase(value, "close")
        else { return [] }
        return self.head.fields.values("connection").flatMap { line in
            line.split(separator: ",").map { part in
                String(decoding: HTTPText.trim(Array(part.utf8)[...]), as: UTF8.self)
            }
        }
    }

    private func appendFraming(to output: inout [UInt8]) {
        switch self.traits.framing {
        case .chunked: output.append(contentsOf: "Transfer-Encoding: chunked\r\n".utf8)
        case .length(let length):
            output.append(contentsOf: "Content-Length: ".utf8)
            HTTPEncoder.append(decimal: length, to: &output)
            output.append(contentsOf: "\r\n".utf8)
        case .none, .untilClose:
            // A method that means a body says that there is none (RFC 9110 section 8.6).
            guard self.head.fields.contains("content-length") else { return }
            output.append(contentsOf: "Content-Length: 0\r\n".utf8)
        }
    }

    private func appendForwarded(
        _ found: Found,
        host: ArraySlice<UInt8>,
        _ forwarded: inout ForwardedText,
        to output: inout [UInt8]
    ) {
        guard found.isAny else {
            let lines = forwarded.lines(peer: self.peer, host: host, proto: self.proto)
            output.append(contentsOf: lines)
            return
        }
        var list = found.forwardedFor
        if !list.isEmpty { list.append(contentsOf: ", ".utf8) }
        list.append(contentsOf: ForwardedText.address(of: self.peer))
        let lines = ForwardedText.lines(
            list: list,
            host: found.forwardedHost ?? host,
            proto: found.forwardedProto ?? Array(self.proto.utf8)[...],
            hasHost: found.forwardedHost != nil,
            hasProto: found.forwardedProto != nil,
            hasForwarded: found.hasForwarded
        )
        output.append(contentsOf: lines)
    }

    private func append(
        _ name: some Sequence<UInt8>,
        _ value: ArraySlice<UInt8>,
        to output: inout [UInt8]
    ) {
        output.append(contentsOf: name)
        output.append(contentsOf: ": ".utf8)
        output.append(contentsOf: value)
        output.append(contentsOf: "\r\n".utf8)
    }

    private func append(_ name: String, _ value: ArraySlice<UInt8>, to output: inout [UInt8]) {
        self.append(name.utf8, value, to: &output)
    }
}
