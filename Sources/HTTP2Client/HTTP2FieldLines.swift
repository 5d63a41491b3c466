// SPDX-License-Identifier: Apache-2.0

internal import CNghttp2
package import HTTP

/// Field lines as nghttp2 takes them, found in text that was written for HTTP/1.1.
///
/// The text stays where it is: names become lower case in place (RFC 9113 section 8.2), and what
/// belongs to a connection of HTTP/1.1 is left out (section 8.2.2).
package struct HTTP2FieldLines {
    private struct Line {
        var name: Range<Int>
        var value: Range<Int>
    }

    private var bytes: [UInt8]
    private var lines: [Line] = []

    /// Names of pseudo-header fields, and the scheme without TLS, behind the text.
    private static let appendix = Array(":method:scheme:authority:pathhttp".utf8)

    /// Reads the head of a request, whose `Host` becomes `:authority`; `nil` when it is none.
    ///
    /// - Parameter head: Request line and fields with their final empty line; valid, as an encoder
    ///   writes it.
    package init?(requestHead head: consuming [UInt8]) {
        self.bytes = head
        guard let methodEnd = self.bytes.firstIndex(of: 0x20),
            let lineEnd = self.bytes.firstIndex(of: 0x0D), methodEnd < lineEnd,
            let targetEnd = self.bytes[..<lineEnd].lastIndex(of: 0x20), targetEnd > methodEnd + 1
        else { return nil }
        let appendix = self.bytes.count
        self.bytes.append(contentsOf: Self.appendix)
        self.lines.reserveCapacity(24)
        func own(_ start: Int, _ end: Int) -> Range<Int> { appendix + start..<appendix + end }
        self.lines.append(Line(name: own(0, 7), value: 0..<methodEnd))
        self.lines.append(Line(name: own(7, 14), value: own(29, 33)))
        self.lines.append(Line(name: own(24, 29), value: methodEnd + 1..<targetEnd))
        var host: Range<Int>?
        let fields = min(lineEnd + 2, appendix)..<appendix
        guard self.readLines(fields, host: &host) else { return nil }
        // Pseudo-header fields come before all others (section 8.3).
        if let host { self.lines.insert(Line(name: own(14, 24), value: host), at: 2) }
    }

    /// Reads trailers; `nil` when there is none that could be sent.
    package init?(trailers: HTTPFields) {
        var text: [UInt8] = []
        guard !trailers.isEmpty, (try? HTTPEncoder.append(trailers, to: &text)) != nil else {
            return nil
        }
        self.bytes = text
        var host: Range<Int>?
        guard self.readLines(0..<text.count, host: &host), !self.lines.isEmpty else { return nil }
    }

    /// Reads lines up to the empty one, or the end.
    private mutating func readLines(_ range: Range<Int>, host: inout Range<Int>?) -> Bool {
        var start = range.lowerBound
        while start < range.upperBound {
            guard let end = self.bytes[start..<range.upperBound].firstIndex(of: 0x0D) else {
                return false
            }
            if end == start { return true }
            guard let colon = self.bytes[start..<end].firstIndex(of: UInt8(ascii: ":")),
                colon > start
            else { return false }
            for index in start..<colon {
                self.bytes[index] = HTTPText.lowercased(self.bytes[index])
            }
            let value = HTTPText.trim(self.bytes[colon + 1..<end])
            self.add(Line(name: start..<colon, value: value.startIndex..<value.endIndex), &host)
            start = end + 2
        }
        return true
    }

    private mutating func add(_ line: Line, _ host: inout Range<Int>?) {
        if self.isName(line, "host") {
            host = line.value
        } else if !self.isOfConnection(line) {
            self.lines.append(line)
        }
    }

    private func isOfConnection(_ line: Line) -> Bool {
        switch line.name.count {
        case 7: self.isName(line, "upgrade")
        case 10: self.isName(line, "connection") || self.isName(line, "keep-alive")
        case 16: self.isName(line, "proxy-connection")
        case 17: self.isName(line, "transfer-encoding")
        default: false
        }
    }

    private func isName(_ line: Line, _ name: String) -> Bool {
        self.bytes[line.name].elementsEqual(name.utf8)
    }

    /// Names and values, in order; for tests.
    package var pairs: [(name: String, value: String)] {
        self.lines.map { line in
            (
                String(decoding: self.bytes[line.name], as: UTF8.self),
                String(decoding: self.bytes[line.value], as: UTF8.self)
            )
        }
    }

    /// Lends the lines to a C call, which copies them.
    func withNameValues<Result>(_ body: (UnsafePointer<nghttp2_nv>?, Int) -> Result) -> Result {
        var bytes = self.bytes
        return bytes.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return body(nil, 0) }
            let pairs = self.lines.map { line in
                nghttp2_nv(
                    name: start + line.name.lowerBound,
                    value: start + line.value.lowerBound,
                    namelen: line.name.count,
                    valuelen: line.value.count,
                    flags: 0
                )
            }
            return pairs.withUnsafeBufferPointer { body($0.baseAddress, $0.count) }
        }
    }
}
