// SPDX-License-Identifier: Apache-2.0

/// What a fuzz target found: a rule that code of ours must keep for every input, and did not.
package struct BrokenProperty: Error, CustomStringConvertible {
    /// The rule, and what broke it.
    package var description: String
}

/// Throws ``BrokenProperty`` unless the condition holds.
func require(
    _ holds: Bool,
    _ rule: @autoclosure () -> String
) throws(BrokenProperty) {
    guard holds else { throw BrokenProperty(description: rule()) }
}

/// Runs what must not fail, and names the rule when it does.
func succeed<Value>(
    _ rule: String,
    _ body: () throws -> Value
) throws(BrokenProperty) -> Value {
    do { return try body() } catch { throw BrokenProperty(description: "\(rule): \(error)") }
}
