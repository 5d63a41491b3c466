// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTPServer

extension BucketServer {
    /// Query items of a GET that replace fields of its answer.
    private static let overrides = [
        ("response-cache-control", "cache-control"),
        ("response-content-disposition", "content-disposition"),
        ("response-content-encoding", "content-encoding"),
        ("response-content-language", "content-language"),
        ("response-content-type", "content-type"),
        ("response-expires", "expires"),
    ]

    func getObject(_ request: S3Request) async throws {
        let object = try self.store.open(try request.key(), in: request.bucket)
        let metadata = object.metadata
        switch Preconditions.evaluate(
            request.fields,
            eTag: metadata.eTag,
            modified: metadata.modified
        ) {
        case .proceed: break
        case .notModified:
            let fields = RequestMetadata.fields(of: metadata)
            return self.answer(request, .init(rawValue: 304), fields)
        case .failed:
            throw BucketError(.preconditionFailed, "A condition of the request does not hold.")
        }
        var fields = RequestMetadata.fields(of: metadata)
        let rangeCounts = Preconditions.rangeCounts(
            request.fields,
            eTag: metadata.eTag,
            modified: metadata.modified
        )
        let range = ByteRange(
            field: rangeCounts ? request.fields["range"] : nil,
            objectLength: metadata.lengthBytes
        )
        switch range {
        case .whole:
            if request.fields["x-amz-checksum-mode"] == "ENABLED" {
                Self.append(metadata.checksums, to: &fields)
            }
        case .part(let offset, let length):
            let last = offset + length - 1
            fields.append("Content-Range", "bytes \(offset)-\(last)/\(metadata.lengthBytes)")
        case .unsatisfiable:
            throw AnswerWithFields(
                error: BucketError(.invalidRange, "Nothing of the object lies in the range."),
                fields: ["Content-Range": "bytes */\(metadata.lengthBytes)"]
            )
        }
        try Self.override(&fields, by: request.query)
        try await self.send(object, range, fields, answering: request)
    }

    /// The checksums that were checked when the object came.
    private static func append(_ checksums: [String: String], to fields: inout HTTPFields) {
        guard !checksums.isEmpty else { return }
        for (name, value) in checksums { fields.append(name, value) }
        fields.append("x-amz-checksum-type", "FULL_OBJECT")
    }

    private static func override(
        _ fields: inout HTTPFields,
        by query: QueryItems
    ) throws(BucketError) {
        for (item, field) in self.overrides {
            guard let value = query[item] else { continue }
            guard value.utf8.allSatisfy({ HTTPText.isFieldValue($0) }) else {
                throw BucketError(.invalidArgument, "\(item) cannot be the value of a field.")
            }
            fields[field] = value
        }
    }

    /// Sends an object, a piece at a time and no faster than the client takes it.
    private func send(
        _ object: BucketStore.OpenObject,
        _ range: ByteRange,
        _ fields: HTTPFields,
        answering request: S3Request
    ) async throws {
        var offset: UInt64 = 0
        var left = object.metadata.lengthBytes
        var status = HTTPStatus.ok
        if case .part(let partOffset, let length) = range {
            offset = partOffset
            left = length
            status = .partialContent
        }
        let exchange = request.exchange
        let all = self.fields(for: request, fields)
        if exchange.request.method != .head, left <= UInt64(Self.sendBytes) {
            let bytes = try FileIO.read(Int(left), at: offset, of: object.file)
            guard UInt64(bytes.count) == left else { return exchange.abort() }
            return exchange.respond(status, all, body: bytes)
        }
        exchange.start(HTTPResponseHead(status: status, fields: all), bodyLength: Int(left))
        if exchange.request.method == .head { return exchange.end() }
        while left > 0 {
            let count = Int(min(left, UInt64(Self.sendBytes)))
            let bytes = try FileIO.read(count, at: offset, of: object.file)
            // Files of objects are never cut; if one is all the same, the client must notice.
            guard bytes.count == count else { return exchange.abort() }
            try await exchange.send(bytes)
            offset += UInt64(count)
            left -= UInt64(count)
        }
        exchange.end()
    }
}
