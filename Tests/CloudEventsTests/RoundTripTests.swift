// SPDX-License-Identifier: Apache-2.0

import CloudEvents
import HTTP
import TestSupport
import Testing

@Suite("An event survives every way of carrying it")
struct RoundTripTests {
    static let rounds = 300

    @Test("HTTP, binary mode", arguments: CloudEventHeaderCoding.allCases)
    func binary(_ coding: CloudEventHeaderCoding) throws {
        let random = SeededGenerator(defaultSeed: 1)
        var generator = EventGenerator(random)
        for round in 0..<Self.rounds {
            let event = generator.event()
            try event.validate()
            var fields = HTTPFields()
            let body = try event.encode(into: &fields, headerCoding: coding)
            let decoded = try CloudEvent(httpFields: fields, body: body, headerCoding: coding)
            #expect(
                decoded == event.throughHeaders(emptyIsNothing: true),
                "seed \(random.seed), round \(round)"
            )
        }
    }

    @Test("HTTP, structured and batch mode")
    func structured() throws {
        let random = SeededGenerator(defaultSeed: 2)
        var generator = EventGenerator(random)
        var events: [CloudEvent] = []
        for round in 0..<Self.rounds {
            let event = generator.event()
            events.append(event)
            var fields = HTTPFields()
            let body = try event.encode(into: &fields, mode: .structured)
            let decoded = try CloudEvent(httpFields: fields, body: body)
            #expect(decoded == event.throughJSON, "seed \(random.seed), round \(round)")
        }
        let batch = try CloudEvent.jsonFormat(batch: events)
        #expect(try CloudEvent.batch(jsonFormat: batch) == events.map(\.throughJSON))
    }

    @Test("Kafka, both modes", arguments: [CloudEventContentMode.binary, .structured])
    func kafka(_ mode: CloudEventContentMode) throws {
        let random = SeededGenerator(defaultSeed: 3)
        var generator = EventGenerator(random)
        for round in 0..<Self.rounds {
            let event = generator.event()
            let message = try event.kafkaMessage(mode: mode)
            let decoded = try CloudEvent(kafkaHeaders: message.headers, value: message.value)
            let expected =
                mode == .binary ? event.throughHeaders(emptyIsNothing: false) : event.throughJSON
            #expect(decoded == expected, "seed \(random.seed), round \(round)")
        }
    }

    @Test("all of them in a row change nothing that the first did not")
    func chain() throws {
        let random = SeededGenerator(defaultSeed: 4)
        var generator = EventGenerator(random)
        for round in 0..<Self.rounds {
            let start = generator.event().throughHeaders(emptyIsNothing: true)
            let json = try CloudEvent(jsonFormat: try start.jsonFormat())
            var fields = HTTPFields()
            let body = try json.encode(into: &fields)
            let http = try CloudEvent(httpFields: fields, body: body)
            let message = try http.kafkaMessage()
            let kafka = try CloudEvent(kafkaHeaders: message.headers, value: message.value)
            let last = try CloudEvent(jsonFormat: try kafka.jsonFormat())
            #expect(last == start, "seed \(random.seed), round \(round)")
        }
    }
}
