// SPDX-License-Identifier: Apache-2.0

/// Reads values out of annotations, which are always texts.
struct AnnotationReader {
    let problems: ProblemCollector
    private let annotations: [String: Field<String>]
    private let domain: String
    private var known: Set<String> = []

    init(
        _ annotations: [String: Field<String>],
        domain: String,
        _ problems: ProblemCollector
    ) {
        self.annotations = annotations
        self.domain = domain
        self.problems = problems
    }

    /// The annotation by its name, or else by the older one.
    mutating func text(_ name: String, _ oldName: String? = nil) -> Field<String>? {
        let newest = self.domain + name
        let older = self.domain + (oldName ?? name)
        self.known.formUnion([newest, older])
        return self.annotations[newest] ?? self.annotations[older]
    }

    /// A whole number within `range`.
    mutating func integer(
        _ name: String,
        _ oldName: String? = nil,
        in range: ClosedRange<Int>
    ) -> Int? {
        guard let field = self.text(name, oldName) else { return nil }
        if let number = Int(field.value), range.contains(number) { return number }
        self.refuse(field, "an integer from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    /// A number within `range`.
    mutating func number(
        _ name: String,
        _ oldName: String? = nil,
        in range: ClosedRange<Double>
    ) -> Double? {
        guard let field = self.text(name, oldName) else { return nil }
        if let number = Double(field.value), range.contains(number) { return number }
        let upper = range.upperBound < 1e9 ? " to \(range.upperBound)" : " or more"
        self.refuse(field, "a number, \(range.lowerBound)\(upper)")
        return nil
    }

    /// A length of time in Go's form within `range`.
    mutating func duration(
        _ name: String,
        in range: ClosedRange<Duration>,
        wholeSeconds: Bool
    ) -> Duration? {
        guard let field = self.text(name) else { return nil }
        let duration = try? DurationText.go(field.value)
        guard let duration, range.contains(duration) else {
            let lower = range.lowerBound.components.seconds
            let upper = range.upperBound.components.seconds
            self.refuse(field, "a duration such as 90s or 1m30s, \(lower)s to \(upper)s")
            return nil
        }
        guard !wholeSeconds || duration.components.attoseconds == 0 else {
            self.refuse(field, "whole seconds")
            return nil
        }
        return duration
    }

    /// One of the words of `Word`.
    mutating func choice<Word: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        of type: Word.Type
    ) -> Word? {
        guard let field = self.text(name) else { return nil }
        if let word = Word(rawValue: field.value) { return word }
        self.refuse(field, "one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
        return nil
    }

    /// Warns of annotations in the domain that nobody asked for.
    func finish() {
        for (name, field) in self.annotations.sorted(by: { $0.key < $1.key })
        where name.hasPrefix(self.domain) && !self.known.contains(name) {
            guard !self.problems.isFull else { return }
            let nearest = NearestName.of(name, among: self.known)
            let hint = nearest.map { "; did you mean \($0)?" } ?? ""
            self.problems.warning(field, "unknown annotation\(hint)")
        }
    }

    private func refuse(_ field: Field<String>, _ expectation: String) {
        self.problems.error(
            field,
            "expected \(expectation), got \(ShownText.quoted(field.value))"
        )
    }
}
