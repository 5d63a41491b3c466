// SPDX-License-Identifier: Apache-2.0

/// The limits that only HTTP/2 has; those of heads, bodies and times are the same for both.
package struct HTTP2Limits: Sendable {
    /// Streams that may be open at once on one connection; advertised, and more are refused.
    package var streamsMax: UInt32 = 128
    /// Bytes of the heads and trailers of all open streams of a connection, as RFC 9113
    /// section 6.5.2 counts them; a further one is refused, unless it is the only one.
    ///
    /// Compressed, they may come as a few bytes.
    package var openHeaderBytesMax = 1024 * 1024
    /// Body bytes that a client may send ahead of the handlers, over all streams (8 MiB at most).
    ///
    /// A stream alone has 65,535, the default of the protocol.
    package var connectionWindowBytes: Int32 = 1024 * 1024
    /// Response bytes of one stream that wait before its handler is told to pause.
    package var streamOutputBytesMax = 64 * 1024
    /// Streams that may end before their answer did, by the client's will or fault, at once; past
    /// it the connection ends with ENHANCE_YOUR_CALM (CVE-2023-44487, CVE-2025-8671).
    package var resetsMax = 200
    /// How many of ``resetsMax`` come back in a second.
    package var resetsPerSecond = 20
    /// Answers to SETTINGS and PING that wait for a client which sends them and reads nothing.
    package var acknowledgementsMax = 100
    /// Frames at once that carry no part of a message: WINDOW_UPDATE, PING, SETTINGS, PRIORITY,
    /// empty DATA, what is ignored; past it the connection ends with ENHANCE_YOUR_CALM (RFC 9113
    /// section 10.5).
    package var overheadFramesMax = 5000
    /// How many of ``overheadFramesMax`` come back in a second.
    package var overheadFramesPerSecond = 1000
    /// How many further ones each frame pays for that carries a part of a message, either way; at
    /// least one, which is itself.
    ///
    /// A client that reads bodies in pieces of 4 KiB, and opens two windows for each, sends eight
    /// for a frame of DATA.
    package var overheadFramesPerMessageFrame = 20
    /// How long a drain waits for the client to hear of it before new streams are refused.
    package var drainNoticeTimeout = Duration.seconds(1)
    /// How long a drain waits for requests of a client that has heard of it, within
    /// ``drainNoticeTimeout``.
    package var drainSettleTimeout = Duration.milliseconds(100)

    /// The defaults.
    package init() {}
}
