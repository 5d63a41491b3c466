// SPDX-License-Identifier: Apache-2.0

/// How much a decoder accepts from outside.
package struct CloudEventLimits: Sendable {
    /// Objects and arrays within each other in JSON `data`.
    package static let nestingMax = 128

    /// Bytes of one event, or one batch, in the JSON format.
    package var formatBytesMax = 16 * 1024 * 1024
    /// Attributes of one event.
    package var attributesMax = 128
    /// Events of one batch.
    package var batchEventsMax = 1024

    /// The limits that hold unless somebody says otherwise.
    package init() {}
}
