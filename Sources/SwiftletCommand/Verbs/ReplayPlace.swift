// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import FoundationEssentials
internal import Glibc
internal import Kafka

/// How far a replay came, kept in a file so that the next run goes on there.
struct ReplayPlace: Sendable {
    /// The largest file that is read, in bytes.
    private static let bytesMax = 1024 * 1024

    private struct Saved: Codable {
        var topic: String
        var next: [String: Int64]
    }

    private let file: String?
    private let topic: String
    /// What is still to be read of each partition.
    private var ranges: [Int32: Range<Int64>]
    private let total: Int64

    /// Makes a place at the beginning of the ranges, or where the file says.
    ///
    /// - Throws: ``CommandError`` when the file belongs to something else.
    init(file: String?, topic: String, ranges: [Int32: Range<Int64>]) throws {
        self.file = file
        self.topic = topic
        self.ranges = ranges
        self.total = ranges.values.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
        guard let file, access(file, F_OK) == 0 else { return }
        let bytes = try Files.read(file, bytesMax: Self.bytesMax)
        guard let saved = try? JSONDecoder().decode(Saved.self, from: Data(bytes)),
            saved.topic == topic
        else {
            throw CommandError("\(file) does not hold a place in the topic \(topic)")
        }
        for (partition, range) in ranges {
            guard let next = saved.next[String(partition)], next > range.lowerBound else {
                continue
            }
            self.ranges[partition] = min(next, range.upperBound)..<range.upperBound
        }
    }

    /// Where reading begins in each partition that has something left.
    var open: [Int32: Int64] { self.ranges.filter { !$0.value.isEmpty }.mapValues(\.lowerBound) }

    /// Whether nothing is left.
    var isDone: Bool { self.ranges.values.allSatisfy(\.isEmpty) }

    /// How much was read.
    var percent: Int64 {
        let left = self.ranges.values.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
        return self.total == 0 ? 100 : (self.total - left) * 100 / self.total
    }

    /// Whether a record lies in what is left.
    func wants(_ record: KafkaRecord) -> Bool {
        self.ranges[record.partition]?.contains(record.offset) ?? false
    }

    /// Notes that a record, and all before it, need no more attention.
    mutating func done(_ record: KafkaRecord) {
        guard let range = self.ranges[record.partition], range.contains(record.offset) else {
            return
        }
        self.ranges[record.partition] = record.offset + 1..<range.upperBound
    }

    /// Writes the file anew; it is the old one or the new one, never half.
    func save() throws {
        guard let file = self.file else { return }
        var next: [String: Int64] = [:]
        for (partition, range) in self.ranges { next[String(partition)] = range.lowerBound }
        let data = try JSONEncoder().encode(Saved(topic: self.topic, next: next))
        let draft = file + ".new"
        let fd = Glibc.open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard fd >= 0 else { throw SystemError.last(draft) }
        let bytes = Array(data)
        let isWritten = Glibc.write(fd, bytes, bytes.count) == bytes.count && fsync(fd) == 0
        Glibc.close(fd)
        guard isWritten, rename(draft, file) == 0 else { throw SystemError.last(file) }
    }
}
