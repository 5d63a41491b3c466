// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Makes the head of a response, or its trailers, of the field lines of a stream (RFC 9113 section
/// 8.3.2).
///
/// nghttp2 has checked the alphabet of names and values, that `:status` is there once and has three
/// digits, and that no field belongs to a connection.
struct HTTP2ResponseAssembler {
    /// What a line costs beyond its bytes (RFC 9113 section 6.5.2).
    static let lineOverheadBytes = 32

    /// The size that is advertised in SETTINGS_MAX_HEADER_LIST_SIZE.
    static func listBytesMax(_ limits: HTTPLimits) -> Int {
        limits.headerBytesMax + limits.headerCountMax * self.lineOverheadBytes
    }

    private let limits: HTTPLimits
    private var lineCount = 0
    private var listBytes = 0
    private(set) var status = 0
    private var isStatusInvalid = false
    private(set) var fields = HTTPFields()

    init(limits: HTTPLimits) { self.limits = limits }

    /// What is wrong with it; `nil` while nothing is.
    var fault: HTTPParseError? {
        if self.isStatusInvalid { return .startLineInvalid }
        if self.lineCount > self.limits.headerCountMax { return .headerCountExceeded }
        return self.listBytes > Self.listBytesMax(self.limits) ? .headerTooLarge : nil
    }

    /// Adds a line; what comes beyond the limits is not kept.
    mutating func append(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        self.listBytes += name.count + value.count + Self.lineOverheadBytes
        guard name.first != UInt8(ascii: ":") else {
            // There is no other but `:status`.
            self.status = HTTPText.decimal(value.span) ?? 0
            self.isStatusInvalid = !(100...999 ~= self.status)
            return
        }
        self.lineCount += 1
        guard self.fault == nil else { return }
        self.fields.append(prefix: "", name.span, value: value.span)
    }
}
