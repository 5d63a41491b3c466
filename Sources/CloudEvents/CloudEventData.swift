// SPDX-License-Identifier: Apache-2.0

/// The payload of an event: its bytes, and what is known about them.
///
/// The case matters only where the JSON format has a choice (CloudEvents JSON format section 3.1);
/// in binary mode all three travel as ``bytes``.
public enum CloudEventData: Sendable, Equatable {
    /// Bytes of any kind; in the JSON format they become `data_base64`.
    case binary([UInt8])
    /// A JSON text in UTF-8; in the JSON format it becomes `data` as it is.
    ///
    /// Decoders use it for whatever a JSON content type announces. It is not parsed before it is
    /// needed: bytes that turn out not to be JSON are still carried faithfully, as `data_base64`.
    case json([UInt8])
    /// Text; in the JSON format it becomes `data` as a string, given a content type that is not
    /// JSON.
    case text(String)

    /// Makes the payload of a message in binary mode, as its content type announces it.
    init(bytes: [UInt8], type: String?) {
        self = type.map(MediaType.isJSON) == true ? .json(bytes) : .binary(bytes)
    }

    /// The payload as it travels in binary mode.
    public var bytes: [UInt8] {
        switch self {
        case .binary(let bytes), .json(let bytes): bytes
        case .text(let text): Array(text.utf8)
        }
    }

    /// The payload as text; `nil` when its bytes are not UTF-8.
    public var string: String? {
        switch self {
        case .binary(let bytes), .json(let bytes): String(validating: bytes, as: UTF8.self)
        case .text(let text): text
        }
    }

    /// Whether the payload is known to be meant as JSON.
    public var isJSON: Bool {
        if case .json = self { true } else { false }
    }

    /// Compares the bytes, and whether they are meant as JSON.
    public static func == (left: Self, right: Self) -> Bool {
        left.isJSON == right.isJSON && left.bytes == right.bytes
    }
}
