// SPDX-License-Identifier: Apache-2.0

/// Reads an expression (CESQL 1.0.0 section 2), its operators in the order of section 3.6.
///
/// Where the rules leave a choice:
/// - Names of attributes may be written in upper case too, and mean the lower case.
/// - `-` and `+` right before digits make a number where a value is expected, and are operators
///   everywhere else; so `4-1` is a subtraction.
/// - `AND`, `OR` and `XOR` bind alike, and are read from left to right.
struct Parser {
    /// How tightly operators between two values bind, the loosest first.
    private enum Level: Int {
        case comparison
        case sum
        case product
        case membership
        case like

        /// The level of what may stand to the right of such an operator.
        var next: Self { Self(rawValue: self.rawValue + 1) ?? .like }
    }

    private enum Infix {
        case comparison(ComparisonOperator)
        case arithmetic(ArithmeticOperator)
        case like
        case membership

        var level: Level {
            switch self {
            case .comparison: .comparison
            case .arithmetic(.add), .arithmetic(.subtract): .sum
            case .arithmetic: .product
            case .membership: .membership
            case .like: .like
            }
        }
    }

    /// A finished part.
    private struct Tree {
        var node: Node
        /// Nodes within each other, this one included.
        var depth: Int
    }

    private let text: [UInt8]
    private let functions: CESQLFunctions
    private let limits: CESQLLimits
    private var lexer: Lexer
    /// The token that is looked at, and the one behind it.
    private var token: Token
    private var following: Token
    private var nodesCount = 0
    /// Values within each other that are being read; bounds the recursion before there is a tree.
    private var nesting = 0

    private init(
        _ text: [UInt8],
        _ functions: CESQLFunctions,
        _ limits: CESQLLimits
    ) throws(ParseFailure) {
        self.text = text
        self.functions = functions
        self.limits = limits
        self.lexer = Lexer(text)
        self.token = try self.lexer.next()
        self.following = try self.lexer.next()
    }

    /// Reads the whole of `text`.
    static func parse(
        _ text: [UInt8],
        functions: CESQLFunctions,
        limits: CESQLLimits
    ) throws(ParseFailure) -> Node {
        guard text.count <= limits.textBytesMax else {
            throw ParseFailure(fault: .tooLong(limitBytes: limits.textBytesMax), offset: 0)
        }
        var parser = try Self(text, functions, limits)
        let tree = try parser.expression()
        guard parser.token.kind == .end else { throw parser.unexpected("an operator or the end") }
        return tree.node
    }

    // MARK: Operators between two values

    private mutating func expression() throws(ParseFailure) -> Tree {
        let first = try self.operation(.comparison)
        var links: [Node.Link] = []
        var depth = first.depth
        while let logic = self.logicOperator {
            try self.advance()
            let operand = try self.operation(.comparison)
            try self.countNode()
            links.append(Node.Link(logic: logic, operand: operand.node))
            depth = max(depth, operand.depth)
        }
        guard !links.isEmpty else { return first }
        return try self.deepened(.logic(first.node, links), over: depth)
    }

    private var logicOperator: LogicOperator? {
        switch self.token.kind {
        case .keyword(.and): .and
        case .keyword(.or): .or
        case .keyword(.xor): .xor
        default: nil
        }
    }

    private mutating func operation(_ level: Level) throws(ParseFailure) -> Tree {
        var left = try self.value()
        while let (infix, isNegated) = try self.infix(), infix.level.rawValue >= level.rawValue {
            if isNegated { try self.advance() }
            try self.advance()
            left = try self.finish(infix, left)
            if isNegated { left = try self.tree(.not(left.node), over: left.depth) }
        }
        return left
    }

    /// The operator that is looked at, and whether a `NOT` stands before it.
    private func infix() throws(ParseFailure) -> (Infix, isNegated: Bool)? {
        switch self.token.kind {
        case .comparison(let comparison): return (.comparison(comparison), false)
        case .arithmetic(let arithmetic): return (.arithmetic(arithmetic), false)
        case .keyword(.like): return (.like, false)
        case .keyword(.in): return (.membership, false)
        case .keyword(.not):
            switch self.following.kind {
            case .keyword(.like): return (.like, true)
            case .keyword(.in): return (.membership, true)
            default: throw self.unexpected("an operator or the end")
            }
        default: return nil
        }
    }

    private mutating func finish(_ infix: Infix, _ left: Tree) throws(ParseFailure) -> Tree {
        switch infix {
        case .comparison(let comparison):
            let right = try self.operation(infix.level.next)
            let depth = max(left.depth, right.depth)
            return try self.tree(.comparison(comparison, left.node, right.node), over: depth)
        case .arithmetic(let arithmetic):
            let right = try self.operation(infix.level.next)
            let depth = max(left.depth, right.depth)
            return try self.tree(.arithmetic(arithmetic, left.node, right.node), over: depth)
        case .like:
            return try self.tree(.like(left.node, try self.pattern()), over: left.depth)
        case .membership:
            guard self.token.kind == .leftParenthesis else { throw self.unexpected("(") }
            try self.advance()
            let (elements, depth) = try self.list()
            return try self.tree(
                .membership(left.node, elements),
                over: max(left.depth, depth)
            )
        }
    }

    private mutating func pattern() throws(ParseFailure) -> LikePattern {
        guard case .string(let text) = self.token.kind else {
            throw self.unexpected("a pattern in quotes")
        }
        guard let pattern = LikePattern(text) else {
            throw self.failure(.patternTooLong(limit: LikePattern.countMax))
        }
        try self.advance()
        return pattern
    }

    // MARK: Values

    private mutating func value() throws(ParseFailure) -> Tree {
        self.nesting += 1
        defer { self.nesting -= 1 }
        guard self.nesting <= self.limits.depthMax else { throw self.tooDeep }
        switch self.token.kind {
        case .keyword(.not):
            try self.advance()
            let operand = try self.value()
            return try self.tree(.not(operand.node), over: operand.depth)
        case .arithmetic(let sign) where sign == .subtract || sign == .add:
            return try self.signed(sign)
        case .keyword(.exists):
            try self.advance()
            guard case .word(let name) = self.token.kind else {
                throw self.unexpected("the name of an attribute")
            }
            return try self.leaf(.exists(try self.attribute(name)))
        case .leftParenthesis:
            try self.advance()
            let tree = try self.expression()
            try self.expect(.rightParenthesis, ") or an operator")
            return tree
        case .keyword(.true): return try self.leaf(.literal(.boolean(true)))
        case .keyword(.false): return try self.leaf(.literal(.boolean(false)))
        case .digits(let digits): return try self.leaf(.literal(try self.integer(digits)))
        case .string(let text): return try self.leaf(.literal(.string(text)))
        case .word(let name):
            if self.following.kind == .leftParenthesis { return try self.call(name) }
            return try self.leaf(.attribute(try self.attribute(name)))
        default: throw self.unexpected("a value")
        }
    }

    /// What begins with a sign: a number, or an operation for `-`.
    private mutating func signed(_ sign: ArithmeticOperator) throws(ParseFailure) -> Tree {
        let isNumber = self.following.range.lowerBound == self.token.range.upperBound
        if isNumber, case .digits(let digits) = self.following.kind {
            let value = try self.integer((sign == .add ? "+" : "-") + digits)
            try self.advance()
            return try self.leaf(.literal(value))
        }
        guard sign == .subtract else { throw self.unexpected("a value") }
        try self.advance()
        let operand = try self.value()
        return try self.tree(.negate(operand.node), over: operand.depth)
    }

    private func integer(_ digits: String) throws(ParseFailure) -> CESQLValue {
        guard let value = Int32(digits) else { throw self.failure(.integerOutOfRange) }
        return .integer(value)
    }

    private func attribute(_ name: String) throws(ParseFailure) -> EventAttribute {
        guard !name.utf8.contains(UInt8(ascii: "_")) else {
            throw self.failure(.nameInvalid(name))
        }
        return EventAttribute(name: name.lowercased())
    }

    private mutating func call(_ name: String) throws(ParseFailure) -> Tree {
        guard CESQLFunction.isName(name) else { throw self.failure(.nameInvalid(name)) }
        try self.advance()
        try self.advance()
        var arguments: [Node] = []
        var depth = 0
        if self.token.kind == .rightParenthesis {
            try self.advance()
        } else {
            (arguments, depth) = try self.list()
        }
        let node: Node
        if let function = self.functions.function(name, arguments: arguments.count) {
            node = .call(function, arguments)
        } else {
            node = .missingFunction(
                .missingFunction(name.uppercased(), arguments: arguments.count)
            )
        }
        return try self.tree(node, over: depth)
    }

    /// One or more expressions and the parenthesis that closes them.
    private mutating func list() throws(ParseFailure) -> (nodes: [Node], depth: Int) {
        var nodes: [Node] = []
        var depth = 0
        while true {
            let tree = try self.expression()
            nodes.append(tree.node)
            depth = max(depth, tree.depth)
            guard self.token.kind == .comma else { break }
            try self.advance()
        }
        try self.expect(.rightParenthesis, ", or ) or an operator")
        return (nodes, depth)
    }

    // MARK: Parts

    private mutating func leaf(_ node: Node) throws(ParseFailure) -> Tree {
        try self.advance()
        return try self.tree(node, over: 0)
    }

    private mutating func tree(_ node: Node, over depth: Int) throws(ParseFailure) -> Tree {
        try self.countNode()
        return try self.deepened(node, over: depth)
    }

    private func deepened(_ node: Node, over depth: Int) throws(ParseFailure) -> Tree {
        guard depth < self.limits.depthMax else { throw self.tooDeep }
        return Tree(node: node, depth: depth + 1)
    }

    private mutating func countNode() throws(ParseFailure) {
        self.nodesCount += 1
        guard self.nodesCount <= self.limits.nodesMax else {
            throw self.failure(.tooManyNodes(limit: self.limits.nodesMax))
        }
    }

    private mutating func advance() throws(ParseFailure) {
        self.token = self.following
        self.following = try self.lexer.next()
    }

    private mutating func expect(
        _ kind: Token.Kind,
        _ expected: String
    ) throws(ParseFailure) {
        guard self.token.kind == kind else { throw self.unexpected(expected) }
        try self.advance()
    }

    // MARK: Errors

    private var tooDeep: ParseFailure { self.failure(.tooDeep(limit: self.limits.depthMax)) }

    private func failure(_ fault: CESQLParseError.Fault) -> ParseFailure {
        ParseFailure(fault: fault, offset: self.token.range.lowerBound)
    }

    private func unexpected(_ expected: String) -> ParseFailure {
        let lengthMax = 30
        var found = "the end"
        if self.token.kind != .end {
            let text = String(decoding: self.text[self.token.range], as: UTF8.self)
            let scalars = text.unicodeScalars
            found = scalars.prefix(lengthMax).map(Self.printable).joined()
            if scalars.count > lengthMax { found += "…" }
        }
        return self.failure(.unexpected(found: found, expected: expected))
    }

    private static func printable(_ scalar: Unicode.Scalar) -> String {
        // Quotes would be escaped as well.
        scalar == "'" || scalar == "\"" ? String(scalar) : scalar.escaped(asASCII: false)
    }
}
