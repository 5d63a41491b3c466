// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc

/// Why a file is not an object.
enum ObjectFileError: Error, Equatable {
    /// Shorter than its end says, or without that end: a write that was cut off.
    case truncated
    /// The end says one thing, the rest another.
    case inconsistent
}

/// The form of an object's file: the bytes, then metadata as JSON, then a footer of fixed length.
///
/// One file means that one `rename(2)` replaces bytes and metadata at once. The footer is, in
/// big-endian order: length of the bytes (8), length of the metadata (4), CRC-32C of the metadata
/// (4), and eight letters that name this form.
enum ObjectFile {
    static let footerBytes = 24
    /// Far above what keys and user metadata can make of it.
    static let metadataBytesMax = 64 * 1024
    private static let magic = Array("SWLTOBJ1".utf8)

    /// What follows the bytes of an object.
    static func trailer(for metadata: ObjectMetadata) throws -> [UInt8] {
        var bytes = try metadata.encoded()
        guard bytes.count <= Self.metadataBytesMax else {
            throw BucketError(.metadataTooLarge, "The metadata of the object is too large.")
        }
        let checksum = Self.checksum(bytes)
        let length = UInt32(truncatingIfNeeded: bytes.count)
        Self.append(metadata.lengthBytes, 8, to: &bytes)
        Self.append(UInt64(length), 4, to: &bytes)
        bytes.append(contentsOf: checksum)
        bytes.append(contentsOf: Self.magic)
        return bytes
    }

    /// Reads and checks the metadata of an open file.
    static func metadata(of file: OpenFile) throws -> ObjectMetadata {
        let length = try FileIO.length(of: file)
        guard length >= UInt64(Self.footerBytes) else { throw ObjectFileError.truncated }
        let footerOffset = length - UInt64(Self.footerBytes)
        let footer = try FileIO.read(Self.footerBytes, at: footerOffset, of: file)
        guard footer.count == Self.footerBytes, Array(footer[16...]) == Self.magic
        else { throw ObjectFileError.truncated }
        let dataLength = Self.number(footer[..<8])
        let metadataLength = Self.number(footer[8..<12])
        guard metadataLength <= UInt64(Self.metadataBytesMax), dataLength <= footerOffset,
            footerOffset - dataLength == metadataLength
        else { throw ObjectFileError.inconsistent }
        let json = try FileIO.read(Int(metadataLength), at: dataLength, of: file)
        guard json.count == Int(metadataLength), Self.checksum(json) == Array(footer[12..<16])
        else { throw ObjectFileError.inconsistent }
        let metadata = try ObjectMetadata(decoding: json)
        guard metadata.lengthBytes == dataLength else { throw ObjectFileError.inconsistent }
        return metadata
    }

    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        var checksum = CyclicChecksum(.crc32c)
        bytes.withUnsafeBytes { checksum.update($0) }
        return checksum.finish()
    }

    private static func append(_ value: UInt64, _ byteCount: Int, to bytes: inout [UInt8]) {
        for place in (0..<byteCount).reversed() {
            bytes.append(UInt8(truncatingIfNeeded: value >> (place * 8)))
        }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
