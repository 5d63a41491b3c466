// SPDX-License-Identifier: Apache-2.0

import CCurl
import HTTP

/// The header lines of one request in the form that libcurl wants.
///
/// `curl_slist_append` copies each line and walks the list for it. This list lies in two blocks
/// that are kept from request to request, so that a request costs no allocation. The blocks are
/// this object's: libcurl only reads them while a transfer runs.
final class CurlHeaderList {
    /// Most bytes of header that are sent.
    static let bytesMax = 256 * 1024

    /// Why fields are refused.
    enum Problem: Error, Equatable {
        case nameInvalid
        case valueInvalid
        case transferEncoding
        case tooLarge
    }

    private var bytes: UnsafeMutableBufferPointer<CChar>
    private var nodes: UnsafeMutableBufferPointer<curl_slist>
    private var byteCount = 0
    private var nodeCount = 0

    init() {
        self.bytes = .allocate(capacity: 1024)
        self.nodes = .allocate(capacity: 24)
    }

    deinit {
        self.bytes.deallocate()
        self.nodes.deallocate()
    }

    /// The first line; `nil` before ``fill(_:hasBody:)``.
    var first: UnsafeMutablePointer<curl_slist>? {
        self.nodeCount == 0 ? nil : self.nodes.baseAddress
    }

    /// Replaces the lines.
    ///
    /// - Parameters:
    ///   - fields: What the caller wants to send.
    ///   - hasBody: Whether libcurl sends a body and would make up a type for it.
    func fill(_ fields: HTTPFields, hasBody: Bool) throws(Problem) {
        var problem: Problem?
        var found: Known = []
        var byteCount = 0
        fields.forEachBytes { name, value in
            // Name, colon, value, and a terminating zero.
            byteCount += name.count + value.count + 2
            found.formUnion(Known(name))
            if !HTTPText.isToken(name) { problem = .nameInvalid }
            if !value.allSatisfy({ HTTPText.isFieldValue($0) }) { problem = .valueInvalid }
        }
        if let problem { throw problem }
        guard !found.contains(.transferEncoding) else { throw .transferEncoding }
        guard byteCount <= Self.bytesMax else { throw .tooLarge }
        self.reserve(bytes: byteCount, nodes: fields.count + 3)
        fields.forEachBytes { name, value in
            if Known(name) != .contentLength { self.append(name, value) }
        }
        // "Name:" keeps libcurl from sending a field of its own.
        if !found.contains(.expect) { self.append(suppressing: "Expect:") }
        if !found.contains(.accept) { self.append(suppressing: "Accept:") }
        if hasBody, !found.contains(.contentType) { self.append(suppressing: "Content-Type:") }
    }

    private func reserve(bytes byteCount: Int, nodes nodeCount: Int) {
        if byteCount > self.bytes.count {
            self.bytes.deallocate()
            self.bytes = .allocate(capacity: max(byteCount, self.bytes.count * 2))
        }
        if nodeCount > self.nodes.count {
            self.nodes.deallocate()
            self.nodes = .allocate(capacity: max(nodeCount, self.nodes.count * 2))
        }
        self.byteCount = 0
        self.nodeCount = 0
    }

    private func append(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
        guard let base = self.bytes.baseAddress else { return }
        let line = base + self.byteCount
        self.copy(name)
        // An empty value is written with a semicolon (CURLOPT_HTTPHEADER).
        let isEmpty = value.allSatisfy { $0 == 0x20 || $0 == 0x09 }
        self.bytes[self.byteCount] = CChar(bitPattern: UInt8(ascii: isEmpty ? ";" : ":"))
        self.byteCount += 1
        if !isEmpty { self.copy(value) }
        self.bytes[self.byteCount] = 0
        self.byteCount += 1
        self.link(line)
    }

    private func copy(_ text: ArraySlice<UInt8>) {
        text.withUnsafeBytes { source in
            let target = UnsafeMutableRawBufferPointer(self.bytes)
            UnsafeMutableRawBufferPointer(rebasing: target[self.byteCount...])
                .copyMemory(from: source)
        }
        self.byteCount += text.count
    }

    private func append(suppressing line: StaticString) {
        let text = UnsafeRawPointer(line.utf8Start).assumingMemoryBound(to: CChar.self)
        self.link(UnsafeMutablePointer(mutating: text))
    }

    private func link(_ line: UnsafeMutablePointer<CChar>) {
        guard let base = self.nodes.baseAddress else { return }
        let node = base + self.nodeCount
        node.initialize(to: curl_slist(data: line, next: nil))
        if self.nodeCount > 0 { (node - 1).pointee.next = node }
        self.nodeCount += 1
    }
}

/// The field names that this client treats in a way of their own.
private struct Known: OptionSet {
    let rawValue: UInt8

    static let contentLength = Known(rawValue: 1)
    static let transferEncoding = Known(rawValue: 2)
    static let contentType = Known(rawValue: 4)
    static let expect = Known(rawValue: 8)
    static let accept = Known(rawValue: 16)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The set with the one of that name, empty for any other name.
    init(_ name: ArraySlice<UInt8>) {
        let candidate: (name: String, set: Known)
        // The length tells them apart: at most one comparison a field.
        switch name.count {
        case 6 where HTTPText.lowercased(name[name.startIndex]) == UInt8(ascii: "e"):
            candidate = ("expect", .expect)
        case 6: candidate = ("accept", .accept)
        case 12: candidate = ("content-type", .contentType)
        case 14: candidate = ("content-length", .contentLength)
        case 17: candidate = ("transfer-encoding", .transferEncoding)
        default:
            self = []
            return
        }
        self = HTTPText.equalsIgnoringCase(name, candidate.name) ? candidate.set : []
    }
}
