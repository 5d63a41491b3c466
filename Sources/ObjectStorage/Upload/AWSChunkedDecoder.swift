// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Why a body in AWS's chunked coding is refused.
enum AWSChunkedError: Error, Equatable {
    /// A line that is not what the coding has at that place, or a line too long.
    case malformed
    /// More or fewer bytes of data than `x-amz-decoded-content-length` promised.
    case wrongLength
    /// The body ended inside the coding.
    case truncated
    /// A piece or the trailer carries another signature than ours.
    case signatureMismatch
}

/// Takes apart bodies in AWS's chunked coding (`Content-Encoding: aws-chunked`), as they arrive.
///
/// Holds no data: ``decode(_:)`` tells where in the input the data lies. Data is handed on before
/// the signature of its piece was seen, so nothing may be believed until ``finish()`` returned.
struct AWSChunkedDecoder: ~Copyable {
    /// The longest line between the pieces, a trailer's included.
    static let lineBytesMax = 4096
    /// Most fields after the last piece.
    static let trailersMax = 16

    /// What checks the signatures of the pieces.
    struct Signing {
        var context: SigningContext
        /// The signature before the first piece: that of the request.
        var seed: String
    }

    private enum Phase: Equatable {
        case sizeLine
        case data(left: UInt64)
        case dataEnd
        case trailer
        case done
    }

    /// The fields after the last piece, names in lower case, without the signature.
    private(set) var trailers: [(name: String, value: String)] = []
    private var phase = Phase.sizeLine
    private var line: [UInt8] = []
    private var bytesLeft: UInt64
    private let signingContext: SigningContext?
    private let hasTrailer: Bool
    private var previousSignature: String
    private var claimedSignature = ""
    private var trailerIsSigned = false
    private var chunkDigest: Digest?

    /// Starts before the first byte.
    ///
    /// - Parameters:
    ///   - decodedLength: What `x-amz-decoded-content-length` says.
    ///   - signing: What signs the pieces; `nil` when nothing does.
    ///   - hasTrailer: Whether fields follow the last piece.
    init(decodedLength: UInt64, signing: Signing?, hasTrailer: Bool) {
        self.bytesLeft = decodedLength
        self.signingContext = signing?.context
        self.previousSignature = signing?.seed ?? ""
        self.hasTrailer = hasTrailer
    }

    deinit {}

    /// Goes over the next bytes of the body.
    ///
    /// - Returns: Where data lies in `input`, in order.
    mutating func decode(_ input: [UInt8]) throws(AWSChunkedError) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var index = 0
        while index < input.count {
            if case .data(let left) = self.phase {
                let count = Int(min(left, UInt64(input.count - index)))
                let range = index..<index + count
                self.chunkDigest?.update(input[range])
                pieces.append(range)
                index = range.upperBound
                self.phase = left > UInt64(count) ? .data(left: left - UInt64(count)) : .dataEnd
            } else {
                try self.received(input[index])
                index += 1
            }
        }
        return pieces
    }

    /// Says that the body ended; only now is the data to be believed.
    mutating func finish() throws(AWSChunkedError) {
        guard self.phase == .done else { throw .truncated }
        guard self.bytesLeft == 0 else { throw .wrongLength }
    }

    private mutating func received(_ byte: UInt8) throws(AWSChunkedError) {
        if self.phase == .done {
            // Some clients end the body with one line end too many.
            guard byte == 0x0D || byte == 0x0A else { throw .malformed }
            return
        }
        guard byte == 0x0A else {
            guard self.line.count < Self.lineBytesMax else { throw .malformed }
            self.line.append(byte)
            return
        }
        if self.line.last == 0x0D { self.line.removeLast() }
        let text = String(decoding: self.line, as: UTF8.self)
        self.line.removeAll(keepingCapacity: true)
        try self.receivedLine(text)
    }

    private mutating func receivedLine(_ text: String) throws(AWSChunkedError) {
        switch self.phase {
        case .sizeLine:
            try self.receivedSizeLine(text)
        case .dataEnd:
            guard text.isEmpty else { throw .malformed }
            try self.checkChunk()
            self.phase = .sizeLine
        case .trailer:
            try self.receivedTrailerLine(text)
        case .data, .done:
            throw .malformed
        }
    }

    private mutating func receivedSizeLine(_ text: String) throws(AWSChunkedError) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        guard let digits = parts.first, 1...16 ~= digits.utf8.count,
            digits.utf8.allSatisfy({ Hex.value(of: $0) != nil }),
            let length = UInt64(digits, radix: 16)
        else { throw .malformed }
        guard length <= self.bytesLeft else { throw .wrongLength }
        self.bytesLeft -= length
        if self.signingContext != nil {
            let prefix = "chunk-signature="
            guard let field = parts.dropFirst().first(where: { $0.hasPrefix(prefix) })
            else { throw .malformed }
            self.claimedSignature = String(field.dropFirst(prefix.utf8.count))
            self.chunkDigest = Digest(.sha256)
        }
        if length > 0 {
            self.phase = .data(left: length)
        } else {
            try self.checkChunk()
            self.phase = .trailer
        }
    }

    /// Compares the signature of the piece that just ended.
    private mutating func checkChunk() throws(AWSChunkedError) {
        guard let context = self.signingContext, let digest = self.chunkDigest else { return }
        let hash = Hex.encode(digest.finish())
        self.chunkDigest = nil
        let ours = context.signature(ofChunkHash: hash, previous: self.previousSignature)
        try self.compare(ours)
    }

    private mutating func compare(_ ours: String) throws(AWSChunkedError) {
        guard ConstantTime.areEqual(Array(ours.utf8), Array(self.claimedSignature.utf8))
        else { throw .signatureMismatch }
        self.previousSignature = ours
    }

    private mutating func receivedTrailerLine(_ text: String) throws(AWSChunkedError) {
        if text.isEmpty {
            // Signed trailers may have an empty line before the line with the signature.
            let isWaiting = self.hasTrailer && self.signingContext != nil && !self.trailerIsSigned
            if !isWaiting { self.phase = .done }
            return
        }
        let halves = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard self.hasTrailer, !self.trailerIsSigned, halves.count == 2,
            self.trailers.count < Self.trailersMax
        else { throw .malformed }
        let name = halves[0].lowercased()
        let value = String(halves[1]).trimmingSpaces()
        guard name == "x-amz-trailer-signature" else {
            self.trailers.append((name, value))
            return
        }
        guard let context = self.signingContext else { throw .malformed }
        let text = self.trailers.map { "\($0.name):\($0.value)\n" }.joined()
        let hash = Hex.encode(Digest.hash(Array(text.utf8), with: .sha256))
        self.claimedSignature = value
        try self.compare(context.signature(ofTrailerHash: hash, previous: self.previousSignature))
        self.trailerIsSigned = true
    }
}

extension String {
    /// The text without spaces and tabs at both ends.
    func trimmingSpaces() -> String {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let head = self.drop(while: isSpace)
        return String(head.reversed().drop(while: isSpace).reversed())
    }
}
