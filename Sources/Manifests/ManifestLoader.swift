// SPDX-License-Identifier: Apache-2.0

/// Reads manifests: files, directories and standard input in, a validated set out.
package struct ManifestLoader {
    private let limits: ManifestLimits
    private let problems: ProblemCollector
    private var assembler: ManifestAssembler
    /// Every file in the order read, so that what is told comes in that order.
    private var order: [String: Int] = [:]

    private init(limits: ManifestLimits) {
        self.limits = limits
        self.problems = ProblemCollector(limits: limits)
        self.assembler = ManifestAssembler(limits: limits, problems: self.problems)
    }

    /// Reads `files`; `-` is standard input, and a directory stands for the `.yaml` and `.yml`
    /// files in it, by name.
    ///
    /// Blocks while it reads.
    ///
    /// - Throws: ``ManifestError`` with everything that was found, when any of it is an error.
    package static func load(
        files: [String],
        limits: ManifestLimits = ManifestLimits()
    ) throws(ManifestError) -> ManifestSet {
        var loader = ManifestLoader(limits: limits)
        let reader = ManifestFileReader(limits: limits)
        var fileCount = 0
        for path in files {
            do throws(ManifestFileError) {
                for file in try reader.expand(path) {
                    fileCount += 1
                    guard fileCount <= limits.filesMax else {
                        throw ManifestFileError(
                            file: file,
                            message: "more than \(limits.filesMax) files"
                        )
                    }
                    let name = file == ManifestFileReader.standardInput ? "<stdin>" : file
                    loader.add(try reader.read(file), file: name)
                }
            } catch {
                loader.fail(error)
            }
        }
        return try loader.finish()
    }

    /// Reads manifests from memory; `file` is the name that messages give.
    ///
    /// - Throws: ``ManifestError`` with everything that was found, when any of it is an error.
    package static func load(
        text: String,
        file: String,
        limits: ManifestLimits = ManifestLimits()
    ) throws(ManifestError) -> ManifestSet {
        try self.load(bytes: Array(text.utf8), file: file, limits: limits)
    }

    /// Reads manifests from memory; `file` is the name that messages give.
    ///
    /// - Throws: ``ManifestError`` with everything that was found, when any of it is an error.
    package static func load(
        bytes: [UInt8],
        file: String,
        limits: ManifestLimits = ManifestLimits()
    ) throws(ManifestError) -> ManifestSet {
        var loader = ManifestLoader(limits: limits)
        loader.add(bytes, file: file)
        return try loader.finish()
    }

    private mutating func add(_ bytes: [UInt8], file: String) {
        self.order[file] = self.order[file] ?? self.order.count
        let reader = YAMLReader(file: file, limits: self.limits, problems: self.problems)
        for document in reader.documents(in: bytes) { self.assembler.add(document) }
    }

    private mutating func fail(_ error: ManifestFileError) {
        self.order[error.file] = self.order[error.file] ?? self.order.count
        let mark = SourceMark(file: error.file, line: 1, column: 1)
        self.problems.error(mark, error.message)
    }

    private func finish() throws(ManifestError) -> ManifestSet {
        let diagnostics = self.problems.diagnostics.sorted { left, right in
            let leftPlace = (self.order[left.mark.file] ?? 0, left.mark.line, left.mark.column)
            let rightPlace = (self.order[right.mark.file] ?? 0, right.mark.line, right.mark.column)
            return leftPlace == rightPlace
                ? left.message < right.message : leftPlace < rightPlace
        }
        guard !self.problems.hasErrors else { throw ManifestError(diagnostics) }
        var set = self.assembler.set
        set.diagnostics = diagnostics
        return set
    }
}
