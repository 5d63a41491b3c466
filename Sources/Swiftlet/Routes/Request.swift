// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import FoundationEssentials
package import HTTP

/// The header fields of a request or response; names compare without case.
public struct Headers: Sendable, Equatable, ExpressibleByDictionaryLiteral {
    package var fields: HTTPFields

    package init(_ fields: HTTPFields) { self.fields = fields }

    /// Makes an empty list.
    public init() { self.fields = HTTPFields() }

    /// Makes a list of literal names and values.
    public init(dictionaryLiteral pairs: (String, String)...) {
        self.fields = HTTPFields()
        for (name, value) in pairs { self.fields.append(name, value) }
    }

    /// The first value of a name; setting replaces all of them, `nil` removes them.
    public subscript(_ name: String) -> String? {
        get { self.fields[name] }
        set { self.fields[name] = newValue }
    }

    /// All values of a name, in order.
    public func values(_ name: String) -> [String] { self.fields.values(name) }

    /// All lines in order, the names in lower case.
    public var lines: [(name: String, value: String)] { self.fields.lowercasedPairs }
}

/// A plain HTTP request.
public struct Request: Sendable {
    /// The method, for example `GET`.
    public var method: String
    /// The path as sent, without the query.
    public var path: String
    /// What follows the `?`, as sent.
    public var queryString: String?
    /// `HTTP/1.0`, `HTTP/1.1` or `HTTP/2`.
    public var httpVersion = "HTTP/1.1"
    /// The header fields.
    public var headers: Headers
    /// The body, empty when there is none.
    public var body: [UInt8]
    /// What the `{name}`s of the route stand for.
    public var parameters: [String: String] = [:]

    /// Makes a request, for tests.
    public init(
        method: String,
        path: String,
        queryString: String? = nil,
        headers: Headers = [:],
        body: [UInt8] = []
    ) {
        self.method = method
        self.path = path
        self.queryString = queryString
        self.headers = headers
        self.body = body
    }

    init(_ head: HTTPRequestHead, parameters: [String: String], body: [UInt8] = []) {
        self.method = head.method.rawValue
        self.path = String(head.pathSlice)
        self.queryString = head.query
        self.httpVersion =
            switch head.version {
            case .http10: "HTTP/1.0"
            case .http11: "HTTP/1.1"
            case .http2: "HTTP/2"
            }
        self.headers = Headers(HandlerFields.of(head.fields))
        self.body = body
        self.parameters = parameters
    }

    /// The first value of a query parameter, decoded as HTML forms encode it.
    public func query(_ name: String) -> String? {
        for pair in (self.queryString ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = parts.first, PercentCoding.decodeText(key, plusIsSpace: true) == name
            else { continue }
            return parts.count == 2 ? PercentCoding.decodeText(parts[1], plusIsSpace: true) : ""
        }
        return nil
    }

    /// The body as text; `nil` when it is not UTF-8.
    public var text: String? { String(validating: self.body, as: UTF8.self) }

    /// Reads the body as JSON.
    ///
    /// - Throws: ``FunctionError`` with 400, saying what does not fit.
    public func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try JSONPayload.decode(type, from: self.body)
    }
}
