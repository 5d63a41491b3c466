// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// Takes in the body of an upload: decodes it, checks it, and hands its bytes on.
///
/// One pass and no buffer: a piece is hashed for everything that needs it, then given to the sink.
final class ObjectUpload {
    /// What the body turned out to be.
    struct Outcome: Equatable {
        var lengthBytes: UInt64
        /// The MD5 of the bytes, in hexadecimal.
        var md5: String
        /// The checksums that the client sent and that were right, by the names of their fields.
        var checksums: [String: String]
    }

    /// Where the bytes go.
    typealias Sink = (UnsafeRawBufferPointer) throws(BucketError) -> Void

    private let sink: Sink
    /// What the body must have before decoding; `nil` when only its end tells.
    private let lengthExpected: UInt64
    private let hashExpected: [UInt8]?
    private let md5Expected: [UInt8]?
    private let checksumsExpected: [ChecksumAlgorithm: String]
    private var decoder: AWSChunkedDecoder?
    private let md5 = Digest(.md5)
    private let sha256: Digest?
    private let checksums: [ObjectChecksum]
    private var lengthBytes: UInt64 = 0

    /// Prepares for a body.
    ///
    /// - Parameters:
    ///   - fields: The request's fields, which say what the body must be.
    ///   - signature: The request's signature, which the body may continue.
    ///   - bytesMax: The longest object, in bytes.
    ///   - sink: Takes the bytes of the object, in order.
    /// - Throws: ``BucketError`` when the fields contradict themselves or promise too much.
    init(
        _ fields: HTTPFields,
        signature: SignatureVerifier.Outcome,
        bytesMax: UInt64,
        sink: @escaping Sink
    ) throws(BucketError) {
        self.sink = sink
        self.lengthExpected = try Self.length(fields, signature.payloadHash)
        guard self.lengthExpected <= bytesMax else {
            throw BucketError(
                .entityTooLarge,
                "The upload is larger than \(bytesMax) bytes, the most that one request may bring."
            )
        }
        self.md5Expected = try Self.contentMD5(fields)
        let expected = try Self.checksums(in: fields)
        let announced = Self.announcedChecksums(in: fields)
        self.checksumsExpected = expected
        self.checksums = ChecksumAlgorithm.allCases
            .filter { announced.contains($0) || expected[$0] != nil }
            .map { ObjectChecksum($0) }
        if case .hash(let hash) = signature.payloadHash {
            self.hashExpected = hash
            self.sha256 = Digest(.sha256)
        } else {
            self.hashExpected = nil
            self.sha256 = nil
        }
        switch signature.payloadHash {
        case .signedChunks(let hasTrailer):
            self.decoder = AWSChunkedDecoder(
                decodedLength: self.lengthExpected,
                signing: .init(context: signature.context, seed: signature.signature),
                hasTrailer: hasTrailer
            )
        case .unsignedChunks:
            self.decoder = AWSChunkedDecoder(
                decodedLength: self.lengthExpected,
                signing: nil,
                hasTrailer: true
            )
        case .hash, .unsigned, .absent:
            self.decoder = nil
        }
    }

    private static func length(
        _ fields: HTTPFields,
        _ payloadHash: PayloadHash
    ) throws(BucketError) -> UInt64 {
        let name =
            switch payloadHash {
            case .signedChunks, .unsignedChunks: "x-amz-decoded-content-length"
            case .hash, .unsigned, .absent: "content-length"
            }
        guard let length = fields[name].flatMap({ HTTPText.decimal(Array($0.utf8)) }) else {
            throw BucketError(
                .missingContentLength,
                "An upload must say how long it is, in the field \(name)."
            )
        }
        return UInt64(length)
    }

    private static func contentMD5(_ fields: HTTPFields) throws(BucketError) -> [UInt8]? {
        guard let text = fields["content-md5"] else { return nil }
        guard let hash = Base64.decode(text), hash.count == 16 else {
            throw BucketError(.invalidDigest, "Content-MD5 is not the base64 of an MD5.")
        }
        return hash
    }

    private static func checksums(
        in fields: HTTPFields
    ) throws(BucketError) -> [ChecksumAlgorithm: String] {
        var expected: [ChecksumAlgorithm: String] = [:]
        for algorithm in ChecksumAlgorithm.allCases {
            guard let text = fields[algorithm.fieldName] else { continue }
            guard Base64.decode(text) != nil else {
                throw BucketError(.invalidRequest, "\(algorithm.fieldName) is not base64.")
            }
            expected[algorithm] = text
        }
        return expected
    }

    /// The checksums that will follow the body.
    private static func announcedChecksums(in fields: HTTPFields) -> Set<ChecksumAlgorithm> {
        let names = fields.values("x-amz-trailer").flatMap { $0.split(separator: ",") }
        return Set(
            names.compactMap {
                ChecksumAlgorithm(fieldName: String($0).trimmingSpaces().lowercased())
            }
        )
    }

    /// Takes in the next bytes of the body as they came.
    func receive(_ bytes: [UInt8]) throws(BucketError) {
        let pieces: [Range<Int>]
        do {
            pieces = try self.decoder?.decode(bytes) ?? [bytes.indices]
        } catch {
            throw Self.error(for: error)
        }
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(BucketError) in
                for piece in pieces {
                    try self.take(UnsafeRawBufferPointer(rebasing: buffer[piece]))
                }
            }
        }
        try result.get()
    }

    private func take(_ bytes: UnsafeRawBufferPointer) throws(BucketError) {
        self.lengthBytes += UInt64(bytes.count)
        guard self.lengthBytes <= self.lengthExpected else { throw Self.incomplete }
        self.md5.update(bytes)
        self.sha256?.update(bytes)
        for checksum in self.checksums { checksum.update(bytes) }
        try self.sink(bytes)
    }

    /// Says that the body ended, and checks all that was said about it.
    func finish() throws(BucketError) -> Outcome {
        do {
            try self.decoder?.finish()
        } catch {
            throw Self.error(for: error)
        }
        guard self.lengthBytes == self.lengthExpected else { throw Self.incomplete }
        let md5 = self.md5.finish()
        if let sha256 = self.sha256, let hashExpected = self.hashExpected {
            guard ConstantTime.areEqual(sha256.finish(), hashExpected) else {
                throw BucketError(
                    .contentSHA256Mismatch,
                    "x-amz-content-sha256 is not the SHA-256 of the body that arrived."
                )
            }
        }
        guard self.md5Expected == nil || self.md5Expected == md5 else {
            throw BucketError(.badDigest, "Content-MD5 is not the MD5 of the body that arrived.")
        }
        return Outcome(
            lengthBytes: self.lengthBytes,
            md5: Hex.encode(md5),
            checksums: try self.finishChecksums()
        )
    }

    private func finishChecksums() throws(BucketError) -> [String: String] {
        var expected = self.checksumsExpected
        for trailer in self.decoder?.trailers ?? [] {
            guard let algorithm = ChecksumAlgorithm(fieldName: trailer.name) else { continue }
            expected[algorithm] = trailer.value
        }
        var values: [String: String] = [:]
        for checksum in self.checksums {
            let value = checksum.finish()
            guard expected[checksum.algorithm] == value else {
                throw BucketError(
                    .badDigest,
                    "\(checksum.algorithm.fieldName) is missing, or not the checksum of the body"
                        + " that arrived."
                )
            }
            values[checksum.algorithm.fieldName] = value
        }
        return values
    }

    private static var incomplete: BucketError {
        BucketError(.incompleteBody, "The body that arrived is not as long as it was said to be.")
    }

    private static func error(for error: AWSChunkedError) -> BucketError {
        switch error {
        case .malformed:
            BucketError(.invalidRequest, "The body is not in AWS's chunked coding.")
        case .wrongLength, .truncated: self.incomplete
        case .signatureMismatch:
            BucketError(
                .signatureDoesNotMatch,
                "The signature of a piece of the body is not the one made with your secret key."
            )
        }
    }
}
