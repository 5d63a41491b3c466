// SPDX-License-Identifier: Apache-2.0

import HTTP

/// A second reading of RFC 9112, for comparison: it works on whole heads and on lists of lines.
enum NaiveRequestParser {
    enum Outcome: Equatable {
        case incomplete
        case refused
        case request(Request)
    }

    struct Request: Equatable {
        var method: String
        var target: String
        var minorVersion: UInt8
        var fields: [[String]]
        var framing: HTTPBodyFraming
        var isKeepAlive: Bool
        var expectsContinue: Bool
        var length: Int
    }

    /// Reads with Latin-1 letters, so that each byte is one.
    static func parse(_ bytes: [UInt8]) -> Outcome {
        let hasEmptyLine = bytes.starts(with: [13, 10])
        let letters = bytes.dropFirst(hasEmptyLine ? 2 : 0).map { Character(UnicodeScalar($0)) }
        var lines: [[Character]] = [[]]
        var index = 0
        while true {
            guard index < letters.count else { return .incomplete }
            if letters[index] == "\n" { return .refused }
            if letters[index] == "\r" {
                guard index + 1 < letters.count else { return .incomplete }
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
        request.length = index + (hasEmptyLine ? 2 : 0)
        return .request(request)
    }

    private static func interpret(_ lines: [String]) -> Request? {
        let words = lines[0].split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, ["HTTP/1.0", "HTTP/1.1"].contains(words[2]),
            self.isToken(words[0]), words[0] != "CONNECT", !words[1].isEmpty,
            words[1].unicodeScalars.allSatisfy({ (0x21...0x7E).contains($0.value) && $0 != "#" })
        else { return nil }
        let isOld = words[2] == "HTTP/1.0"
        var fields: [[String]] = []
        for line in lines.dropFirst() {
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
        func values(_ name: String) -> [String] {
            fields.filter { $0[0].lowercased() == name }.map { $0[1] }
        }
        guard self.isTarget(String(words[1]), method: String(words[0])) else { return nil }
        let hosts = values("host")
        guard isOld ? hosts.count < 2 : hosts.count == 1, hosts.allSatisfy(self.isHostOrEmpty),
            let framing = self.framing(values("transfer-encoding"), values("content-length"), isOld)
        else { return nil }
        let options = values("connection").joined(separator: ",").split(separator: ",")
            .map { self.trim($0).lowercased() }
        let isPersistent = isOld ? options.contains("keep-alive") : true
        let expectation = values("expect").first?.lowercased()
        return Request(
            method: String(words[0]),
            target: String(words[1]),
            minorVersion: isOld ? 0 : 1,
            fields: fields,
            framing: framing,
            isKeepAlive: isPersistent && !options.contains("close"),
            expectsContinue: !isOld && framing != .none && expectation == "100-continue",
            length: 0
        )
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
        if target.hasPrefix("/") { return true }
        if target == "*" { return method == "OPTIONS" }
        for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
            let authority = target.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
            return !authority.isEmpty && self.isHostOrEmpty(String(authority))
        }
        return false
    }

    private static func isHostOrEmpty(_ text: String) -> Bool {
        guard !text.isEmpty else { return true }
        var host = text
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
            let port = text[text.index(after: colon)...]
            guard port.unicodeScalars.allSatisfy({ ("0"..."9").contains($0) }) else { return false }
            host = String(text[..<colon])
        }
        if host.hasPrefix("[") {
            let inner = host.dropFirst().dropLast()
            return host.hasSuffix("]") && !inner.isEmpty
                && inner.allSatisfy { "0123456789abcdefABCDEF:.".contains($0) }
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
}
