// SPDX-License-Identifier: Apache-2.0

/// Reads the documents of one YAML file.
struct YAMLReader {
    let file: String
    let limits: ManifestLimits
    let problems: ProblemCollector

    /// The documents in `bytes`, empty ones left out.
    ///
    /// What is wrong goes to the collector. After an error of syntax the documents before it are
    /// returned, so that what is wrong in them is told as well.
    func documents(in bytes: [UInt8]) -> [YAMLNode] {
        guard bytes.count <= self.limits.inputBytesMax else {
            self.fail(1, 1, "longer than \(self.limits.inputBytesMax) bytes")
            return []
        }
        var builder = YAMLTreeBuilder(
            file: self.file,
            limits: self.limits,
            problems: self.problems
        )
        bytes.withUnsafeBufferPointer { buffer in
            // A byte order mark says nothing in UTF-8 (YAML 1.2.2 section 5.2).
            let hasMark = buffer.starts(with: [0xEF, 0xBB, 0xBF])
            let text = UnsafeBufferPointer(rebasing: buffer.dropFirst(hasMark ? 3 : 0))
            guard self.checkEncoding(of: text), self.checkDirectives(in: text) else { return }
            do throws(YAMLSyntaxError) {
                try Self.read(text, into: &builder)
            } catch {
                self.fail(error.line, error.column, error.message)
            }
        }
        return builder.documents
    }

    private static func read(
        _ text: UnsafeBufferPointer<UInt8>,
        into builder: inout YAMLTreeBuilder
    ) throws(YAMLSyntaxError) {
        var reader = try YAMLEventReader(bytes: text)
        while true {
            let event = try reader.next()
            if case .streamEnd = event.kind { return }
            try builder.received(event)
        }
    }

    /// Whether `text` is UTF-8, the only encoding that Kubernetes reads.
    private func checkEncoding(of text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard String(validating: text, as: UTF8.self) == nil else { return true }
        let isUTF16 = text.starts(with: [0xFF, 0xFE]) || text.starts(with: [0xFE, 0xFF])
        let place = TextPlace(of: Self.firstInvalidOffset(in: text), in: text)
        let found = isUTF16 ? "this is UTF-16" : "this byte is not part of it"
        self.fail(place.line, place.column, "expected UTF-8, \(found): save the file as UTF-8")
        return false
    }

    /// Whether there are few enough lines that can be directives.
    private func checkDirectives(in text: UnsafeBufferPointer<UInt8>) -> Bool {
        var count = 0
        var isLineStart = true
        for (offset, byte) in text.enumerated() {
            if isLineStart, byte == UInt8(ascii: "%") {
                count += 1
                guard count <= self.limits.directivesMax else {
                    let place = TextPlace(of: offset, in: text)
                    let message = "more than \(self.limits.directivesMax) directives in a file"
                    self.fail(place.line, place.column, message)
                    return false
                }
            }
            isLineStart = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
        }
        return true
    }

    /// Where UTF-8 ends to be such.
    private static func firstInvalidOffset(in text: UnsafeBufferPointer<UInt8>) -> Int {
        var decoder = UTF8()
        var bytes = text.makeIterator()
        var offset = 0
        while case .scalarValue(let scalar) = decoder.decode(&bytes) {
            offset += UTF8.width(scalar)
        }
        return offset
    }

    private func fail(_ line: Int, _ column: Int, _ message: String) {
        self.problems.error(SourceMark(file: self.file, line: line, column: column), message)
    }
}
