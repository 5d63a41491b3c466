// SPDX-License-Identifier: Apache-2.0

/// What a source has left to do.
package struct KafkaSourceLag: Sendable, Equatable {
    /// Records that are there and not finished, those with the sink among them.
    package var records: Int
    /// Most events that can be with the sink at the same time: where order is kept, one of each
    /// partition that has lag.
    package var parallelMax: Int

    /// Nothing is left.
    package static let none = Self(records: 0, parallelMax: 0)

    /// Makes one of the lags of single partitions; `nil` where it is not known.
    ///
    /// - Parameters:
    ///   - lags: One for each partition.
    ///   - ordering: Which records wait for which.
    ///   - inFlightMax: Most events that the source sends at the same time.
    init(of lags: [Int64?], ordering: DeliveryOrdering, inFlightMax: Int) {
        var (records, partitions) = (0, 0)
        for case let lag? in lags where lag > 0 {
            let (sum, overflow) = records.addingReportingOverflow(Int(lag))
            records = overflow ? .max : sum
            partitions += 1
        }
        let parallelMax =
            switch ordering {
            case .ordered: partitions
            case .key, .unordered: records
            }
        self.init(records: records, parallelMax: min(parallelMax, inFlightMax))
    }

    private init(records: Int, parallelMax: Int) {
        self.records = records
        self.parallelMax = parallelMax
    }
}
