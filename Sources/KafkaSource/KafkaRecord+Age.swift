// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Kafka

extension KafkaRecord {
    /// How long ago its timestamp was; `nil` without one, and for one that is still to come.
    ///
    /// A producer may write any 64 bits as a timestamp.
    func age(at now: Timestamp) -> Duration? {
        guard let milliseconds = self.timestampMilliseconds else { return nil }
        let age = now.milliseconds.subtractingReportingOverflow(milliseconds)
        guard !age.overflow, age.partialValue >= 0 else { return nil }
        return .milliseconds(age.partialValue)
    }
}

extension Timestamp {
    /// Whole milliseconds since 1970, of a time of this age of the world.
    fileprivate var milliseconds: Int64 {
        self.secondsSinceEpoch * 1000 + Int64(self.nanoseconds) / 1_000_000
    }
}
