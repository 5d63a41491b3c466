// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// What a text of PEM has to hold (RFC 7468).
enum PEMContent: Sendable {
    case certificate
    case privateKey

    private static let end = "-----"
    private static let encrypted =
        "the key is encrypted, and there is nobody to ask for its password"

    /// What keeps a text from being used, when it shows; `nil` when it looks right.
    func problem(in bytes: [UInt8]) -> String? {
        guard bytes.contains(where: { !Self.isSpace($0) }) else { return "it is empty" }
        var labels: [String] = []
        var block: Block?
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated()
        {
            let line = String(decoding: Self.trimmed(line), as: UTF8.self)
            if let label = Self.label(line, after: "-----BEGIN ") {
                if let block { return block.isCutShort }
                block = Block(label: label, lineNumber: index + 1)
            } else if let label = Self.label(line, after: "-----END "), let ended = block {
                guard label == ended.label else { return ended.isCutShort }
                if let problem = ended.problem { return problem }
                labels.append(label)
                block = nil
            } else {
                block?.text += line.utf8
            }
            if case .privateKey = self, line.contains("ENCRYPTED") { return Self.encrypted }
        }
        return block?.isCutShort ?? self.problem(with: labels)
    }

    private func problem(with labels: [String]) -> String? {
        let hasCertificate = labels.contains { $0.hasSuffix("CERTIFICATE") }
        let hasKey = labels.contains { $0.hasSuffix("PRIVATE KEY") }
        switch self {
        case .certificate where !hasCertificate:
            return "it holds no certificate" + (hasKey ? ", but a key" : " in the form of PEM")
        case .privateKey where !hasKey:
            return "it holds no private key"
                + (hasCertificate ? ", but a certificate" : " in the form of PEM")
        default: return nil
        }
    }

    /// What stands between the lines that begin and end it.
    private struct Block {
        let label: String
        let lineNumber: Int
        var text: [UInt8] = []

        var isCutShort: String { "the \(self.label) of line \(self.lineNumber) is cut short" }

        /// Base64 that decodes to as many bytes as the outermost element of DER has.
        var problem: String? {
            // Fields before the data, as in keys of the traditional form.
            guard !self.text.contains(UInt8(ascii: ":")) else { return nil }
            guard let bytes = Base64.decode(bytes: self.text) else {
                return "the \(self.label) of line \(self.lineNumber) is no base64"
            }
            guard let length = Self.length(of: bytes) else { return nil }
            return bytes.count < length ? self.isCutShort : nil
        }

        /// How long an element of DER says that it is (X.690 section 8.1.3).
        private static func length(of bytes: [UInt8]) -> Int? {
            guard bytes.count >= 2 else { return 2 }
            guard bytes[1] >= 0x80 else { return 2 + Int(bytes[1]) }
            let digits = Int(bytes[1] & 0x7F)
            guard 1...4 ~= digits else { return nil }
            guard bytes.count >= 2 + digits else { return 2 + digits }
            return bytes[2..<(2 + digits)].reduce(0) { $0 << 8 | Int($1) } + 2 + digits
        }
    }

    private static func label(_ line: String, after start: String) -> String? {
        guard line.hasPrefix(start), line.hasSuffix(self.end),
            line.utf8.count > start.utf8.count + self.end.utf8.count
        else { return nil }
        return String(line.dropFirst(start.count).dropLast(self.end.count))
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line.drop { self.isSpace($0) }
        while let last = line.last, self.isSpace(last) { line.removeLast() }
        return line
    }
}
