// SPDX-License-Identifier: Apache-2.0

/// Lays out a JSON text anew without touching its values: order, numbers and escapes stay.
///
/// The layout is the one of Go's `json.Indent`, which the original event display uses.
struct JSONIndenter {
    /// Deeper texts are shown as they are.
    static let depthMax = 512

    private let json: [UInt8]
    private let prefix: [UInt8]
    private let indent: [UInt8]
    private var output: [UInt8] = []
    private var index = 0

    private init(_ json: [UInt8], prefix: String, indent: String) {
        self.json = json
        self.prefix = Array(prefix.utf8)
        self.indent = Array(indent.utf8)
        self.output.reserveCapacity(json.count * 3 / 2)
    }

    /// Puts every member of a JSON text (RFC 8259) on a line of its own.
    ///
    /// - Parameters:
    ///   - json: The text.
    ///   - prefix: Starts every line but the first.
    ///   - indent: Follows the prefix once for each level.
    /// - Returns: The new text; `nil` when `json` is not one JSON text.
    static func indent(_ json: [UInt8], prefix: String, indent: String) -> [UInt8]? {
        var indenter = JSONIndenter(json, prefix: prefix, indent: indent)
        indenter.skipSpace()
        guard indenter.value(depth: 0) else { return nil }
        // What follows is kept, as Go keeps it.
        let rest = json[indenter.index...]
        guard rest.allSatisfy(Self.isSpace) else { return nil }
        return indenter.output + rest
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private var next: UInt8? { self.index < self.json.count ? self.json[self.index] : nil }

    private mutating func skipSpace() {
        while let byte = self.next, Self.isSpace(byte) { self.index += 1 }
    }

    /// Copies the next byte.
    private mutating func copy() {
        self.output.append(self.json[self.index])
        self.index += 1
    }

    /// Copies `byte` when it is the next one.
    private mutating func take(_ byte: Character) -> Bool {
        guard let ascii = byte.asciiValue, self.next == ascii else { return false }
        self.copy()
        return true
    }

    private mutating func newLine(depth: Int) {
        self.output.append(0x0A)
        self.output.append(contentsOf: self.prefix)
        for _ in 0..<depth { self.output.append(contentsOf: self.indent) }
    }

    /// Each part answers whether it found what it stands for.
    private mutating func value(depth: Int) -> Bool {
        guard depth < Self.depthMax else { return false }
        switch self.next {
        case UInt8(ascii: "{"): return self.container("}", depth: depth, isObject: true)
        case UInt8(ascii: "["): return self.container("]", depth: depth, isObject: false)
        case UInt8(ascii: "\""): return self.string()
        case UInt8(ascii: "t"): return self.literal("true")
        case UInt8(ascii: "f"): return self.literal("false")
        case UInt8(ascii: "n"): return self.literal("null")
        default: return self.number()
        }
    }

    private mutating func container(_ close: Character, depth: Int, isObject: Bool) -> Bool {
        self.copy()
        self.skipSpace()
        if self.take(close) { return true }
        while true {
            self.newLine(depth: depth + 1)
            if isObject, !self.name() { return false }
            guard self.value(depth: depth + 1) else { return false }
            self.skipSpace()
            if self.take(",") {
                self.skipSpace()
                continue
            }
            self.newLine(depth: depth)
            return self.take(close)
        }
    }

    private mutating func name() -> Bool {
        guard self.next == UInt8(ascii: "\""), self.string() else { return false }
        self.skipSpace()
        guard self.take(":") else { return false }
        self.output.append(0x20)
        self.skipSpace()
        return true
    }

    private mutating func string() -> Bool {
        self.copy()
        while let byte = self.next {
            switch byte {
            case UInt8(ascii: "\""):
                self.copy()
                return true
            case UInt8(ascii: "\\"):
                self.copy()
                guard self.escape() else { return false }
            case 0..<0x20: return false
            default: self.copy()
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard let byte = self.next else { return false }
        self.copy()
        guard byte == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(byte) }
        for _ in 0..<4 {
            guard let digit = self.next, Self.isHex(digit) else { return false }
            self.copy()
        }
        return true
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    private mutating func literal(_ word: String) -> Bool {
        guard self.json[self.index...].starts(with: word.utf8) else { return false }
        for _ in word.utf8 { self.copy() }
        return true
    }

    /// RFC 8259 section 6.
    private mutating func number() -> Bool {
        _ = self.take("-")
        if !self.take("0"), !self.digits() { return false }
        if self.take("."), !self.digits() { return false }
        guard self.take("e") || self.take("E") else { return true }
        _ = self.take("+") || self.take("-")
        return self.digits()
    }

    /// At least one digit.
    private mutating func digits() -> Bool {
        let start = self.index
        while let byte = self.next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { self.copy() }
        return self.index > start
    }
}
