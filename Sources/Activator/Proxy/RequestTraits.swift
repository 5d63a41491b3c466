// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import HTTP

/// What the activator has to know of a request, gathered in one pass over its fields.
struct RequestTraits {
    /// The value of `Host`.
    private(set) var host: ArraySlice<UInt8>?
    /// The value of `Knative-Serving-Namespace`.
    private(set) var servingNamespace: ArraySlice<UInt8>?
    /// The value of `Knative-Serving-Revision`.
    private(set) var servingRevision: ArraySlice<UInt8>?
    /// The value of `Upgrade`, unless it asks for HTTP in another form: what came by that would
    /// pass by routes and limits.
    private(set) var upgrade: ArraySlice<UInt8>?
    /// How often a request that asks for its way may be forwarded yet (RFC 9110 section 7.6.2).
    private(set) var forwardsLeft: Int?
    /// Whether `Connection` may name fields that end here; in all but odd requests it does not.
    private(set) var nominatesFields = false
    /// Whether a proxy before this one has left its fields.
    private(set) var isForwarded = false
    /// Whether there is one `traceparent`, and a valid one.
    private(set) var hasTrace = false
    /// Whether there is a `Content-Length`.
    private(set) var hasLength = false
    /// How the body is delimited.
    var framing = HTTPBodyFraming.none
    /// Whether one of the fields is there by which Knative's probes are known.
    private(set) var mayBeProbe = false
    /// Roughly how much memory the head takes; at least what its lines have when they are sent.
    private(set) var headBytes: Int

    private var traceCount = 0
    private var hasServingFields = false

    /// What a line has besides name and value, and what it costs to know where they lie.
    private static let lineBytes = 16

    /// Looks at a head that the server has checked.
    init(_ head: HTTPRequestHead) {
        let fields = head.fields
        // Gathered in a local: nobody else can see it change.
        var traits = Self(headBytes: head.target.utf8.count + 64)
        fields.forEachSpan { name, value in traits.look(at: name, value) }
        if traits.forwardsLeft != nil, head.method != .options, head.method != .trace {
            traits.forwardsLeft = nil
        }
        traits.host = fields.valueBytes("host")
        if traits.hasServingFields {
            traits.servingNamespace = fields.valueBytes("knative-serving-namespace")
            traits.servingRevision = fields.valueBytes("knative-serving-revision")
        }
        self = traits
    }

    private init(headBytes: Int) { self.headBytes = headBytes }

    private mutating func look(at name: Span<UInt8>, _ value: Span<UInt8>) {
        self.headBytes += name.count + value.count + Self.lineBytes
        switch RequestField(name) {
        case .upgrade:
            self.addUpgrade([UInt8](copying: value)[...])
        case .maxForwards:
            if let count = HTTPText.decimal(value) {
                self.forwardsLeft = min(count, self.forwardsLeft ?? .max)
            }
        case .userAgent:
            // Only what may be one is compared in full.
            if !value.isEmpty, value[0] == UInt8(ascii: "k") { self.mayBeProbe = true }
        case .connection: self.nominatesFields = self.nominatesFields || !Self.isPersistence(value)
        case .forwarded, .forwardedFor, .forwardedHost, .forwardedProto: self.isForwarded = true
        case .traceparent:
            self.traceCount += 1
            self.hasTrace = self.traceCount == 1 && TraceParent.isValid(value)
        case .contentLength:
            self.hasLength = true
            self.framing = Self.framing(length: value)
        case .probe: self.mayBeProbe = true
        case .transferEncoding: self.framing = .chunked
        case .servingNamespace, .servingRevision: self.hasServingFields = true
        case .host, .hopByHop, .tracestate, .probeHash, .other: break
        }
    }

    /// Adds the protocols of a line, but for those in which further requests would come.
    private mutating func addUpgrade(_ line: ArraySlice<UInt8>) {
        for element in line.split(separator: UInt8(ascii: ",")) {
            let name = HTTPText.trim(element)
            guard !name.isEmpty, !Self.meansHTTP(name) else { continue }
            self.upgrade = self.upgrade.map { $0 + Array(", ".utf8) + name } ?? name
        }
    }

    private static func meansHTTP(_ protocolName: ArraySlice<UInt8>) -> Bool {
        let name = protocolName.prefix { $0 != UInt8(ascii: "/") }
        let text = String(decoding: name.map(HTTPText.lowercased), as: UTF8.self)
        return ["h2c", "h2", "http", "tls"].contains(text)
    }

    /// Whether a value of `Connection` says how long it lives, and nothing else.
    private static func isPersistence(_ value: Span<UInt8>) -> Bool {
        switch value.count {
        case 5: RequestField.isName(value, "close")
        case 10: RequestField.isName(value, "keep-alive")
        default: false
        }
    }

    /// The server's parser has checked the number.
    private static func framing(length value: Span<UInt8>) -> HTTPBodyFraming {
        var length = 0
        for index in value.indices {
            length = length &* 10 &+ Int(value[index] &- UInt8(ascii: "0"))
        }
        return length > 0 ? .length(length) : .none
    }
}
