// SPDX-License-Identifier: Apache-2.0

internal import EventFilters

extension SourceFilter {
    /// Delivers what an expression of CloudEvents SQL is true for.
    ///
    /// - Parameter expression: The text of the expression.
    /// - Returns: The filter.
    /// - Throws: ``KafkaSourceError`` saying what is wrong with the expression, and where.
    package static func cesql(_ expression: String) throws(KafkaSourceError) -> Self {
        do {
            let filter = try EventFilter.cesql(expression)
            return Self(expression) { filter.matches($0) }
        } catch {
            throw KafkaSourceError(message: "\(error)")
        }
    }

    /// Delivers what both filters admit.
    package func and(_ other: Self) -> Self {
        Self("(\(self.text)) AND (\(other.text))") { self.admits($0) && other.admits($0) }
    }
}
