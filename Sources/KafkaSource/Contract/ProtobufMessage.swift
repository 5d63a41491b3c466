// SPDX-License-Identifier: Apache-2.0

/// A message of protobuf in its JSON form (Protocol Buffers, "ProtoJSON Format").
///
/// Fields that are not there, or null, have the default of their type. Names may be in camel case
/// or as they are in the schema; long numbers may be text; choices may be names or numbers. Each
/// error begins with the path of its field. Used by one function; not `Sendable`.
final class ProtobufMessage {
    /// Where it is in the document, for example `resources[0].egresses[1]`; empty for the document.
    let path: String
    private var unread: [String: JSONNode]

    /// Takes an object.
    ///
    /// - Throws: ``KafkaSourceError`` when it is something else.
    init(_ node: JSONNode, path: String) throws(KafkaSourceError) {
        guard case .object(let members) = node else {
            throw KafkaSourceError(
                message: "\(path.isEmpty ? "it" : path) must be an object, not \(node.kind)"
            )
        }
        self.path = path
        self.unread = members
    }

    /// The path of a field.
    func path(of name: String) -> String { self.path.isEmpty ? name : "\(self.path).\(name)" }

    /// An error about a field.
    func error(_ name: String, _ words: String) -> KafkaSourceError {
        KafkaSourceError(message: "\(self.path(of: name)) \(words)")
    }

    /// The paths of what nobody asked for.
    var unknown: [String] { self.unread.keys.sorted().map { self.path(of: $0) } }

    private func take(_ name: String) -> JSONNode? {
        let schemaName = name.reduce(into: "") { text, letter in
            text += letter.isUppercase ? "_" + letter.lowercased() : String(letter)
        }
        let node =
            self.unread.removeValue(forKey: name) ?? self.unread.removeValue(forKey: schemaName)
        return node == .null ? nil : node
    }

    private func wrong(_ name: String, _ wanted: String, _ node: JSONNode) -> KafkaSourceError {
        self.error(name, "must be \(wanted), not \(node.kind)")
    }

    // MARK: Fields

    /// Passes over a field that has no meaning here.
    func skip(_ name: String) { _ = self.take(name) }

    /// A text, empty when it is not there.
    func text(_ name: String) throws(KafkaSourceError) -> String {
        switch self.take(name) {
        case nil: return ""
        case .text(let text)?: return text
        case .some(let node): throw self.wrong(name, "a text", node)
        }
    }

    /// A number without sign, 0 when it is not there.
    func number(_ name: String, max: Int64) throws(KafkaSourceError) -> Int64 {
        let node = self.take(name)
        let number: Int64?
        switch node {
        case nil: return 0
        case .integer(let value)?: number = value
        case .number(let value)?: number = Int64(exactly: value)
        case .text(let text)?: number = Int64(text)
        case .some(let node): throw self.wrong(name, "a number", node)
        }
        guard let number, 0...max ~= number else {
            throw self.error(name, "must be a whole number of 0…\(max)")
        }
        return number
    }

    /// One of several names, by its place; 0 when it is not there.
    func choice(_ name: String, of names: [String]) throws(KafkaSourceError) -> Int {
        let node = self.take(name)
        var place: Int?
        switch node {
        case nil: return 0
        case .integer(let number)?: place = Int(exactly: number)
        case .text(let text)?: place = names.firstIndex(of: text)
        case .some(let node): throw self.wrong(name, "a name", node)
        }
        guard let place, names.indices ~= place else {
            throw self.error(name, "must be one of \(names.joined(separator: ", "))")
        }
        return place
    }

    /// Whether a field is there, whatever it holds.
    func has(_ name: String) -> Bool { self.take(name) != nil }

    /// A message; `nil` when it is not there.
    func message(_ name: String) throws(KafkaSourceError) -> ProtobufMessage? {
        guard let node = self.take(name) else { return nil }
        return try ProtobufMessage(node, path: self.path(of: name))
    }

    /// The elements of a list, each with its path.
    private func elements(
        _ name: String
    ) throws(KafkaSourceError) -> [(path: String, node: JSONNode)] {
        switch self.take(name) {
        case nil: return []
        case .list(let nodes)?:
            return nodes.enumerated().map { ("\(self.path(of: name))[\($0)]", $1) }
        case .some(let node): throw self.wrong(name, "a list", node)
        }
    }

    /// A list of messages.
    func messages(_ name: String) throws(KafkaSourceError) -> [ProtobufMessage] {
        var messages: [ProtobufMessage] = []
        for (path, node) in try self.elements(name) {
            messages.append(try ProtobufMessage(node, path: path))
        }
        return messages
    }

    /// A list of texts.
    func texts(_ name: String) throws(KafkaSourceError) -> [String] {
        var texts: [String] = []
        for (path, node) in try self.elements(name) {
            guard case .text(let text) = node else {
                throw KafkaSourceError(message: "\(path) must be a text, not \(node.kind)")
            }
            texts.append(text)
        }
        return texts
    }

    /// A map of texts.
    func map(_ name: String) throws(KafkaSourceError) -> [String: String] {
        guard let message = try self.message(name) else { return [:] }
        var map: [String: String] = [:]
        for key in message.unread.keys.sorted() {
            guard case .text(let text)? = message.unread[key] else {
                throw message.error(key, "must be a text")
            }
            map[key] = text
        }
        return map
    }
}
