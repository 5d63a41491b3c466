// SPDX-License-Identifier: Apache-2.0

// `import Swiftlet` is all that an author writes: events, timestamps and loggers come with it.
@_exported public import struct Bytes.Timestamp
@_exported public import struct CloudEvents.CloudEvent
@_exported public import enum CloudEvents.CloudEventData
@_exported public import enum CloudEvents.CloudEventError
@_exported public import struct CloudEvents.CloudEventExtensions
@_exported public import enum CloudEvents.CloudEventValue
@_exported public import struct EventFilters.EventFilter
@_exported public import struct EventFilters.EventFilterError
@_exported public import struct Telemetry.Logger
