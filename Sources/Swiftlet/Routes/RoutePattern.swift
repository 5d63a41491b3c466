// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// A path such as `/orders/{id}`, in which `{id}` stands for one segment.
struct RoutePattern: Sendable, Equatable {
    private enum Segment: Sendable, Equatable {
        case text(String)
        case parameter(String)
    }

    private let segments: [Segment]

    init(_ path: String) {
        precondition(path.hasPrefix("/"), "a route's path begins with a slash")
        self.segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map
        {
            $0.hasPrefix("{") && $0.hasSuffix("}")
                ? .parameter(String($0.dropFirst().dropLast())) : .text(String($0))
        }
    }

    /// The parameters of a path that fits; `nil` when it does not.
    ///
    /// The path comes as sent; segments are compared after percent-decoding. A path that does not
    /// fit costs no allocation.
    func match(_ path: Substring) -> [String: String]? {
        var parameters: [String: String] = [:]
        var rest = path
        for segment in self.segments {
            guard rest.utf8.first == UInt8(ascii: "/") else { return nil }
            rest = rest[rest.utf8.index(after: rest.startIndex)...]
            let end = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            let part = rest[..<end]
            rest = rest[end...]
            switch segment {
            case .text(let text):
                guard Self.means(part, text) else { return nil }
            case .parameter(let name):
                guard !part.isEmpty, let value = PercentCoding.decodeText(part) else { return nil }
                parameters[name] = value
            }
        }
        return rest.isEmpty ? parameters : nil
    }

    /// Whether a segment as sent is that text.
    private static func means(_ part: Substring, _ text: String) -> Bool {
        guard part.utf8.contains(UInt8(ascii: "%")) else {
            return part.utf8.elementsEqual(text.utf8)
        }
        return PercentCoding.decode(part.utf8)?.elementsEqual(text.utf8) ?? false
    }
}
