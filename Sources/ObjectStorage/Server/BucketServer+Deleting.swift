// SPDX-License-Identifier: Apache-2.0

import HTTP

extension BucketServer {
    /// Most keys that one request deletes, as with Amazon.
    private static let keysMax = 1000

    func deleteObject(_ request: S3Request) async throws {
        try await self.delete(try request.key(), request)
        self.answer(request, .noContent)
    }

    func deleteObjects(_ request: S3Request) async throws {
        _ = try self.store.bucket(request.bucket)
        let root = try Self.parse(try await self.collectXML(request), root: "Delete")
        let names = root.all("Object").map { $0["Key"]?.text ?? "" }
        guard 1...Self.keysMax ~= names.count else {
            throw BucketError(
                .malformedXML,
                "A request deletes 1 to \(Self.keysMax) objects; this one names \(names.count)."
            )
        }
        var failures: [(name: String, error: BucketError)] = []
        var deleted: [String] = []
        for name in names {
            do {
                try await self.delete(try ObjectKey(validating: Array(name.utf8)), request)
                deleted.append(name)
            } catch let error as BucketError {
                failures.append((name, error))
            }
        }
        let isQuiet = root["Quiet"]?.text == "true"
        let document = XMLWriter.document("DeleteResult") { xml in
            for name in isQuiet ? [] : deleted {
                xml.element("Deleted") { $0.element("Key", name) }
            }
            for (name, error) in failures {
                xml.element("Error") { xml in
                    xml.element("Key", name)
                    xml.element("Code", error.code.rawValue)
                    xml.element("Message", error.message)
                }
            }
        }
        self.answer(request, xml: document)
    }

    /// Deletes an object; deleting one that is not there succeeds and tells nobody.
    ///
    /// The notification is published first: were it the other way round, a client that tries again
    /// after a failure would find nothing to delete, and the event would be lost.
    private func delete(_ key: ObjectKey, _ request: S3Request) async throws {
        guard try self.store.bucket(request.bucket).index[key] != nil else { return }
        try await self.notify(
            .removedDelete,
            key,
            sequencer: self.nextMoment(),
            nil,
            request
        )
        _ = try self.store.delete(key, in: request.bucket)
    }
}
