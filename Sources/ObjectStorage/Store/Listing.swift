// SPDX-License-Identifier: Apache-2.0

/// Which keys a client wants to see.
struct ListingQuery: Equatable {
    /// Most entries of one page, whatever the client asks for.
    static let entriesMax = 1000

    /// How keys must start.
    var prefix: [UInt8] = []
    /// Keys that hold it behind the prefix are rolled up into one common prefix; empty for none.
    var delimiter: [UInt8] = []
    /// Only what comes after this is listed: a key, or a common prefix that was listed already.
    var after: [UInt8] = []
    /// Most keys and common prefixes together.
    var entriesMax = Self.entriesMax
}

/// One page of a listing.
struct ListingPage<Value> {
    /// What a page is made of, in the order of keys.
    enum Entry {
        case object(ObjectKey, Value)
        case commonPrefix([UInt8])
    }

    var entries: [Entry] = []
    /// Whether there is more.
    var isTruncated = false
    /// What the next page comes after; `nil` when there is none.
    var next: [UInt8]?

    var objects: [(key: ObjectKey, value: Value)] {
        self.entries.compactMap { entry in
            if case .object(let key, let value) = entry { (key, value) } else { nil }
        }
    }

    var commonPrefixes: [[UInt8]] {
        self.entries.compactMap { entry in
            if case .commonPrefix(let prefix) = entry { prefix } else { nil }
        }
    }
}

extension SortedIndex {
    /// Makes one page; a group of rolled-up keys is stepped over at once, however many it has.
    func list(_ query: ListingQuery) -> ListingPage<Value> {
        var page = ListingPage<Value>()
        let entriesMax = min(query.entriesMax, ListingQuery.entriesMax)
        guard entriesMax > 0 else { return page }
        let start = ObjectKey.isOrdered(query.prefix, query.after) ? query.after : query.prefix
        var cursor = self.first(atOrAfter: start)
        while let place = cursor {
            let (key, value) = self[place]
            guard key.bytes.starts(with: query.prefix) else { break }
            if let group = Self.commonPrefix(of: key.bytes, query) {
                if group == query.after {
                    cursor = Self.successor(of: group).flatMap { self.first(atOrAfter: $0) }
                    continue
                }
                if key.bytes == query.after {
                    cursor = self.next(after: place)
                    continue
                }
                guard page.entries.count < entriesMax else { return page.truncated() }
                page.entries.append(.commonPrefix(group))
                cursor = Self.successor(of: group).flatMap { self.first(atOrAfter: $0) }
            } else {
                cursor = self.next(after: place)
                if key.bytes == query.after { continue }
                guard page.entries.count < entriesMax else { return page.truncated() }
                page.entries.append(.object(key, value))
            }
        }
        return page
    }

    /// The key up to and with the first delimiter behind the prefix; `nil` when there is none.
    private static func commonPrefix(of key: [UInt8], _ query: ListingQuery) -> [UInt8]? {
        let delimiter = query.delimiter
        guard let first = delimiter.first else { return nil }
        var index = query.prefix.count
        while key.count - index >= delimiter.count {
            if key[index] == first, key[index...].starts(with: delimiter) {
                return Array(key[..<(index + delimiter.count)])
            }
            index += 1
        }
        return nil
    }

    /// The first bytes after all that start with `prefix`; `nil` when nothing can come after.
    private static func successor(of prefix: [UInt8]) -> [UInt8]? {
        var bytes = prefix
        while let last = bytes.popLast() {
            if last < .max { return bytes + [last + 1] }
        }
        return nil
    }
}

extension ListingPage {
    /// The page as one with more behind it.
    fileprivate func truncated() -> Self {
        var page = self
        page.isTruncated = true
        switch page.entries.last {
        case .object(let key, _)?: page.next = key.bytes
        case .commonPrefix(let prefix)?: page.next = prefix
        case nil: page.next = nil
        }
        return page
    }
}
