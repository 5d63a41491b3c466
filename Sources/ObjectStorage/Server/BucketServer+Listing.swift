// SPDX-License-Identifier: Apache-2.0

extension BucketServer {
    func listObjects(_ request: S3Request, version: Int) throws {
        let bucket = try self.store.bucket(request.bucket)
        let encoding = request.query["encoding-type"] ?? ""
        guard encoding.isEmpty || encoding == "url" else {
            throw BucketError(.invalidArgument, "encoding-type can only be url.")
        }
        let startAfter = request.query[version == 2 ? "start-after" : "marker"] ?? ""
        var query = ListingQuery()
        query.prefix = Array((request.query["prefix"] ?? "").utf8)
        query.delimiter = Array((request.query["delimiter"] ?? "").utf8)
        query.entriesMax = min(
            try request.number("max-keys", default: ListingQuery.entriesMax),
            ListingQuery.entriesMax
        )
        query.after = Array(startAfter.utf8)
        let token = version == 2 ? request.query["continuation-token"] : nil
        if let token { query.after = try ContinuationToken.read(token) }
        let namesOwner = version == 1 || request.query["fetch-owner"] == "true"
        let listing = S3Documents.Listing(
            bucket: bucket.name,
            version: version,
            query: query,
            startAfter: startAfter,
            continuationToken: token,
            encodesKeys: encoding == "url",
            owner: namesOwner ? request.signature.accessKey : nil
        )
        self.answer(request, xml: listing.document(bucket.index.list(query)))
    }
}
