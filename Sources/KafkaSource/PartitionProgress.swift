// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// What a commit tells the next owner of a partition beyond its offset: which later records are
/// finished, and how often the open ones were tried.
///
/// It travels as the metadata of the committed offset, which belongs to exactly this offset.
struct PartitionProgress: Sendable, Equatable {
    /// Bytes of metadata that a broker takes (Kafka, `offset.metadata.max.bytes`).
    static let textBytesMax = 4096
    /// Bytes of the packed form that attempts may take, so that they leave room for the ranges.
    static let attemptBytesMax = 1024
    /// Names the form; metadata that begins otherwise is somebody else's, and is passed over.
    private static let mark = "swiftlet1:"

    /// A record that was tried and is not finished.
    struct Attempts: Sendable, Equatable {
        var offset: Int64
        var count: Int
    }

    /// Finished offsets in rising order, with at least one open record between two ranges.
    var finished: [Range<Int64>] = []
    /// Open records that were tried, in rising order.
    var attempts: [Attempts] = []

    /// Nothing is known.
    static let none = Self()

    var isEmpty: Bool { self.finished.isEmpty && self.attempts.isEmpty }

    // MARK: Text

    /// The metadata for a commit of `base`; empty when there is nothing to tell.
    ///
    /// What does not fit is left out, newest first: the records in it come once more. Attempts have
    /// room for hundreds of records, and the ranges get the rest.
    func text(base: Int64, bytesMax: Int = Self.textBytesMax) -> String {
        guard !self.isEmpty else { return "" }
        let packedMax = (bytesMax - Self.mark.utf8.count) / 4 * 3
        var packed = PackedNumbers()
        var tried = PackedNumbers()
        var triedCount = 0
        var last = base
        for entry in self.attempts where entry.offset >= last {
            var piece = PackedNumbers()
            piece.append(entry.offset - last)
            piece.append(Int64(clamping: entry.count))
            guard tried.bytes.count + piece.bytes.count <= Self.attemptBytesMax else { break }
            tried.bytes += piece.bytes
            triedCount += 1
            last = entry.offset
        }
        packed.append(Int64(triedCount))
        packed.bytes += tried.bytes
        last = base
        for range in self.finished where range.lowerBound >= last {
            var piece = PackedNumbers()
            piece.append(range.lowerBound - last)
            piece.append(range.upperBound - range.lowerBound)
            guard packed.bytes.count + piece.bytes.count <= packedMax else { break }
            packed.bytes += piece.bytes
            last = range.upperBound
        }
        guard packed.bytes.count > 1 else { return "" }
        return Self.mark + Base64.encode(packed.bytes)
    }

    /// Reads the metadata of the committed offset `base`; ``none`` when it is not ours, or broken.
    init(text: String?, base: Int64) {
        guard let text, text.hasPrefix(Self.mark), base >= 0,
            let bytes = Base64.decode(String(text.dropFirst(Self.mark.count))),
            let read = Self.read(PackedNumbers(bytes: bytes), base)
        else { return }
        self = read
    }

    /// Makes progress of its parts.
    init(finished: [Range<Int64>] = [], attempts: [Attempts] = []) {
        self.finished = finished
        self.attempts = attempts
    }

    private static func read(_ numbers: PackedNumbers, _ base: Int64) -> Self? {
        var numbers = numbers
        var progress = Self()
        guard let triedCount = numbers.next() else { return nil }
        var last = base
        var left = triedCount
        while left > 0 {
            guard let gap = numbers.next(), let count = numbers.next(),
                let offset = Self.sum(last, gap)
            else { return nil }
            progress.attempts.append(Attempts(offset: offset, count: Int(clamping: count)))
            last = offset
            left -= 1
        }
        last = base
        while !numbers.isAtEnd {
            guard let gap = numbers.next(), let length = numbers.next(), length > 0,
                let start = Self.sum(last, gap), let end = Self.sum(start, length)
            else { return nil }
            progress.finished.append(start..<end)
            last = end
        }
        return progress
    }

    private static func sum(_ left: Int64, _ right: Int64) -> Int64? {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow || sum == .max ? nil : sum
    }
}

/// Numbers from zero up, seven bits a byte, lowest first; the high bit says that more follow.
struct PackedNumbers {
    var bytes: [UInt8]
    private var index = 0

    init(bytes: [UInt8] = []) { self.bytes = bytes }

    var isAtEnd: Bool { self.index == self.bytes.count }

    /// Adds a number; negative ones, which nobody has, count as zero.
    mutating func append(_ number: Int64) {
        var rest = UInt64(max(0, number))
        while rest > 0x7F {
            self.bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Takes the next number; `nil` at the end, and when it does not fit into 63 bits.
    mutating func next() -> Int64? {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while self.index < self.bytes.count, shift < 63 {
            let byte = self.bytes[self.index]
            self.index += 1
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return Int64(number) }
            shift += 7
        }
        return nil
    }
}
