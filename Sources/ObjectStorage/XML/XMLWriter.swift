// SPDX-License-Identifier: Apache-2.0

/// Writes the small XML documents of S3, elements only.
struct XMLWriter {
    /// The namespace of all documents of S3.
    static let namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

    /// The document so far.
    private(set) var bytes: [UInt8] = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)

    /// A document with one root in S3's namespace.
    static func document(_ root: String, _ content: (inout Self) -> Void) -> [UInt8] {
        var writer = Self()
        writer.bytes.append(contentsOf: "<\(root) xmlns=\"\(Self.namespace)\">".utf8)
        content(&writer)
        writer.bytes.append(contentsOf: "</\(root)>".utf8)
        return writer.bytes
    }

    /// A document whose root, in S3's namespace, holds nothing but text.
    static func document(_ root: String, text: String) -> [UInt8] {
        Self.document(root) { $0.append(text) }
    }

    /// Writes an element with elements inside.
    mutating func element(_ name: String, _ content: (inout Self) -> Void) {
        self.bytes.append(contentsOf: "<\(name)>".utf8)
        content(&self)
        self.bytes.append(contentsOf: "</\(name)>".utf8)
    }

    /// Writes an element with text inside.
    mutating func element(_ name: String, _ text: String) {
        self.bytes.append(contentsOf: "<\(name)>".utf8)
        self.append(text)
        self.bytes.append(contentsOf: "</\(name)>".utf8)
    }

    /// Writes an element with a number inside.
    mutating func element(_ name: String, _ number: some BinaryInteger) {
        self.element(name, String(number))
    }

    /// Control characters become references, which S3 clients read though XML 1.0 has none.
    private mutating func append(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): self.bytes.append(contentsOf: "&amp;".utf8)
            case UInt8(ascii: "<"): self.bytes.append(contentsOf: "&lt;".utf8)
            case UInt8(ascii: ">"): self.bytes.append(contentsOf: "&gt;".utf8)
            case UInt8(ascii: "\""): self.bytes.append(contentsOf: "&#34;".utf8)
            case UInt8(ascii: "'"): self.bytes.append(contentsOf: "&#39;".utf8)
            case 0..<0x20: self.bytes.append(contentsOf: "&#\(byte);".utf8)
            default: self.bytes.append(byte)
            }
        }
    }
}
