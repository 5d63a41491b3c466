// SPDX-License-Identifier: Apache-2.0

import CCurl
import HTTP

/// The header lines of one request in the form that libcurl wants.
///
/// `curl_slist_append` copies each line and walks the list for it. This list lies in two blocks
/// that are kept from request to request, so that a request costs no allocation. The blocks are
/// this object's: libcurl only reads them while a transfer runs.
///
/// libcurl also goes through the whole list for each of the twenty fields that it knows. So lines
/// that it can have no opinion about, such as those of an event's attributes, share an entry, line
/// end between them; it sends an entry as it is.
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
    /// Whether the last entry ends with a line that another may follow.
    private var isLastOpen = false

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
    /// - Throws: ``Problem`` when a field could change the meaning of the request.
    func fill(_ fields: HTTPFields, hasBody: Bool) throws(Problem) {
        var byteCount = 0
        // Colon, space and two zeros on top.
        fields.forEachBytes { name, value in byteCount += name.count + value.count + 4 }
        guard byteCount <= Self.bytesMax else { throw .tooLarge }
        self.reserve(bytes: byteCount, nodes: fields.count + 3)
        var problem: Problem?
        var hasExpect = false
        var hasAccept = false
        var hasContentType = false
        fields.forEachBytes { name, value in
            switch KnownField(name) {
            case .contentLength: return
            case .transferEncoding: problem = .transferEncoding
            case .expect: hasExpect = true
            case .accept: hasAccept = true
            case .contentType: hasContentType = true
            case nil: break
            }
            problem = self.append(name, value) ?? problem
        }
        if let problem { throw problem }
        // "Name:" keeps libcurl from sending a field of its own.
        if !hasExpect { self.append(suppressing: "Expect:") }
        if !hasAccept { self.append(suppressing: "Accept:") }
        if hasBody, !hasContentType { self.append(suppressing: "Content-Type:") }
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
        self.isLastOpen = false
    }

    /// Appends one line, checking each byte on its way.
    private func append(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Problem? {
        guard let base = self.bytes.baseAddress else { return nil }
        let line = base + self.byteCount
        var end = line
        let isOpaque = Self.isOpaque(name)
        let isNameValid = name.withUnsafeBufferPointer { name in
            for byte in name {
                guard Self.isToken(byte) else { return false }
                end.pointee = CChar(bitPattern: byte)
                end += 1
            }
            return !name.isEmpty
        }
        guard isNameValid else { return .nameInvalid }
        end[0] = CChar(bitPattern: UInt8(ascii: ":"))
        end[1] = CChar(bitPattern: UInt8(ascii: " "))
        let separator = end
        end += 2
        var isBlank = true
        let isValueValid = value.withUnsafeBufferPointer { value in
            for byte in value {
                guard byte >= 0x20 && byte != 0x7F || byte == 0x09 else { return false }
                if byte != 0x20, byte != 0x09 { isBlank = false }
                end.pointee = CChar(bitPattern: byte)
                end += 1
            }
            return true
        }
        guard isValueValid else { return .valueInvalid }
        if isBlank {
            // An empty value is written with a semicolon (CURLOPT_HTTPHEADER).
            separator.pointee = CChar(bitPattern: UInt8(ascii: ";"))
            end = separator + 1
        }
        // Twice: where two lines share an entry, a line end takes this place.
        end[0] = 0
        end[1] = 0
        self.byteCount = end + 2 - base
        if isOpaque, !isBlank, self.isLastOpen {
            // Over the zero that ended the line before, which left room for two.
            line[-2] = CChar(bitPattern: UInt8(ascii: "\r"))
            line[-1] = CChar(bitPattern: UInt8(ascii: "\n"))
        } else {
            self.link(line)
        }
        self.isLastOpen = isOpaque && !isBlank
        return nil
    }

    /// Whether a name means nothing to libcurl.
    private static func isOpaque(_ name: ArraySlice<UInt8>) -> Bool {
        name.withUnsafeBufferPointer { name in
            guard name.count >= 3 else { return false }
            let isEvent = name[0] | 0x20 == UInt8(ascii: "c") && name[1] | 0x20 == UInt8(ascii: "e")
            let isExtension = name[0] | 0x20 == UInt8(ascii: "x")
            return isEvent && name[2] == UInt8(ascii: "-") || isExtension && name[1] == 0x2D
        }
    }

    /// As `HTTPText.isToken(_:)`, which no compiler inlines from another module.
    @inline(__always)
    private static func isToken(_ byte: UInt8) -> Bool {
        guard byte < 128 else { return false }
        let word: UInt64 = byte < 64 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
        return (word >> UInt64(byte & 63)) & 1 == 1
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

/// The fields that this client treats in a way of their own.
private enum KnownField {
    case contentLength
    case transferEncoding
    case contentType
    case expect
    case accept

    /// The field of that name; `nil` for any other name.
    init?(_ name: ArraySlice<UInt8>) {
        let candidate: Self
        // Length and first letter tell them apart: seldom more than one comparison a field.
        switch (name.count, name.first.map { $0 | 0x20 }) {
        case (6, UInt8(ascii: "e")): candidate = .expect
        case (6, UInt8(ascii: "a")): candidate = .accept
        case (12, UInt8(ascii: "c")): candidate = .contentType
        case (14, UInt8(ascii: "c")): candidate = .contentLength
        case (17, UInt8(ascii: "t")): candidate = .transferEncoding
        default: return nil
        }
        guard HTTPText.equalsIgnoringCase(name, candidate.name) else { return nil }
        self = candidate
    }

    private var name: String {
        switch self {
        case .contentLength: "content-length"
        case .transferEncoding: "transfer-encoding"
        case .contentType: "content-type"
        case .expect: "expect"
        case .accept: "accept"
        }
    }
}
