// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Telemetry

/// A pipe whose reader reads when the test says so.
private final class Pipe {
    var reader: Int32 = -1
    let writer: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        self.reader = ends[0]
        self.writer = ends[1]
        _ = fcntl(self.reader, F_SETFL, O_NONBLOCK)
    }

    deinit {
        self.closeReader()
        close(self.writer)
    }

    func closeReader() {
        if self.reader >= 0 { close(self.reader) }
        self.reader = -1
    }

    /// Everything that lies in the pipe.
    func read() -> String {
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(self.reader, &piece, piece.count)
            guard count > 0 else { return String(decoding: all, as: UTF8.self) }
            all.append(contentsOf: piece.prefix(count))
        }
    }
}

@Suite("Line writer")
struct LineWriterTests {
    @Test("writes whole lines, long ones too")
    func writes() throws {
        let pipe = try Pipe()
        let writer = LineWriter(descriptor: pipe.writer)
        let long = String(repeating: "x", count: 3 * LineWriter.pieceBytesMax) + "\n"
        writer.write(Array("short\n".utf8))
        writer.write(Array(long.utf8))
        #expect(pipe.read() == "short\n" + long)
        #expect(writer.linesDropped == 0)
    }

    @Test("a reader that does not read makes lines drop, never the writer stop", arguments: [0, 1])
    func stalls(_ nonBlocking: Int) throws {
        let pipe = try Pipe()
        if nonBlocking == 1 { _ = fcntl(pipe.writer, F_SETFL, O_NONBLOCK) }
        let writer = LineWriter(descriptor: pipe.writer)
        let line = Array((String(repeating: "x", count: 99) + "\n").utf8)
        for _ in 0..<2000 { writer.write(line) }
        #expect(writer.linesDropped > 0)
        let dropped = writer.linesDropped
        let seen = pipe.read()
        // What was cut off is ended before the next line.
        writer.write(Array("after\n".utf8))
        let rest = pipe.read()
        #expect((seen + rest).hasSuffix("\nafter\n"))
        #expect(writer.linesDropped == dropped)
    }

    @Test("a reader that went away raises no SIGPIPE")
    func readerGone() throws {
        let pipe = try Pipe()
        let writer = LineWriter(descriptor: pipe.writer)
        pipe.closeReader()
        writer.write(Array("nobody\n".utf8))
        #expect(writer.linesDropped == 1)
    }

    @Test("a closed descriptor is no reason to stop")
    func closed() throws {
        let writer = LineWriter(descriptor: -1)
        writer.write(Array("nobody\n".utf8))
        #expect(writer.linesDropped == 1)
    }
}
