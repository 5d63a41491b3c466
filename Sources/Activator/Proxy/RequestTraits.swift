// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// What the activator has to know of a request, gathered in one pass over its fields.
struct RequestTraits {
    /// The value of `Host`.
    var host: ArraySlice<UInt8>?
    /// The value of `Knative-Serving-Namespace`.
    var servingNamespace: ArraySlice<UInt8>?
    /// The value of `Knative-Serving-Revision`.
    var servingRevision: ArraySlice<UInt8>?
    /// The value of `Connection`; there is more than one such line only in odd requests.
    var connection: ArraySlice<UInt8>?
    /// Whether there is one `traceparent`, and a valid one.
    private(set) var hasTrace = false
    private var traceCount = 0
    /// The value of `Upgrade`.
    var upgrade: ArraySlice<UInt8>?
    /// How the body is delimited.
    var framing = HTTPBodyFraming.none
    /// Whether one of the fields is there by which Knative's probes are known.
    var mayBeProbe = false
    /// Roughly how much memory the head takes.
    var headBytes: Int

    /// Looks at a head that the server has checked.
    init(_ head: HTTPRequestHead) {
        var traits = Self(headBytes: head.target.utf8.count + 64)
        head.fields.forEachBytes { name, value in traits.look(at: name, value) }
        self = traits
    }

    private init(headBytes: Int) { self.headBytes = headBytes }

    private mutating func look(at name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
        self.headBytes += name.count + value.count + 16
        switch name.count {
        case 4 where HTTPText.equalsIgnoringCase(name, "host"):
            self.host = value
        case 7 where HTTPText.equalsIgnoringCase(name, "upgrade"):
            self.upgrade = value
        case 10 where HTTPText.equalsIgnoringCase(name, "user-agent"):
            // Only what may be one is compared in full.
            if value.first == UInt8(ascii: "k") { self.mayBeProbe = true }
        case 10 where HTTPText.equalsIgnoringCase(name, "connection"):
            self.connection = value
        case 11 where HTTPText.equalsIgnoringCase(name, "traceparent"):
            self.traceCount += 1
            self.hasTrace = self.traceCount == 1 && TraceParent.isValid(value)
        case 14 where HTTPText.equalsIgnoringCase(name, "content-length"):
            self.framing = Self.framing(length: value)
        case 15
        where HTTPText.equalsIgnoringCase(name, KnativeProbe.networkProbe)
            || HTTPText.equalsIgnoringCase(name, KnativeProbe.kubeletProbe):
            self.mayBeProbe = true
        case 17 where HTTPText.equalsIgnoringCase(name, "transfer-encoding"):
            self.framing = .chunked
        case 24 where HTTPText.equalsIgnoringCase(name, "knative-serving-revision"):
            self.servingRevision = value
        case 25 where HTTPText.equalsIgnoringCase(name, "knative-serving-namespace"):
            self.servingNamespace = value
        default: break
        }
    }

    /// The server's parser has checked the number; on its own type this needs no generic code.
    private static func framing(length value: ArraySlice<UInt8>) -> HTTPBodyFraming {
        var length = 0
        for byte in value { length = length &* 10 &+ Int(byte &- UInt8(ascii: "0")) }
        return length > 0 ? .length(length) : .none
    }
}
