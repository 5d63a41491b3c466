// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The environment variables of a function, those of Knative's contract by name.
public struct Environment: Sendable {
    /// What was given; `nil` for what the process was started with.
    private let given: [String: String]?

    /// The variables that this process was started with.
    public static let process = Environment(given: nil)

    private init(given: [String: String]?) { self.given = given }

    /// Makes an environment, for tests.
    public init(variables: [String: String]) { self.init(given: variables) }

    /// All variables; those of the process are read each time.
    public var variables: [String: String] { self.given ?? Self.readVariables() }

    /// The value of a variable; `nil` when it is not set.
    public subscript(_ name: String) -> String? {
        if let given = self.given { return given[name] }
        // One of a few: to make a dictionary of all of them would be a tenth of a start.
        return getenv(name).map { String(cString: $0) }
    }

    /// The name of the Knative Service; `nil` outside of one.
    public var service: String? { self["K_SERVICE"] }
    /// The name of the Knative Revision; `nil` outside of one.
    public var revision: String? { self["K_REVISION"] }

    private static func readVariables() -> [String: String] {
        var variables: [String: String] = [:]
        var cursor = environ
        while let entry = cursor.pointee {
            let text = String(cString: entry)
            if let mark = text.utf8.firstIndex(of: UInt8(ascii: "=")) {
                variables[String(text[..<mark])] = String(text[text.utf8.index(after: mark)...])
            }
            cursor += 1
        }
        return variables
    }
}
