// SPDX-License-Identifier: Apache-2.0

/// A function that expressions can call, built in or of a user (CESQL 1.0.0 section 3.5).
///
/// ```swift
/// let hasPrefix = CESQLFunction("HAS_PREFIX", [.string, .string], returns: .boolean) { values in
///     guard case .string(let text) = values[0], case .string(let prefix) = values[1]
///     else { return CESQLResult(.boolean(false)) }
///     return CESQLResult(.boolean(text.hasPrefix(prefix)))
/// }
/// ```
public struct CESQLFunction: Sendable {
    /// What an argument must be.
    public enum Parameter: Sendable {
        /// A Boolean, or what can be cast to one.
        case boolean
        /// An Integer, or what can be cast to one.
        case integer
        /// A String, to which everything can be cast.
        case string
        /// A value of any type, which is not cast.
        case any

        /// The type that arguments are cast to; `nil` for any.
        var type: CESQLType? {
            switch self {
            case .boolean: .boolean
            case .integer: .integer
            case .string: .string
            case .any: nil
            }
        }
    }

    /// What a function does; it must depend on nothing but its arguments.
    ///
    /// There are as many values as ``CESQLFunction`` has parameters, or more if it is variadic,
    /// and they have the parameters' types. With errors it still gives a value of its type.
    public typealias Body = @Sendable (_ values: [CESQLValue]) -> CESQLResult

    /// The name, in upper case.
    public let name: String
    /// The arguments that every call has.
    public let parameters: [Parameter]
    /// The kind of all further arguments; `nil` when there can be none.
    public let variadic: Parameter?
    /// The type of the value.
    public let result: CESQLType
    let body: Body

    /// Makes a function; ``CESQLFunctions/add(_:)`` says whether it can be used.
    ///
    /// - Parameters:
    ///   - name: Letters and `_`, a letter first; case does not matter.
    ///   - parameters: The arguments that every call has.
    ///   - variadic: The kind of all further arguments.
    ///   - result: The type of the value.
    ///   - body: What it does; called on the thread that evaluates the expression.
    public init(
        _ name: String,
        _ parameters: [Parameter],
        variadic: Parameter? = nil,
        returns result: CESQLType,
        _ body: @escaping Body
    ) {
        self.name = name.uppercased()
        self.parameters = parameters
        self.variadic = variadic
        self.result = result
        self.body = body
    }

    /// Whether functions can have the name (section 2.4).
    static func isName(_ name: String) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool {
            UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
        }
        return name.utf8.first.map(isLetter) == true
            && name.utf8.allSatisfy { isLetter($0) || $0 == UInt8(ascii: "_") }
    }

    /// The parameter of the argument at `index`.
    func parameter(at index: Int) -> Parameter {
        index < self.parameters.count ? self.parameters[index] : self.variadic ?? .any
    }
}

/// Why a function cannot be added.
public enum CESQLFunctionError: Error, Equatable, Sendable {
    /// The name has more than letters and `_`, does not begin with a letter, or is a keyword.
    case nameInvalid(String)
    /// A call could mean this function or another of the same name.
    case ambiguous(String)
}

extension CESQLFunctionError: CustomStringConvertible {
    /// One sentence that says what is wrong and what to do.
    public var description: String {
        switch self {
        case .nameInvalid(let name):
            "\(name) is no name of a function: use letters and _, and no keyword"
        case .ambiguous(let name):
            "calls of \(name) would be ambiguous: give it another name or number of arguments"
        }
    }
}

/// The functions that an expression can call.
public struct CESQLFunctions: Sendable {
    /// Those that every engine has (CESQL 1.0.0 section 3.5), and the casts of section 3.7.
    public static let builtIn = Self(BuiltInFunctions.all)

    private var overloads: [String: [CESQLFunction]] = [:]

    private init(_ functions: [CESQLFunction]) {
        for function in functions { self.overloads[function.name, default: []].append(function) }
    }

    /// Adds a function for the expressions that are read from now on.
    ///
    /// Of one name there may be functions with different numbers of arguments, and one that is
    /// variadic, if it has more fixed arguments than all others.
    ///
    /// - Throws: ``CESQLFunctionError`` when no call, or no single one, could mean it.
    public mutating func add(_ function: CESQLFunction) throws(CESQLFunctionError) {
        guard CESQLFunction.isName(function.name), Keyword(rawValue: function.name) == nil else {
            throw .nameInvalid(function.name)
        }
        let others = self.overloads[function.name, default: []]
        guard !others.contains(where: { Self.collide($0, function) }) else {
            throw .ambiguous(function.name)
        }
        self.overloads[function.name] = others + [function]
    }

    private static func collide(_ one: CESQLFunction, _ other: CESQLFunction) -> Bool {
        switch (one.variadic != nil, other.variadic != nil) {
        case (true, true): return true
        case (true, false): return one.parameters.count <= other.parameters.count
        case (false, true): return other.parameters.count <= one.parameters.count
        case (false, false): return one.parameters.count == other.parameters.count
        }
    }

    /// The function that a call means, if there is one.
    func function(_ name: String, arguments count: Int) -> CESQLFunction? {
        self.overloads[name.uppercased()]?.first { function in
            function.parameters.count == count
                || function.variadic != nil && function.parameters.count < count
        }
    }
}
