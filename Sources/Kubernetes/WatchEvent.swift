// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials

/// One line of a watch.
enum WatchEvent: Equatable {
    /// `ADDED` or `MODIFIED`.
    case set(EndpointSlice)
    /// `DELETED`, with what the slice was last.
    case removed(EndpointSlice)
    /// `BOOKMARK`: nothing changed up to this version.
    case bookmark(version: String)
    /// `ERROR`: the watch is over.
    case failed(code: Int, message: String?)

    private struct Kind: Decodable { var type: String }
    private struct Slice: Decodable { var object: EndpointSlice }
    private struct Bookmark: Decodable {
        struct Object: Decodable {
            struct Metadata: Decodable { var resourceVersion: String }
            var metadata: Metadata
        }
        var object: Object
    }
    private struct Failure: Decodable {
        struct Status: Decodable {
            var code: Int?
            var message: String?
        }
        var object: Status
    }

    /// Reads a line; `nil` for a kind of event that is not known.
    ///
    /// - Throws: ``KubernetesError`` of kind `malformed`.
    static func parse(_ line: [UInt8]) throws(KubernetesError) -> WatchEvent? {
        let data = Data(line)
        let decoder = JSONDecoder()
        do {
            switch try decoder.decode(Kind.self, from: data).type {
            case "ADDED", "MODIFIED":
                return .set(try decoder.decode(Slice.self, from: data).object)
            case "DELETED":
                return .removed(try decoder.decode(Slice.self, from: data).object)
            case "BOOKMARK":
                let bookmark = try decoder.decode(Bookmark.self, from: data)
                return .bookmark(version: bookmark.object.metadata.resourceVersion)
            case "ERROR":
                let status = try decoder.decode(Failure.self, from: data).object
                return .failed(
                    code: status.code ?? 500,
                    message: status.message.map(KubernetesError.printable)
                )
            default: return nil
            }
        } catch {
            throw KubernetesError(.malformed, "the API server sent a line that is no watch event")
        }
    }
}
