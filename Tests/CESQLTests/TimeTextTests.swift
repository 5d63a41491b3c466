// SPDX-License-Identifier: Apache-2.0

import CESQL
import CloudEvents
import Testing

@Suite("The time of an event in expressions")
struct TimeTextTests {
    @Test("is the text that its sender wrote, or ours for one that was made here")
    func text() throws {
        let json = #"""
            {"specversion":"1.0","id":"1","source":"/s","type":"t","time":"2018-04-05T17:31:00+02:00"}
            """#
        var event = try CloudEvent(jsonFormat: Array(json.utf8))
        let written = try CESQLExpression("time = '2018-04-05T17:31:00+02:00'")
        let ours = try CESQLExpression("time = '2018-04-05T15:31:00Z'")
        #expect(written.evaluate(event).value == .boolean(true))
        #expect(ours.evaluate(event).value == .boolean(false))
        event.time = event.time
        #expect(written.evaluate(event).value == .boolean(false))
        #expect(ours.evaluate(event).value == .boolean(true))
    }
}
