// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CloudEvents
internal import FoundationEssentials
internal import Kafka

/// A bucket's notification in a record, as MinIO, Ceph or Amazon write it; each thing that happened
/// to an object becomes an event (CloudEvents, Amazon S3 adapter).
struct BucketRecords {
    private struct Document: Decodable {
        enum CodingKeys: String, CodingKey { case records = "Records" }

        var records: [Entry]
    }

    private struct Entry: Decodable {
        struct Storage: Decodable {
            struct Bucket: Decodable { var name: String }
            struct Object: Decodable {
                var key: String
                var sequencer: String?
            }

            var bucket: Bucket
            var object: Object
        }

        var eventSource: String
        var awsRegion: String?
        var eventTime: String?
        var eventName: String
        var responseElements: [String: String]?
        var s3: Storage
    }

    private let entries: [(entry: Entry, json: [UInt8])]

    /// Reads a notification; `nil` when it is none, or tells of nothing.
    init?(json: [UInt8]) {
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(json)),
            !document.records.isEmpty
        else { return nil }
        let pieces = JSONElements.ofMember("Records", in: json)
        guard pieces.count == document.records.count else { return nil }
        self.entries = zip(document.records, pieces).map { ($0, Array($1)) }
    }

    /// One event for each thing that happened, in their order.
    func events(of record: KafkaRecord) -> [CloudEvent] {
        self.entries.enumerated().map { index, element in
            let (entry, json) = element
            let name =
                entry.eventName.hasPrefix("s3:")
                ? String(entry.eventName.dropFirst(3)) : entry.eventName
            let key = Self.decoded(entry.s3.object.key)
            return CloudEvent(
                type: "com.amazonaws.s3." + name,
                source: "\(entry.eventSource).\(entry.awsRegion ?? "").\(entry.s3.bucket.name)",
                id: Self.id(of: entry, index, record),
                subject: key.isEmpty ? nil : key,
                time: entry.eventTime.flatMap { Timestamp(rfc3339: $0) },
                dataContentType: "application/json",
                data: .binary(json)
            )
        }
    }

    /// The request that did it; its sequence number, or the record's place, where nobody tells.
    private static func id(of entry: Entry, _ index: Int, _ record: KafkaRecord) -> String {
        let elements = entry.responseElements ?? [:]
        // One request may do several things; only the first one has the bare identifier.
        let suffix = index == 0 ? "" : ".\(index)"
        if let request = elements["x-amz-request-id"], !request.isEmpty {
            return "\(request).\(elements["x-amz-id-2"] ?? "")\(suffix)"
        }
        if let sequencer = entry.s3.object.sequencer, !sequencer.isEmpty {
            return sequencer + suffix
        }
        return "partition:\(record.partition)/offset:\(record.offset)\(suffix)"
    }

    /// Object keys are escaped as in a query: `+` for a space, then percent.
    private static func decoded(_ key: String) -> String {
        guard let bytes = PercentCoding.decode(key.utf8, plusIsSpace: true),
            let text = String(validating: bytes, as: UTF8.self)
        else { return key }
        return text
    }
}

/// Finds the elements of an array in a JSON text that is known to be valid.
enum JSONElements {
    /// The elements of the array under `name` in the outermost object, as they are written; with a
    /// name that comes twice, those of the first.
    static func ofMember(_ name: String, in json: [UInt8]) -> [ArraySlice<UInt8>] {
        let quoted = Array("\"\(name)\"".utf8)
        var index = 0
        var depth = 0
        while index < json.count {
            switch json[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "\""):
                let end = self.endOfString(json, index)
                if depth == 1, json[index..<end].elementsEqual(quoted),
                    let start = self.arrayStart(json, end)
                {
                    return self.elements(json, start)
                }
                index = end
                continue
            default: break
            }
            index += 1
        }
        return []
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    /// After the colon and the bracket that follow a name.
    private static func arrayStart(_ json: [UInt8], _ start: Int) -> Int? {
        var hasColon = false
        for index in start..<json.count where !self.isSpace(json[index]) {
            switch json[index] {
            case UInt8(ascii: ":") where !hasColon: hasColon = true
            case UInt8(ascii: "[") where hasColon: return index + 1
            default: return nil
            }
        }
        return nil
    }

    private static func elements(_ json: [UInt8], _ start: Int) -> [ArraySlice<UInt8>] {
        var elements: [ArraySlice<UInt8>] = []
        var depth = 0
        var index = start
        var first = start
        func trimmed(_ range: Range<Int>) -> ArraySlice<UInt8> {
            let piece = json[range].drop(while: self.isSpace)
            let end = piece.lastIndex { !self.isSpace($0) }.map { $0 + 1 } ?? piece.startIndex
            return piece[piece.startIndex..<end]
        }
        while index < json.count {
            switch json[index] {
            case UInt8(ascii: "\""):
                index = self.endOfString(json, index)
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "]") where depth == 0:
                let last = trimmed(first..<index)
                return last.isEmpty ? elements : elements + [last]
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ",") where depth == 0:
                elements.append(trimmed(first..<index))
                first = index + 1
            default: break
            }
            index += 1
        }
        return elements
    }

    private static func endOfString(_ json: [UInt8], _ start: Int) -> Int {
        var index = start + 1
        while index < json.count {
            switch json[index] {
            case UInt8(ascii: "\\"): index += 2
            case UInt8(ascii: "\""): return index + 1
            default: index += 1
            }
        }
        return json.count
    }
}
