// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import SwiftletCommand

@Suite("Reports of lag")
struct LagReportTests {
    static let report = LagReport(
        source: "exam/uploads",
        namespace: "exam",
        service: "exam-generator",
        records: 12,
        parallelMax: 3
    )

    @Test("what is sent is what is read, and it is short")
    func roundTrip() throws {
        #expect(try LagReport(json: Self.report.json) == Self.report)
        var longest = Self.report
        // Names of Kubernetes objects have 253 bytes at most.
        let name = String(repeating: "n", count: 253)
        (longest.source, longest.namespace, longest.service) = ("\(name)/\(name)", name, name)
        (longest.records, longest.parallelMax) = (.max, .max)
        #expect(longest.json.count <= LagReport.bytesMax)
    }

    @Test("no proper prefix of a report is one")
    func prefixes() {
        for count in Self.report.json.indices {
            #expect(throws: CommandError.self) {
                try LagReport(json: Array(Self.report.json[..<count]))
            }
        }
    }

    @Test(
        "what is no report is refused in one sentence",
        arguments: [
            "[]", "{}", "{\"records\":1}",
            """
            {"source":"a","namespace":"b","service":"c","records":-1,"parallelMax":1}
            """,
            """
            {"source":"a","namespace":"b","service":"c","records":1e99,"parallelMax":1}
            """,
            """
            {"source":"a","namespace":"b","service":"c","records":1,"parallelMax":-1}
            """,
        ]
    )
    func refused(_ text: String) {
        let error = #expect(throws: CommandError.self) { try LagReport(json: Array(text.utf8)) }
        #expect(error?.description.hasPrefix("expected an object with source") == true)
    }
}
