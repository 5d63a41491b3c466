// SPDX-License-Identifier: Apache-2.0

import CloudEvents
import EventLoop
import Glibc
import HTTP

/// Reads and writes one event over and over, and says what each step costs.
enum CodecBenchmark {
    private static let batches = 40

    /// Measures with the HTTP request that a file holds, byte for byte.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - batchSteps: How often a step is done in each of the batches.
    static func run(requestAt path: String, batchSteps: Int) {
        let request = Self.bytes(of: path)
        guard let parsed = Self.parse(request) else {
            preconditionFailure("\(path) holds a request")
        }
        let (fields, headLength) = (parsed.head.fields, parsed.headLength)
        let body = Array(request[headLength...])
        guard let event = try? CloudEvent(httpFields: fields, body: body) else {
            preconditionFailure("\(path) holds an event")
        }
        self.measure("head-parse", batchSteps) { Self.parse(request)?.headLength == headLength }
        self.measure("event-decode", batchSteps) {
            (try? CloudEvent(httpFields: fields, body: body)) != nil
        }
        self.measure("event-encode", batchSteps) {
            var fields = HTTPFields()
            return (try? event.encode(into: &fields)) != nil
        }
        var output: [UInt8] = []
        self.measure("head-encode", batchSteps) {
            output.removeAll(keepingCapacity: true)
            return (try? HTTPEncoder.append(fields, to: &output)) != nil
        }
        self.measure("event-encode-structured", batchSteps) {
            var fields = HTTPFields()
            return (try? event.encode(into: &fields, mode: .structured)) != nil
        }
        guard let json = try? event.jsonFormat() else { return }
        self.measure("event-decode-structured", batchSteps) {
            (try? CloudEvent(jsonFormat: json)) != nil
        }
    }

    private static func parse(_ bytes: [UInt8]) -> HTTPParsedRequest? {
        var parser = HTTPRequestParser()
        return try? parser.parseHead(bytes.span)
    }

    private static func bytes(of path: String) -> [UInt8] {
        guard let stream = fopen(path, "r") else { return [] }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        while case let byte = getc(stream), byte != EOF { bytes.append(UInt8(byte)) }
        return bytes
    }

    /// Writes a line `name nanoseconds allocations`; no allocations without the counter.
    ///
    /// The time is that of the best batch: whatever else runs on the machine only adds to it.
    @inline(never)
    private static func measure(_ name: String, _ batchSteps: Int, _ step: () -> Bool) {
        var isRight = true
        var best = UInt64.max
        let counter = AllocationCounter()
        var allocations: UInt64 = 0
        for _ in 0..<self.batches {
            let before = counter?.count() ?? 0
            let start = MonotonicTime.now()
            for _ in 0..<batchSteps { isRight = step() && isRight }
            best = min(best, MonotonicTime.now().nanoseconds - start.nanoseconds)
            allocations = (counter?.count() ?? 0) - before
        }
        precondition(isRight, "\(name) fails on the sample")
        let each = Double(allocations) / Double(batchSteps)
        let nanoseconds = Double(best) / Double(batchSteps)
        puts("\(name) \(nanoseconds) \(counter == nil ? "-" : "\(each)")")
    }
}

/// Counts calls of the allocator, in a process that was started with the counting library.
private struct AllocationCounter {
    private let read: @convention(c) () -> UInt64

    init?() {
        guard let symbol = dlsym(nil, "swiftlet_allocations") else { return nil }
        self.read = unsafeBitCast(symbol, to: (@convention(c) () -> UInt64).self)
    }

    func count() -> UInt64 { self.read() }
}
