// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Request and response heads: read at once, read in pieces, judged a second time, written again.
enum HTTPHeadTargets {
    /// Limits that no input of a fuzzer reaches, as the naive parser knows none.
    private static var limits: HTTPLimits {
        var limits = HTTPLimits()
        limits.startLineBytesMax = 1 << 20
        limits.headerBytesMax = 1 << 20
        limits.headerCountMax = 1 << 20
        return limits
    }

    static func request(_ bytes: [UInt8]) throws(BrokenProperty) {
        var input = FuzzInput(bytes)
        let whole = self.outcome(bytes, arrivals: [bytes.count])
        let naive = NaiveRequestParser.parse(bytes)
        try require(whole == naive, "a naive parser reads \(naive), this one \(whole)")
        for arrivals in input.arrivals() {
            let cut = self.outcome(bytes, arrivals: arrivals)
            try require(cut == whole, "arriving as \(arrivals): \(cut), at once: \(whole)")
        }
        try self.limited(bytes)
        guard case .request(let request) = whole else { return }
        try require(request.length <= bytes.count, "consumes what is there")
        try self.rewrite(bytes)
    }

    private static func outcome(
        _ bytes: [UInt8],
        arrivals: [Int]
    ) -> NaiveRequestParser.Outcome {
        var parser = HTTPRequestParser(limits: self.limits)
        do {
            for count in arrivals {
                let part = Array(bytes[..<count])
                guard let (request, length) = try parser.parse(part.span) else { continue }
                return .request(NaiveRequestParser.Request(request, length: length))
            }
            return .incomplete
        } catch {
            return .refused
        }
    }

    /// Small limits only ever refuse more.
    private static func limited(_ bytes: [UInt8]) throws(BrokenProperty) {
        var limits = HTTPLimits()
        limits.startLineBytesMax = 24
        limits.headerBytesMax = 64
        limits.headerCountMax = 3
        var parser = HTTPRequestParser(limits: limits)
        guard let (request, length) = (try? parser.parse(bytes.span)) ?? nil else { return }
        try require(request.head.fields.count <= 3, "more header lines than the limit")
        try require(length <= 16 + 24 + 64, "a head longer than its limits")
    }

    private static func rewrite(_ bytes: [UInt8]) throws(BrokenProperty) {
        var parser = HTTPRequestParser(limits: self.limits)
        guard let (request, _) = (try? parser.parse(bytes.span)) ?? nil else { return }
        let head = request.head
        _ = (head.path, head.query, head.authority, head.originForm)
        // What was read as 1.0 is written as 1.1, which has rules that are not for 1.0.
        guard head.minorVersion == 1 else { return }
        var written: [UInt8] = []
        let again = try succeed("what was read can be written and read again") {
            try HTTPEncoder.append(head, to: &written)
            return try parser.parse(written.span)
        }
        // What is written has one space before each value, whatever there was.
        var expected = request
        expected.headLength = written.count
        try require(
            again?.request == expected,
            "written again it reads \(String(describing: again))"
        )
        try require(again?.consumed == written.count, "all that was written is the head")
    }

    static func response(_ bytes: [UInt8]) throws(BrokenProperty) {
        var input = FuzzInput(bytes)
        let methods: [HTTPMethod] = [.get, .head, .connect, .post]
        let method = methods[Int(input.takeFirst() % 4)]
        let whole = self.response(input.bytes, to: method, arrivals: [input.bytes.count])
        for arrivals in input.arrivals() {
            let cut = self.response(input.bytes, to: method, arrivals: arrivals)
            try require(cut == whole, "arriving as \(arrivals): \(cut), at once: \(whole)")
        }
        guard case .head(let response, let length) = whole else { return }
        try require(length <= input.bytes.count, "consumes what is there")
        var written: [UInt8] = []
        try succeed("what was read can be written") {
            try HTTPEncoder.append(response.head.status, to: &written)
            try HTTPEncoder.append(response.head.fields, to: &written)
        }
        written += [13, 10]
        guard
            case .head(let again, _) = self.response(written, to: method, arrivals: [written.count])
        else {
            // Only the version, which is 1.1 now, may make a difference.
            let isOld = input.bytes.starts(with: "HTTP/1.0".utf8)
            return try require(isOld, "what was written cannot be read")
        }
        try require(again.head == response.head, "written again it reads \(again)")
    }

    private enum ResponseOutcome: Equatable {
        case incomplete
        case refused
        case head(HTTPParsedResponse, length: Int)
    }

    private static func response(
        _ bytes: [UInt8],
        to method: HTTPMethod,
        arrivals: [Int]
    ) -> ResponseOutcome {
        var parser = HTTPResponseParser(limits: self.limits)
        do {
            for count in arrivals {
                let part = Array(bytes[..<count])
                guard let (response, length) = try parser.parse(part.span, to: method) else {
                    continue
                }
                return .head(response, length: length)
            }
            return .incomplete
        } catch {
            return .refused
        }
    }
}
