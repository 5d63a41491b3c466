// SPDX-License-Identifier: Apache-2.0

/// A value read from a manifest, with the place that a message about it names.
struct Field<Value> {
    let value: Value
    let mark: SourceMark
    /// The path from the top of the object, `spec.template.spec.containers[0].image`.
    let path: String
}

extension Field: Sendable where Value: Sendable {}

extension ProblemCollector {
    /// Notes that a field's value cannot be used.
    func error<Value>(_ field: Field<Value>, _ message: String) {
        self.error(field.mark, "\(field.path): \(message)")
    }

    /// Notes that a field's value has no effect here.
    func warning<Value>(_ field: Field<Value>, _ message: String) {
        self.warning(field.mark, "\(field.path): \(message)")
    }

    /// Whether a name keeps `rule`; notes what the rule is when it does not.
    @discardableResult
    func check(_ field: Field<String>, is rule: NameRule) -> Bool {
        guard !rule.accepts(field.value) else { return true }
        self.error(field, "expected \(rule.expectation), got \(ShownText.quoted(field.value))")
        return false
    }
}
