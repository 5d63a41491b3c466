// SPDX-License-Identifier: Apache-2.0

/// A sorted dictionary of object keys, made to be listed from any place.
///
/// Entries lie in blocks of bounded length, so that adding one to a million moves a few hundred.
struct SortedIndex<Value> {
    /// Most entries in one block; a longer one is cut in two.
    private static var blockCountMax: Int { 512 }

    private struct Block {
        var keys: [ObjectKey] = []
        var values: [Value] = []
    }

    /// A place in the index; any change of the index ends its use.
    struct Cursor: Equatable {
        fileprivate var block: Int
        fileprivate var item: Int
    }

    private var blocks: [Block] = []
    /// How many entries there are.
    private(set) var count = 0

    /// The value of `key`.
    subscript(key: ObjectKey) -> Value? {
        guard let (place, isFound) = self.locate(key.bytes), isFound else { return nil }
        return self.blocks[place.block].values[place.item]
    }

    /// Adds an entry or replaces its value.
    mutating func set(_ key: ObjectKey, _ value: Value) {
        guard let (place, isFound) = self.locate(key.bytes) else {
            self.blocks.append(Block(keys: [key], values: [value]))
            self.count = 1
            return
        }
        if isFound {
            self.blocks[place.block].values[place.item] = value
            return
        }
        self.blocks[place.block].keys.insert(key, at: place.item)
        self.blocks[place.block].values.insert(value, at: place.item)
        self.count += 1
        if self.blocks[place.block].keys.count > Self.blockCountMax { self.split(place.block) }
    }

    /// Takes an entry out.
    @discardableResult
    mutating func remove(_ key: ObjectKey) -> Value? {
        guard let (place, isFound) = self.locate(key.bytes), isFound else { return nil }
        self.blocks[place.block].keys.remove(at: place.item)
        let value = self.blocks[place.block].values.remove(at: place.item)
        if self.blocks[place.block].keys.isEmpty { self.blocks.remove(at: place.block) }
        self.count -= 1
        return value
    }

    /// The first entry whose key is not before `bytes`; `nil` when there is none.
    func first(atOrAfter bytes: [UInt8]) -> Cursor? {
        guard let (place, _) = self.locate(bytes) else { return nil }
        return self.normalise(place)
    }

    /// The entry after the one at `cursor`.
    func next(after cursor: Cursor) -> Cursor? {
        self.normalise(Cursor(block: cursor.block, item: cursor.item + 1))
    }

    /// The entry at `cursor`.
    subscript(cursor: Cursor) -> (key: ObjectKey, value: Value) {
        let block = self.blocks[cursor.block]
        return (block.keys[cursor.item], block.values[cursor.item])
    }

    private func normalise(_ cursor: Cursor) -> Cursor? {
        if cursor.item < self.blocks[cursor.block].keys.count { return cursor }
        guard cursor.block + 1 < self.blocks.count else { return nil }
        return Cursor(block: cursor.block + 1, item: 0)
    }

    private mutating func split(_ index: Int) {
        let block = self.blocks[index]
        let half = block.keys.count / 2
        self.blocks[index] = Block(
            keys: Array(block.keys[..<half]),
            values: Array(block.values[..<half])
        )
        self.blocks.insert(
            Block(keys: Array(block.keys[half...]), values: Array(block.values[half...])),
            at: index + 1
        )
    }

    /// Where `bytes` is or would be; `nil` when the index is empty.
    private func locate(_ bytes: [UInt8]) -> (place: Cursor, isFound: Bool)? {
        guard !self.blocks.isEmpty else { return nil }
        // The last block that does not begin after `bytes`, else the first.
        let after = Self.partition(self.blocks.count) { index in
            ObjectKey.isOrdered(bytes, self.blocks[index].keys[0].bytes)
        }
        let block = max(0, after - 1)
        let keys = self.blocks[block].keys
        let item = Self.partition(keys.count) { !ObjectKey.isOrdered(keys[$0].bytes, bytes) }
        let isFound = item < keys.count && keys[item].bytes == bytes
        return (Cursor(block: block, item: item), isFound)
    }

    /// The first of `count` indices for which `isPast` holds, which it then does to the end.
    private static func partition(_ count: Int, _ isPast: (Int) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if isPast(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
