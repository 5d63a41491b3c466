// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The environment variables of a function, those of Knative's contract by name.
public struct Environment: Sendable {
    /// All variables.
    public let variables: [String: String]

    /// The variables that this process was started with.
    public static let process = Environment(variables: Self.readVariables())

    /// Makes an environment, for tests.
    public init(variables: [String: String]) { self.variables = variables }

    /// The value of a variable; `nil` when it is not set.
    public subscript(_ name: String) -> String? { self.variables[name] }

    /// The name of the Knative Service; `nil` outside of one.
    public var service: String? { self["K_SERVICE"] }
    /// The name of the Knative Revision; `nil` outside of one.
    public var revision: String? { self["K_REVISION"] }

    private static func readVariables() -> [String: String] {
        var variables: [String: String] = [:]
        var cursor = environ
        while let entry = cursor.pointee {
            let text = String(cString: entry)
            if let mark = text.firstIndex(of: "=") {
                variables[String(text[..<mark])] = String(text[text.index(after: mark)...])
            }
            cursor += 1
        }
        return variables
    }
}
