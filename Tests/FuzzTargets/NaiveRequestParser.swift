// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import HTTP

/// A second reading of RFC 9112, for comparison: it works on whole heads and on lists of lines.
package enum NaiveRequestParser {
    /// What becomes of some bytes.
    package enum Outcome: Equatable, Sendable {
        case incomplete
        case refused
        case request(Request)
    }

    /// A request that was read.
    package struct Request: Equatable, Sendable {
        package var method: String
        package var target: String
        package var minorVersion: UInt8
        package var fields: [[String]]
        package var framing: HTTPBodyFraming
        package var isKeepAlive: Bool
        package var expectsContinue: Bool
        package var length: Int

        /// What the real parser read, for comparison.
        package init(_ request: HTTPParsedRequest, length: Int) {
            self.method = request.head.method.rawValue
            self.target = request.head.target
            self.minorVersion = request.head.minorVersion
            var fields: [[String]] = []
            request.head.fields.forEachBytes { name, value in
                fields.append([name, value].map { NaiveRequestParser.latin1($0) })
            }
            self.fields = fields
            self.framing = request.framing
            self.isKeepAlive = request.isKeepAlive
            self.expectsContinue = request.expectsContinue
            self.length = length
        }

        init(
            words: [Substring],
            isOld: Bool,
            fields: [[String]],
            framing: HTTPBodyFraming,
            options: [String],
            expectsContinue: Bool
        ) {
            self.method = String(words[0])
            self.target = String(words[1])
            self.minorVersion = isOld ? 0 : 1
            self.fields = fields
            self.framing = framing
            let isPersistent = isOld ? options.contains("keep-alive") : true
            self.isKeepAlive = isPersistent && !options.contains("close")
            self.expectsContinue = expectsContinue
            self.length = 0
        }
    }

    /// Reads with Latin-1 letters, so that each byte is one.
    package static func parse(_ bytes: [UInt8]) -> Outcome {
        var skipped = 0
        while skipped < 16, bytes.dropFirst(skipped).starts(with: [13, 10]) { skipped += 2 }
        let letters = bytes.dropFirst(skipped).map { Character(UnicodeScalar($0)) }
        var lines: [[Character]] = [[]]
        var index = 0
        var incomplete: Outcome {
            self.isStart(lines.dropLast().map { String($0) }) ? .incomplete : .refused
        }
        while true {
            guard index < letters.count else { return incomplete }
            if letters[index] == "\n" { return .refused }
            if letters[index] == "\r" {
                guard index + 1 < letters.count else { return incomplete }
                guard letters[index + 1] == "\n" else { return .refused }
                index += 2
                if lines[lines.count - 1].isEmpty, lines.count > 1 { break }
                lines.append([])
            } else {
                lines[lines.count - 1].append(letters[index])
                index += 1
            }
        }
        lines.removeLast()
        guard var request = self.interpret(lines.map { String($0) }) else { return .refused }
        request.length = index + skipped
        return .request(request)
    }

    /// Whether lines that are complete can be the first of a head.
    private static func isStart(_ lines: [String]) -> Bool {
        guard let first = lines.first else { return true }
        return self.words(first) != nil && self.fields(lines.dropFirst()) != nil
    }

    /// The method, the target and the version.
    private static func words(_ line: String) -> [Substring]? {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, self.isVersion(words[2]), self.isToken(words[0]),
            !words[1].isEmpty,
            words[1].unicodeScalars.allSatisfy({ (0x21...0x7E).contains($0.value) })
        else { return nil }
        return words
    }

    private static func interpret(_ lines: [String]) -> Request? {
        guard let words = self.words(lines[0]), !words[1].contains("#") else { return nil }
        let isOld = words[2] == "HTTP/1.0"
        guard let fields = self.fields(lines.dropFirst()) else { return nil }
        func values(_ name: String) -> [String] {
            fields.filter { $0[0].lowercased() == name }.map { $0[1] }
        }
        func list(_ name: String) -> [String] {
            values(name).joined(separator: ",").split(separator: ",")
                .map { self.trim($0).lowercased() }.filter { !$0.isEmpty }
        }
        guard self.isTarget(String(words[1]), method: String(words[0])) else { return nil }
        let hosts = values("host")
        let expectations = list("expect")
        guard isOld ? hosts.count < 2 : hosts.count == 1,
            hosts.allSatisfy({ $0.isEmpty || self.isHost($0) }),
            isOld || expectations.allSatisfy({ $0 == "100-continue" }),
            let framing = self.framing(values("transfer-encoding"), values("content-length"), isOld)
        else { return nil }
        return Request(
            words: words,
            isOld: isOld,
            fields: fields,
            framing: framing,
            options: list("connection"),
            expectsContinue: !isOld && framing != .none && !expectations.isEmpty
        )
    }

    private static func isVersion(_ text: Substring) -> Bool {
        text.count == 8 && text.hasPrefix("HTTP/1.") && "0123456789".contains(text.suffix(1))
    }

    private static func fields(_ lines: ArraySlice<String>) -> [[String]]? {
        var fields: [[String]] = []
        for line in lines {
            guard let colon = line.firstIndex(of: ":"), self.isToken(line[..<colon]) else {
                return nil
            }
            let value = line[line.index(after: colon)...]
            guard
                value.unicodeScalars.allSatisfy({
                    $0 == "\t" || ($0.value >= 32 && $0.value != 127)
                })
            else { return nil }
            fields.append([String(line[..<colon]), self.trim(value)])
        }
        return fields
    }

    private static func framing(
        _ codings: [String],
        _ lengths: [String],
        _ isOld: Bool
    ) -> HTTPBodyFraming? {
        let numbers = lengths.map { text -> Int? in
            guard text.unicodeScalars.allSatisfy({ ("0"..."9").contains($0) }) else { return nil }
            return Int(text)
        }
        guard numbers.count <= 1, !numbers.contains(nil) else { return nil }
        if codings.isEmpty {
            guard let number = numbers.first ?? nil, number > 0 else { return HTTPBodyFraming.none }
            return .length(number)
        }
        guard !isOld, codings.map({ $0.lowercased() }) == ["chunked"], numbers.isEmpty else {
            return nil
        }
        return .chunked
    }

    private static func isTarget(_ target: String, method: String) -> Bool {
        if method == "CONNECT" {
            guard let colon = target.lastIndex(of: ":"),
                target.index(after: colon) < target.endIndex
            else { return false }
            return self.isHost(target)
        }
        if target.hasPrefix("/") { return true }
        if target == "*" { return method == "OPTIONS" }
        for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
            let authority = target.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
            return self.isHost(String(authority))
        }
        return false
    }

    /// Whether a text is a host, with or without a port; addresses are judged by the C library.
    package static func isHost(_ text: String) -> Bool {
        // Characters are compared by what they mean: the Greek question mark is a semicolon.
        guard text.unicodeScalars.allSatisfy(\.isASCII) else { return false }
        var host = text
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
            let port = text[text.index(after: colon)...]
            guard port.unicodeScalars.allSatisfy({ ("0"..."9").contains($0) }),
                port.isEmpty || UInt16(port) != nil
            else { return false }
            host = String(text[..<colon])
        }
        if host.hasPrefix("[") {
            var address = in6_addr()
            return host.hasSuffix("]") && !host.contains("\0")
                && inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &address) == 1
        }
        var rest = Substring(host)
        while let letter = rest.popFirst() {
            if letter == "%" {
                let digits = rest.prefix(2)
                guard digits.count == 2, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
                    return false
                }
                rest = rest.dropFirst(2)
            } else {
                let isPlain = letter.isASCII && (letter.isLetter || letter.isNumber)
                guard isPlain || "-._~!$&'()*+;=".contains(letter) else { return false }
            }
        }
        return !host.isEmpty
    }

    private static func isToken(_ text: some StringProtocol) -> Bool {
        !text.isEmpty
            && text.allSatisfy {
                $0.isASCII && ($0.isLetter || $0.isNumber || "!#$%&'*+-.^_`|~".contains($0))
            }
    }

    private static func trim(_ text: Substring) -> String {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }

    private static func latin1(_ bytes: ArraySlice<UInt8>) -> String {
        String(String.UnicodeScalarView(bytes.map { UnicodeScalar($0) }))
    }
}
