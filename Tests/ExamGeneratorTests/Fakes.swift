// SPDX-License-Identifier: Apache-2.0

import CloudEvents
import Glibc
import Synchronization

@testable import exam_generator

/// A bucket in memory, whose contents tests can change at any step.
final class MemoryStore: ObjectStore {
    struct Object: Equatable {
        var eTag: String
        var bytes: [UInt8]
        var metadata: [String: String] = [:]
    }

    struct Failure: Error {}

    let objects = Mutex<[String: Object]>([:])
    /// Called before each operation, with its name and path.
    let observer = Mutex<@Sendable (String) throws -> Void>({ _ in })
    let log = Mutex<[String]>([])

    subscript(_ path: String) -> Object? {
        get { self.objects.withLock { $0[path] } }
        set { self.objects.withLock { $0[path] = newValue } }
    }

    private func step(_ operation: String, _ path: String) throws {
        self.log.withLock { $0.append("\(operation) \(path)") }
        let observer = self.observer.withLock { $0 }
        try observer("\(operation) \(path)")
    }

    func head(bucket: String, key: String) async throws -> StoredObject? {
        let path = "\(bucket)/\(key)"
        try self.step("head", path)
        return self[path].map { StoredObject(eTag: $0.eTag, metadata: $0.metadata) }
    }

    func download(
        bucket: String,
        key: String,
        into file: ScratchFile,
        bytesMax: Int
    ) async throws -> StoredObject? {
        let path = "\(bucket)/\(key)"
        try self.step("get", path)
        guard let object = self[path] else { return nil }
        guard object.bytes.count <= bytesMax else { throw PDFProblem.tooLarge(bytesMax: bytesMax) }
        _ = write(file.descriptor, object.bytes, object.bytes.count)
        return StoredObject(eTag: object.eTag, metadata: object.metadata)
    }

    func upload(
        bucket: String,
        key: String,
        json: [UInt8],
        metadata: [String: String]
    ) async throws {
        let path = "\(bucket)/\(key)"
        try self.step("put", path)
        self[path] = Object(eTag: "result", bytes: json, metadata: metadata)
    }

    func delete(bucket: String, key: String) async throws {
        let path = "\(bucket)/\(key)"
        try self.step("delete", path)
        self[path] = nil
    }
}

/// Remembers what was announced.
final class MemoryPublisher: EventPublisher {
    struct Failure: Error {}

    let events = Mutex<[(event: CloudEvent, key: String)]>([])
    let isBroken = Mutex(false)

    func publish(_ event: CloudEvent, key: String) async throws {
        if self.isBroken.withLock({ $0 }) { throw Failure() }
        self.events.withLock { $0.append((event, key)) }
    }
}

/// Takes the bytes of a document as its text, or as the name of what is wrong with it.
struct PlainExtractor: TextExtractor {
    func text(of file: ScratchFile) async throws -> String {
        let text = String(decoding: file.prefix(1000), as: UTF8.self)
        switch text {
        case "": throw PDFProblem.empty
        case "encrypted": throw PDFProblem.encrypted
        default: return text
        }
    }
}

/// Asks about the text itself.
struct EchoGenerator: ExamGenerator {
    var name = "echo"
    var failure: (any Error & Sendable)?

    func questions(about text: String) async throws -> [Question] {
        if let failure { throw failure }
        if text == "poor" { throw TooLittleText(reason: "it holds no whole sentence") }
        return [Question(question: text, options: ["a", "b"], correctAnswer: "a")]
    }
}
