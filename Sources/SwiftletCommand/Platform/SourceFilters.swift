// SPDX-License-Identifier: Apache-2.0

internal import EventFilters
internal import KafkaSource

extension SourceFilter {
    /// Makes a filter of an expression of CloudEvents SQL.
    ///
    /// - Throws: ``CommandError`` that names the place and what is wrong with the expression.
    static func cesql(_ text: String, _ place: String) throws -> SourceFilter {
        do throws(EventFilterError) {
            return SourceFilter(text, try EventFilter.cesql(text))
        } catch {
            throw CommandError("\(place): its filter is no CloudEvents SQL: \(error.reason)")
        }
    }

    /// Makes a filter that is known by `text`.
    init(_ text: String, _ filter: EventFilter) {
        self.init(text) { filter.matches($0) }
    }
}
