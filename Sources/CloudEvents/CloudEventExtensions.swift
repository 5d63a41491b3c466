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

    /// The attributes as values, or an event in whose headers they lie.
    private enum Contents: Sendable {
        case entries([Entry])
        case received(EventStorage)
    }

    private var contents: Contents

    /// Makes an empty set.
    public init() { self.contents = .entries([]) }

    /// The extensions of an event.
    init(of event: EventStorage) {
        if event.receivedExtensions.count > 0 {
            self.contents = .received(event)
        } else {
            self = event.extensions
        }
    }

    /// The value of the attribute `name`; setting `nil` removes it.
    ///
    /// Names are made of `a`–`z` and `0`–`9`; ``CloudEvent/validate()`` refuses others.
    public subscript(_ name: String) -> CloudEventValue? {
        get {
            switch self.contents {
            case .entries(let entries):
                return Self.index(of: name, in: entries).map { entries[$0].value }
            case .received(let event):
                let list = event.receivedExtensions
                guard let index = list.index(of: name, in: event.headers) else { return nil }
                return .string(list[index].text(in: event.headers))
            }
        }
        set { self.change { Self.set(name, newValue, in: &$0) } }
    }

    private static func set(_ name: String, _ value: CloudEventValue?, in entries: inout [Entry]) {
        switch (self.index(of: name, in: entries), value) {
        case (let index?, let value?): entries[index].value = value
        case (let index?, nil): entries.remove(at: index)
        case (nil, let value?): self.append(Entry(name: name, value: value), to: &entries)
        case (nil, nil): break
        }
    }

    /// Lends the attributes as values to change.
    private mutating func change(_ body: (inout [Entry]) -> Void) {
        var entries = self.entries
        // No second reference, or each change would be a copy.
        self.contents = .entries([])
        body(&entries)
        self.contents = .entries(entries)
    }

    private var entries: [Entry] {
        switch self.contents {
        case .entries(let entries): entries
        case .received: self.map { Entry(name: $0.name, value: $0.value) }
        }
    }

    private static func index(of name: String, in entries: [Entry]) -> Int? {
        entries.firstIndex { $0.name == name }
    }

    /// Whether there is an attribute of that name, which is ASCII if it is one.
    func contains(_ name: String) -> Bool {
        guard case .entries(let list) = self.contents else { return self[name] != nil }
        // Most names differ in length, which is quicker to see than what Unicode calls equal.
        let length = name.utf8.count
        let entries = list.span
        for index in entries.indices where entries[index].name.utf8.count == length {
            if entries[index].name == name { return true }
        }
        return false
    }

    /// Calls `body` with each attribute in order; without the copies that iterating makes.
    func forEachAttribute<Failure: Error>(
        _ body: (_ name: String, _ value: CloudEventValue) throws(Failure) -> Void
    ) throws(Failure) {
        let list = self.entries
        let entries = list.span
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
        let entry = Entry(name: consume name, value: consume value)
        self.change { Self.append(entry, to: &$0) }
    }

    private static func append(_ entry: consuming Entry, to entries: inout [Entry]) {
        // KafkaSource sends five; one allocation instead of a doubling each.
        if entries.isEmpty { entries.reserveCapacity(8) }
        entries.append(entry)
    }

    /// Turns the order.
    mutating func reverse() { self.change { $0.reverse() } }
}

extension CloudEventExtensions: RandomAccessCollection {
    /// The position of the first attribute.
    public var startIndex: Int { 0 }

    /// The position after the last attribute.
    public var endIndex: Int {
        switch self.contents {
        case .entries(let entries): entries.count
        case .received(let event): event.receivedExtensions.count
        }
    }

    /// The attribute at a position.
    public subscript(position: Int) -> Element {
        switch self.contents {
        case .entries(let entries):
            return (entries[position].name, entries[position].value)
        case .received(let event):
            let list = event.receivedExtensions
            precondition(0..<list.count ~= position, "a position lies within the collection")
            return list.attribute(at: position, in: event.headers)
        }
    }
}

extension CloudEventExtensions: ExpressibleByDictionaryLiteral {
    /// Makes a set; of a name that stands twice the last value counts.
    public init(dictionaryLiteral elements: (String, CloudEventValue)...) {
        self.init()
        for (name, value) in elements { self[name] = value }
    }
}

extension CloudEventExtensions: Equatable {
    /// Compares names and values, not the order.
    public static func == (left: Self, right: Self) -> Bool {
        left.count == right.count && left.allSatisfy { right[$0.name] == $0.value }
    }
}
