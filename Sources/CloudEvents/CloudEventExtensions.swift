// SPDX-License-Identifier: Apache-2.0

/// The extension attributes of an event, in the order in which they were set or received.
///
/// Events carry a handful of them, so a list that is searched beats a dictionary. Two sets are
/// equal when they hold the same names and values, whatever their order.
public struct CloudEventExtensions: Sendable {
    /// One attribute.
    public typealias Element = (name: String, value: CloudEventValue)

    /// The same as a struct: tuples in an array cost more to copy and destroy.
    private struct Entry: Sendable {
        var name: String
        var value: CloudEventValue
    }

    private var entries: [Entry] = []

    /// Makes an empty set.
    public init() {}

    /// The value of the attribute `name`; setting `nil` removes it.
    ///
    /// Names are made of `a`–`z` and `0`–`9`; ``CloudEvent/validate()`` refuses others.
    public subscript(_ name: String) -> CloudEventValue? {
        get { self.index(of: name).map { self.entries[$0].value } }
        set {
            switch (self.index(of: name), newValue) {
            case (let index?, let value?): self.entries[index].value = value
            case (let index?, nil): self.entries.remove(at: index)
            case (nil, let value?): self.append(name, value)
            case (nil, nil): break
            }
        }
    }

    private func index(of name: String) -> Int? {
        self.entries.firstIndex { $0.name == name }
    }

    /// Whether there is an attribute of that name, which is ASCII if it is one.
    func contains(_ name: String) -> Bool {
        // Most names differ in length, which is quicker to see than what Unicode calls equal.
        let length = name.utf8.count
        let entries = self.entries.span
        for index in entries.indices where entries[index].name.utf8.count == length {
            if entries[index].name == name { return true }
        }
        return false
    }

    /// Calls `body` with each attribute in order; without the copies that iterating makes.
    func forEachAttribute<Failure: Error>(
        _ body: (_ name: String, _ value: CloudEventValue) throws(Failure) -> Void
    ) throws(Failure) {
        let entries = self.entries.span
        for index in entries.indices { try body(entries[index].name, entries[index].value) }
    }

    /// Bytes of all names and values with the prefix of HTTP headers, but for what is not text.
    var headerBytes: Int {
        var bytes = 0
        self.forEachAttribute { name, value in
            bytes += 3 + name.utf8.count
            if case .string(let text) = value { bytes += text.utf8.count }
        }
        return bytes
    }

    /// Adds an attribute that the caller knows to be new.
    mutating func append(_ name: consuming String, _ value: consuming CloudEventValue) {
        // KafkaSource sends five; one allocation instead of a doubling each.
        if self.entries.isEmpty { self.entries.reserveCapacity(8) }
        self.entries.append(Entry(name: consume name, value: consume value))
    }

    /// Turns the order.
    mutating func reverse() { self.entries.reverse() }
}

extension CloudEventExtensions: RandomAccessCollection {
    /// The position of the first attribute.
    public var startIndex: Int { 0 }

    /// The position after the last attribute.
    public var endIndex: Int { self.entries.count }

    /// The attribute at a position.
    public subscript(position: Int) -> Element {
        let entry = self.entries[position]
        return (entry.name, entry.value)
    }
}

extension CloudEventExtensions: ExpressibleByDictionaryLiteral {
    /// Makes a set; of a name that stands twice the last value counts.
    public init(dictionaryLiteral elements: (String, CloudEventValue)...) {
        for (name, value) in elements { self[name] = value }
    }
}

extension CloudEventExtensions: Equatable {
    /// Compares names and values, not the order.
    public static func == (left: Self, right: Self) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.name] == $0.value }
    }
}
