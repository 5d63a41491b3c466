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
    /// The path comes as sent; segments are compared after percent-decoding.
    func match(_ path: String) -> [String: String]? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard parts.count == self.segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, part) in zip(self.segments, parts) {
            guard let value = PercentCoding.decodeText(part) else { return nil }
            switch segment {
            case .text(let text):
                guard text == value else { return nil }
            case .parameter(let name):
                guard !value.isEmpty else { return nil }
                parameters[name] = value
            }
        }
        return parameters
    }
}
