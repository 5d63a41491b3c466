// SPDX-License-Identifier: Apache-2.0

import HTTP
import HTTP2Client
import TestSupport
import Testing

@testable import Activator

@Suite("gRPC's health messages")
struct GRPCHealthTests {
    @Test("a request names its service in field 1, behind the length of the message")
    func requests() {
        #expect(GRPCHealth.request(service: "") == [0, 0, 0, 0, 0])
        #expect(GRPCHealth.request(service: "ab") == [0, 0, 0, 0, 4, 0x0A, 2, 0x61, 0x62])
        let long = GRPCHealth.request(service: String(repeating: "x", count: 300))
        #expect(long.prefix(8) == [0, 0, 0, 1, 47, 0x0A, 0xAC, 2])
        #expect(long.count == 5 + 303)
    }

    static let answers: [(bytes: [UInt8], status: GRPCHealth.Status?)] = [
        ([0, 0, 0, 0, 2, 8, 1], .serving),
        ([0, 0, 0, 0, 2, 8, 2], .other(2)),
        ([0, 0, 0, 0, 0], .other(0)),
        ([0, 0, 0, 0, 3, 8, 0x81, 0], .serving),
        // Fields of every type that are not known, before and behind.
        ([0, 0, 0, 0, 6, 0x12, 2, 9, 9, 8, 1], .serving),
        ([0, 0, 0, 0, 7, 8, 1, 0x1D, 1, 2, 3, 4], .serving),
        ([0, 0, 0, 0, 11, 8, 1, 0x19, 1, 2, 3, 4, 5, 6, 7, 8], .serving),
        ([1, 0, 0, 0, 2, 8, 1], nil),
        ([0, 0, 0, 0, 3, 8, 1], nil),
        ([0, 0, 0, 0, 1, 8, 1], nil),
        ([0, 0, 0, 0, 3, 0x12, 9, 1], nil),
        ([0, 0, 0, 0, 1, 0x0B], nil),
        ([0, 0, 0, 0, 11] + [UInt8](repeating: 0xFF, count: 11), nil),
    ]

    @Test("the status of an answer", arguments: answers)
    func status(_ bytes: [UInt8], _ status: GRPCHealth.Status?) {
        #expect(GRPCHealth.status(in: bytes) == status)
    }

    @Test("no proper prefix of an answer is one")
    func prefixes() {
        for (bytes, _) in Self.answers where bytes[0] == 0 && bytes.count == 5 + Int(bytes[4]) {
            for length in bytes.indices {
                #expect(GRPCHealth.status(in: Array(bytes[..<length])) == nil)
            }
        }
    }

    @Test("any bytes at all have a status or none")
    func randomBytes() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<50_000 {
            let length = Int.random(in: 0..<24, using: &random)
            let message = (0..<length).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
            _ = GRPCHealth.status(in: [0, 0, 0, 0, UInt8(length)] + message)
        }
    }
}

@Suite("What the activator answers to a call of gRPC")
struct GRPCStatusTests {
    @Test(
        "statuses of HTTP by gRPC's table, and our own",
        arguments: [
            (400, 13), (401, 16), (403, 7), (404, 12), (413, 8), (429, 14), (500, 13), (501, 12),
            (502, 14), (503, 14), (504, 4),
        ]
    )
    func ofHTTP(_ status: Int, _ number: Int) {
        #expect(GRPCStatus(HTTPStatus(rawValue: status)).rawValue == number)
    }

    @Test(
        "codes of a reset by gRPC's table",
        arguments: [(0, 13), (1, 13), (2, 13), (7, 14), (8, 1), (11, 8), (12, 7), (99, 13)]
    )
    func ofReset(_ code: UInt32, _ number: Int) {
        #expect(GRPCStatus(HTTP2ErrorCode(rawValue: code)).rawValue == number)
    }

    @Test("trailers name status and reason, and when to try again if that is of use")
    func trailers() {
        var answer = ProblemAnswer(status: .serviceUnavailable, detail: "100 %, née\n")
        #expect(
            answer.grpcTrailers == [
                "grpc-status": "14", "grpc-message": "100 %25, n%C3%A9e%0A",
            ]
        )
        answer.retryAfter = .milliseconds(1500)
        #expect(answer.grpcTrailers["grpc-retry-pushback-ms"] == "2000")
        answer.grpcStatus = .cancelled
        #expect(answer.grpcTrailers["grpc-status"] == "1")
        #expect(answer.grpcTrailers["grpc-retry-pushback-ms"] == nil)
    }
}
