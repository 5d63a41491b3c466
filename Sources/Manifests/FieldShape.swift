// SPDX-License-Identifier: Apache-2.0

/// The form of a field that Kubernetes knows and that has no effect here.
///
/// A manifest that runs here should be accepted by a cluster too, so what we do not use is still
/// looked at, as far as its form.
indirect enum FieldShape: Sendable {
    /// Anything at all.
    case anything
    /// A string.
    case text
    /// A whole number.
    case integer
    /// `true` or `false`.
    case flag
    /// An amount, `500m` or `64Mi`.
    case quantity
    /// A port's number or name.
    case textOrInteger
    /// Names with strings.
    case textMap
    /// Names with amounts.
    case quantityMap
    /// Values of one form.
    case list(FieldShape)
    /// These fields and no others.
    case object([String: FieldShape])

    /// Notes where `node` does not have this form.
    func check(_ node: YAMLNode, path: String, _ problems: ProblemCollector) {
        guard !node.isNull else { return }
        switch (self, node.content) {
        case (.anything, _):
            break
        case (.list(let shape), .sequence(let nodes)):
            for (index, node) in nodes.enumerated() {
                shape.check(node, path: "\(path)[\(index)]", problems)
            }
        case (.textMap, .mapping(let entries)):
            self.check(entries, are: .text, path: path, problems)
        case (.quantityMap, .mapping(let entries)):
            self.check(entries, are: .quantity, path: path, problems)
        case (.object(let fields), .mapping):
            guard var reader = ObjectReader(node, path: path, problems: problems) else { return }
            reader.accept(fields)
            reader.finish()
        case (_, .scalar(let scalar)) where self.accepts(scalar):
            break
        default:
            problems.error(
                node.mark,
                "\(path): expected \(self.expectation), got \(node.kindName)"
            )
        }
    }

    private func check(
        _ entries: [YAMLEntry],
        are shape: FieldShape,
        path: String,
        _ problems: ProblemCollector
    ) {
        for entry in entries {
            shape.check(entry.value, path: ObjectReader.path(of: entry.key, in: path), problems)
        }
    }

    private func accepts(_ scalar: YAMLScalar) -> Bool {
        switch (self, scalar.value) {
        case (.text, .string), (.integer, .integer), (.flag, .boolean), (.textOrInteger, .string),
            (.textOrInteger, .integer):
            true
        case (.integer, .float(let number)): Int(exactly: number) != nil
        case (.quantity, .string), (.quantity, .integer), (.quantity, .float):
            Quantity.wholeUnits(scalar.text) != nil
        default: false
        }
    }

    private var expectation: String {
        switch self {
        case .anything: "anything"
        case .text: "a string"
        case .integer: "an integer"
        case .flag: "true or false"
        case .quantity: "a quantity of 0 or more, such as 500m or 64Mi"
        case .textOrInteger: "a string or an integer"
        case .textMap, .quantityMap, .object: "a mapping"
        case .list: "a list"
        }
    }
}
