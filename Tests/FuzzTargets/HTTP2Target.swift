// SPDX-License-Identifier: Apache-2.0

/// A connection of HTTP/2 by frames of any kind, flags, stream and length: the server outlives it,
/// ends it by itself, and says nothing but frames.
enum HTTP2Target {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
    private static let emptySettings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0]
    /// Streams in the order of a client, and those at the ends of what a number can be.
    private static let streams: [UInt32] = [
        1, 0, 3, 5, 7, 9, 11, 2, 0x7FFF_FFFF, 0x7FFF_FFFD, 0x7FFF_FFFE, 0x8000_0001, 0xFFFF_FFFF,
        0x4000_0001,
    ]

    /// The first byte says whether the others are a connection as it is, or describe frames.
    static func connection(_ bytes: [UInt8]) throws(BrokenProperty) {
        var input = FuzzInput(bytes)
        let isRaw = input.takeFirst() % 4 == 0
        let frames = isRaw ? input.bytes : self.emptySettings + self.frames(input.bytes[...])
        let server = try succeed("a server can be started") { try FuzzedServer.shared.get() }
        let outcome = try server.exchange(self.preface + frames)
        try self.checkFrames(outcome)
    }

    /// Frames of `kind flags stream length payload`, a byte each but the last, as long as there are
    /// any; their lengths are right.
    private static func frames(_ description: ArraySlice<UInt8>) -> [UInt8] {
        var frames: [UInt8] = []
        var rest = description
        while rest.count >= 4 {
            let head = Array(rest.prefix(4))
            rest = rest.dropFirst(4)
            let payload = rest.prefix(Int(head[3]))
            rest = rest.dropFirst(payload.count)
            let stream = self.streams[Int(head[2]) % self.streams.count]
            frames += [0, 0, UInt8(payload.count), head[0], head[1]]
            frames += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: stream >> $0) }
            frames += payload
        }
        return frames
    }

    private static func checkFrames(_ outcome: FuzzedServer.Outcome) throws(BrokenProperty) {
        var rest = outcome.output[...]
        var isFirst = true
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let length = head[..<3].reduce(0) { $0 << 8 | Int($1) }
            try require(length <= 16_384, "a frame of \(length) bytes")
            try require(head[3] <= 9, "a frame of the kind \(head[3])")
            try require(!isFirst || head[3] == 4, "settings come first, not \(head[3])")
            isFirst = false
            guard rest.count >= 9 + length else { break }
            rest = rest.dropFirst(9 + length)
        }
        try require(rest.isEmpty || outcome.isReset, "half a frame: \(Array(rest))")
    }
}
