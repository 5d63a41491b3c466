// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Chunked bodies: decoded at once, in pieces, a second time naively, and written again.
enum HTTPBodyTarget {
    private struct Run: Equatable {
        var data: [UInt8] = []
        var length: Int?
        var trailers = HTTPFields()
        var error: HTTPParseError?
    }

    static func chunked(_ bytes: [UInt8]) throws(BrokenProperty) {
        var input = FuzzInput(bytes)
        let isLimited = input.takeFirst() % 4 == 0
        let bodyBytesMax = isLimited ? 12 : Int.max
        let whole = try self.run(input.bytes, bodyBytesMax, arrivals: [input.bytes.count])
        try require(whole.data.count <= bodyBytesMax, "a body larger than its limit")
        for arrivals in input.arrivals() {
            let cut = try self.run(input.bytes, bodyBytesMax, arrivals: arrivals)
            try require(
                cut.data == whole.data && cut.length == whole.length
                    && cut.trailers == whole.trailers
                    && (cut.error == nil) == (whole.error == nil),
                "arriving as \(arrivals): \(cut), at once: \(whole)"
            )
        }
        guard !isLimited else { return }
        try self.compare(whole, with: NaiveBodyDecoder.decode(input.bytes))
        if whole.length != nil { try self.rewrite(whole) }
    }

    /// The naive decoder does not read trailers, and lets pass what they hold.
    private static func compare(
        _ run: Run,
        with naive: NaiveBodyDecoder.Outcome
    ) throws(BrokenProperty) {
        switch naive {
        case .body(let data, let trailers, let length):
            guard run.error == nil else {
                return try require(
                    trailers > 0,
                    "a naive decoder takes what is refused here: \(run)"
                )
            }
            try require(run.data == data && run.length == length, "naive: \(naive), here: \(run)")
            try require(run.trailers.count <= trailers, "more trailers than lines")
        case .refused:
            try require(run.error != nil, "a naive decoder refuses what passes here: \(run)")
        case .incomplete:
            try require(run.length == nil, "a naive decoder misses the end of \(run)")
        }
    }

    private static func rewrite(_ run: Run) throws(BrokenProperty) {
        var written: [UInt8] = []
        try succeed("what was read can be written") {
            HTTPEncoder.append(chunk: run.data, to: &written)
            try HTTPEncoder.append(lastChunkWith: run.trailers, to: &written)
        }
        let again = try self.run(written, .max, arrivals: [written.count])
        try require(
            again.data == run.data && again.trailers == run.trailers
                && again.length == written.count,
            "written again it reads \(again)"
        )
    }

    private static func run(
        _ bytes: [UInt8],
        _ bodyBytesMax: Int,
        arrivals: [Int]
    ) throws(BrokenProperty) -> Run {
        var limits = HTTPLimits()
        limits.headerCountMax = 1 << 20
        limits.chunkExtensionBytesMax = 1 << 20
        limits.chunkExtensionBytesTotalMax = 1 << 20
        var decoder = HTTPBodyDecoder(
            framing: .chunked,
            limits: limits,
            bodyBytesMax: bodyBytesMax
        )
        var run = Run()
        var start = 0
        for count in arrivals where run.length == nil && run.error == nil {
            let part = Array(bytes[..<count])
            while let step = self.step(&decoder, part, start, &run.error) {
                let end: Int
                switch step {
                case .needMore(let consumed): end = consumed
                case .data(let range):
                    try require(range.lowerBound >= start && !range.isEmpty, "data lies ahead")
                    end = range.upperBound
                    run.data += part[range]
                case .end(let consumed, let trailers):
                    (end, run.length, run.trailers) = (consumed, consumed, trailers)
                }
                try require(start...part.count ~= end, "consumes what is there")
                start = end
                guard case .data = step else { break }
            }
        }
        return run
    }

    private static func step(
        _ decoder: inout HTTPBodyDecoder,
        _ bytes: [UInt8],
        _ start: Int,
        _ error: inout HTTPParseError?
    ) -> HTTPBodyDecoder.Step? {
        do throws(HTTPParseError) {
            return try decoder.decode(bytes.span, from: start)
        } catch let fault {
            error = fault
            return nil
        }
    }
}
