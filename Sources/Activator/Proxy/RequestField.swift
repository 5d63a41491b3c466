// SPDX-License-Identifier: Apache-2.0

/// What a field of a request means to the proxy, by its name.
enum RequestField: Equatable {
    /// The function's alone.
    case other
    case host
    case userAgent
    case contentLength
    case transferEncoding
    case connection
    case upgrade
    case maxForwards
    /// One that belongs to a connection, and stays behind (RFC 9110 section 7.6.1).
    case hopByHop
    case forwarded
    case forwardedFor
    case forwardedHost
    case forwardedProto
    case traceparent
    case tracestate
    case servingNamespace
    case servingRevision
    /// One that makes a request a probe.
    case probe
    /// What a probe is answered with.
    case probeHash

    /// Looks at the length first: nearly all fields of a request are the function's alone.
    init(_ name: Span<UInt8>) {
        self =
            switch name.count {
            case 2 where Self.isName(name, "te"): .hopByHop
            case 4 where Self.isName(name, "host"): .host
            case 6 where Self.isName(name, "expect"): .hopByHop
            case 7 where Self.isName(name, "upgrade"): .upgrade
            case 9 where Self.isName(name, "forwarded"): .forwarded
            case 10: Self.ofTen(name)
            case 11 where Self.isName(name, "traceparent"): .traceparent
            case 12 where Self.isName(name, "max-forwards"): .maxForwards
            case 14 where Self.isName(name, "content-length"): .contentLength
            // Of an upgrade to HTTP/2 (RFC 7540 section 3.2.1).
            case 14 where Self.isName(name, "http2-settings"): .hopByHop
            case 14 where Self.isName(name, "k-network-hash"): .probeHash
            case 15 where Self.isName(name, "x-forwarded-for"): .forwardedFor
            case 15 where Self.isName(name, "k-network-probe"): .probe
            case 15 where Self.isName(name, "k-kubelet-probe"): .probe
            case 16 where Self.isName(name, "x-forwarded-host"): .forwardedHost
            case 16 where Self.isName(name, "proxy-connection"): .hopByHop
            case 17 where Self.isName(name, "x-forwarded-proto"): .forwardedProto
            case 17 where Self.isName(name, "transfer-encoding"): .transferEncoding
            case 24 where Self.isName(name, "knative-serving-revision"): .servingRevision
            case 25 where Self.isName(name, "knative-serving-namespace"): .servingNamespace
            default: .other
            }
    }

    private static func ofTen(_ name: Span<UInt8>) -> Self {
        if self.isName(name, "user-agent") { return .userAgent }
        if self.isName(name, "connection") { return .connection }
        if self.isName(name, "keep-alive") { return .hopByHop }
        return self.isName(name, "tracestate") ? .tracestate : .other
    }

    /// Whether a text is a literal in lower case, its own case aside; both have the same length.
    ///
    /// A name is a token, and none but capitals differ from a letter in that bit alone; of the
    /// other bytes of a name none becomes a hyphen by it but CR, which no name holds.
    @inline(__always)
    static func isName(_ name: Span<UInt8>, _ literal: StaticString) -> Bool {
        assert(name.count == literal.utf8CodeUnitCount, "the length was looked at before")
        for index in name.indices {
            // Safety: a static string has as many bytes as the name, for ever.
            let expected = unsafe literal.utf8Start[index]
            guard name[index] | 0x20 == expected else { return false }
        }
        return true
    }
}
