// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// One page of the answer to ListObjectsV2.
struct S3ListPage: Equatable {
    /// Far above what a page of 1000 of the longest keys takes.
    static let bytesMax = 16 * 1024 * 1024

    var objects: [S3ObjectSummary] = []
    /// What to ask for the next page with; `nil` on the last one.
    var nextToken: String?

    /// Reads a page; keys are decoded when the server says that it encoded them.
    init(parsing body: [UInt8]) throws(S3Error) {
        let root: XMLElement
        do {
            root = try XMLReader.parse(body)
        } catch {
            throw Self.unreadable
        }
        guard root.name == "ListBucketResult" else { throw Self.unreadable }
        let isEncoded = root["EncodingType"]?.text == "url"
        for entry in root.all("Contents") {
            let text = entry["Key"]?.text ?? ""
            let key = isEncoded ? PercentCoding.decodeText(text, plusIsSpace: true) : text
            let size = entry["Size"].flatMap { HTTPText.decimal(Array($0.text.utf8)) }
            guard let key, !key.isEmpty, let size else { throw Self.unreadable }
            self.objects.append(
                S3ObjectSummary(
                    key: key,
                    size: size,
                    eTag: Preconditions.unquote(entry["ETag"]?.text ?? ""),
                    lastModified: entry["LastModified"].flatMap { Timestamp(rfc3339: $0.text) }
                )
            )
        }
        guard root["IsTruncated"]?.text == "true" else { return }
        guard let token = root["NextContinuationToken"]?.text, !token.isEmpty
        else { throw Self.unreadable }
        self.nextToken = token
    }

    private static var unreadable: S3Error {
        S3Error(code: "invalidAnswer", message: "The S3 server's listing cannot be read.")
    }
}
