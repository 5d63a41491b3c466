// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import ObjectStorage

@Suite("Listing: prefix, delimiter, pages")
struct ListingTests {
    /// A listing in few words: keys as they are, common prefixes in brackets.
    private func text(_ page: ListingPage<Int>) -> [String] {
        page.entries.map { entry in
            switch entry {
            case .object(let key, _): key.text
            case .commonPrefix(let prefix): "[\(String(decoding: prefix, as: UTF8.self))]"
            }
        }
    }

    private func index(_ keys: [String]) throws -> SortedIndex<Int> {
        var index = SortedIndex<Int>()
        for (number, key) in keys.enumerated() {
            index.set(try ObjectKey(validating: Array(key.utf8)), number)
        }
        return index
    }

    private func list(
        _ keys: [String],
        prefix: String = "",
        delimiter: String = "",
        after: String = "",
        max: Int = 1000
    ) throws -> ListingPage<Int> {
        try self.index(keys).list(
            ListingQuery(
                prefix: Array(prefix.utf8),
                delimiter: Array(delimiter.utf8),
                after: Array(after.utf8),
                entriesMax: max
            )
        )
    }

    private static let tree = ["sample.jpg", "photos/b/1", "photos/a/1", "photos/a/2", "photos/c"]

    @Test(
        "Amazon's examples and their borders",
        arguments: [
            ("", "", ["photos/a/1", "photos/a/2", "photos/b/1", "photos/c", "sample.jpg"]),
            ("", "/", ["[photos/]", "sample.jpg"]),
            ("photos/", "/", ["[photos/a/]", "[photos/b/]", "photos/c"]),
            ("photos", "/", ["[photos/]"]),
            ("photos/a/", "/", ["photos/a/1", "photos/a/2"]),
            ("photos/a/1", "/", ["photos/a/1"]),
            ("ph", "", ["photos/a/1", "photos/a/2", "photos/b/1", "photos/c"]),
            ("", "a/", ["[photos/a/]", "photos/b/1", "photos/c", "sample.jpg"]),
            ("nothing", "/", []),
            ("z", "", []),
        ]
    )
    func examples(prefix: String, delimiter: String, expected: [String]) throws {
        let page = try self.list(Self.tree, prefix: prefix, delimiter: delimiter)
        #expect(self.text(page) == expected)
        #expect(!page.isTruncated)
        #expect(page.next == nil)
    }

    @Test("keys are ordered by bytes, whatever Unicode thinks")
    func byteOrder() throws {
        let keys = ["e\u{301}", "é", "z", "Z", "😀", "a!", "a", "a/", "\u{FFFD}"]
        let expected = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let page = try self.list(keys)
        #expect(page.objects.map(\.key.bytes) == expected.map { Array($0.utf8) })
        #expect(page.objects.count == keys.count)
    }

    @Test("a marker inside a group shows the rest of the group")
    func markerInsideGroup() throws {
        let page = try self.list(Self.tree, delimiter: "/", after: "photos/a/1")
        #expect(self.text(page) == ["[photos/]", "sample.jpg"])
    }

    @Test("a marker that is a group leaves the group out")
    func markerIsGroup() throws {
        let page = try self.list(Self.tree, delimiter: "/", after: "photos/")
        #expect(self.text(page) == ["sample.jpg"])
    }

    @Test("a marker that is the last key of a group ends the group")
    func markerEndsGroup() throws {
        let page = try self.list(Self.tree, delimiter: "/", after: "photos/c")
        #expect(self.text(page) == ["sample.jpg"])
    }

    @Test("a marker need not exist, and may lie before the prefix")
    func markerElsewhere() throws {
        #expect(
            try self.text(self.list(Self.tree, prefix: "photos/", after: "a")) == [
                "photos/a/1", "photos/a/2", "photos/b/1", "photos/c",
            ]
        )
        #expect(
            try self.text(self.list(Self.tree, after: "photos/bb")) == ["photos/c", "sample.jpg"]
        )
        #expect(try self.text(self.list(Self.tree, after: "zz")).isEmpty)
    }

    @Test("a page of no entries is empty and not truncated")
    func noEntries() throws {
        let page = try self.list(Self.tree, max: 0)
        #expect(page.entries.isEmpty)
        #expect(!page.isTruncated)
    }

    @Test("a full page with nothing behind it is not truncated")
    func exactPage() throws {
        #expect(try !self.list(Self.tree, max: 5).isTruncated)
        #expect(try self.list(Self.tree, max: 4).isTruncated)
        #expect(try !self.list(Self.tree, delimiter: "/", max: 2).isTruncated)
        #expect(try self.list(Self.tree, delimiter: "/", max: 1).isTruncated)
    }

    @Test("pages of any length put together are the whole", arguments: [1, 2, 3, 7, 100])
    func pages(max: Int) throws {
        var keys = Self.tree
        for one in 0..<12 {
            for other in 0..<9 { keys.append("d\(one)/e\(other)/f") }
        }
        keys.append("d1/")
        for (prefix, delimiter) in [("", ""), ("", "/"), ("d1", "/"), ("d1/", "/"), ("d", "e")] {
            let whole = try self.list(keys, prefix: prefix, delimiter: delimiter)
            var collected: [String] = []
            var after = ""
            while true {
                let page = try self.list(
                    keys,
                    prefix: prefix,
                    delimiter: delimiter,
                    after: after,
                    max: max
                )
                #expect(page.entries.count <= max)
                collected += self.text(page)
                guard page.isTruncated, let next = page.next else { break }
                after = String(decoding: next, as: UTF8.self)
            }
            #expect(collected == self.text(whole))
        }
    }

    @Test("no more than a thousand entries, whatever is asked for")
    func entriesMax() throws {
        let keys = (0..<1001).map { "k\($0)" }
        let page = try self.list(keys, max: 5000)
        #expect(page.entries.count == 1000)
        #expect(page.isTruncated)
    }

    @Test("a group that ends at the end of all keys")
    func groupAtEnd() throws {
        let last = "\u{10FFFF}/"
        #expect(
            try self.text(self.list(["a", last + "1", last + "2"], delimiter: "/")) == [
                "a", "[\(last)]",
            ]
        )
    }
}

@Suite("Sorted index")
struct SortedIndexTests {
    /// A small generator with a seed, so that a failure can be repeated.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return self.state >> 11 ^ self.state << 23
        }
    }

    @Test("behaves as a sorted dictionary", arguments: [1, 2, 3] as [UInt64])
    func againstDictionary(seed: UInt64) throws {
        var generator = Generator(state: seed)
        var index = SortedIndex<Int>()
        var model: [String: Int] = [:]
        for step in 0..<4000 {
            let text = "k\(Int.random(in: 0..<1500, using: &generator))"
            let key = try ObjectKey(validating: Array(text.utf8))
            if Int.random(in: 0..<3, using: &generator) == 0 {
                #expect(index.remove(key) == model.removeValue(forKey: text))
            } else {
                index.set(key, step)
                model[text] = step
            }
            #expect(index.count == model.count)
        }
        var listed: [String] = []
        var cursor = index.first(atOrAfter: [])
        while let place = cursor {
            let (key, value) = index[place]
            #expect(model[key.text] == value)
            listed.append(key.text)
            cursor = index.next(after: place)
        }
        #expect(listed == model.keys.sorted())
    }

    @Test("an empty index has nothing")
    func empty() throws {
        var index = SortedIndex<Int>()
        let key = try ObjectKey(validating: [1])
        #expect(index[key] == nil)
        #expect(index.first(atOrAfter: []) == nil)
        #expect(index.remove(key) == nil)
        index.set(key, 1)
        index.remove(key)
        #expect(index.count == 0)
        #expect(index.first(atOrAfter: []) == nil)
    }
}
