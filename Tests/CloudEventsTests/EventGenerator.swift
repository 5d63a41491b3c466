// SPDX-License-Identifier: Apache-2.0

import Bytes
import TestSupport

@testable import CloudEvents

/// Makes events of every shape, all of them valid.
struct EventGenerator {
    private var random: SeededGenerator

    init(_ random: SeededGenerator) { self.random = random }

    mutating func event() -> CloudEvent {
        var event = CloudEvent(
            type: self.text(nonEmpty: true),
            source: self.random.pick([
                "/apis/v1/namespaces/exam/kafkasources/s#t", "urn:a:b", "https://h:1/p?q=1#f", "a",
                "//[::1]/x", "minio:s3..exams", "%41", "?", "../up",
            ]),
            id: self.text(nonEmpty: true)
        )
        if self.random.chance(50) { event.subject = self.text(nonEmpty: true) }
        if self.random.chance(50) { event.time = self.time() }
        if self.random.chance(50) {
            event.dataSchema = self.random.pick(["https://h/s.json#/a", "urn:schema:1"])
        }
        if self.random.chance(70) {
            event.dataContentType = self.random.pick([
                "application/json", "application/JSON; charset=utf-8", "text/json",
                "application/geo+json", "text/plain", "application/xml",
                "application/octet-stream", "text/plain; note=\"é\"", "application/x-ndjson",
            ])
        }
        for _ in 0..<Int.random(in: 0...5, using: &self.random) {
            event.extensions[self.name()] = self.value()
        }
        if self.random.chance(80) { event.data = self.data() }
        return event
    }

    private mutating func time() -> Timestamp {
        Timestamp(
            secondsSinceEpoch: self.random.chance(80)
                ? Int64.random(in: 0...4_000_000_000, using: &self.random)
                : Int64.random(in: AttributeRules.secondsRange, using: &self.random),
            nanoseconds: self.random.pick([0, 1, 500_000_000, 678_000_000, 999_999_999])
        )
    }

    /// Text of all sorts of allowed characters, the awkward ones above all.
    private mutating func text(nonEmpty: Bool) -> String {
        let awkward = Array("\"%\\ /:#?&=+,;<>{}[]|^`~'éß€漢😀\u{00A0}\u{2028}\u{FEFF}\u{10FFFD}")
        var text = nonEmpty ? "x" : ""
        for _ in 0..<Int.random(in: 0...24, using: &self.random) {
            if self.random.chance(60) {
                text.append(self.random.pick(Array("abcXYZ0189-._")))
            } else {
                text.append(self.random.pick(awkward))
            }
        }
        if self.random.chance(5) { text = "\"" + text + "\"" }
        if self.random.chance(5) { text = " " + text + "%41 " }
        return text
    }

    private mutating func name() -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789")
        var name = "x"
        for _ in 0..<Int.random(in: 0...20, using: &self.random) {
            name.append(self.random.pick(letters))
        }
        return name
    }

    private mutating func value() -> CloudEventValue {
        switch Int.random(in: 0..<8, using: &self.random) {
        case 0: .boolean(self.random.chance(50))
        case 1: .integer(self.random.pick([0, -1, 42, .min, .max]))
        case 2: .binary(self.bytes())
        case 3: .uri("https://example.com/a")
        case 4: .uriReference("../a?b")
        case 5: .timestamp(self.time())
        default: .string(self.text(nonEmpty: false))
        }
    }

    private mutating func bytes() -> [UInt8] {
        (0..<Int.random(in: 0...40, using: &self.random)).map { _ in
            UInt8.random(in: .min ... .max, using: &self.random)
        }
    }

    private mutating func data() -> CloudEventData {
        switch Int.random(in: 0..<4, using: &self.random) {
        case 0: .binary(self.bytes())
        case 1: .text(self.text(nonEmpty: false))
        case 2: .json(self.bytes())
        default:
            .json(
                Array(
                    self.random.pick([
                        #"{"a":[1,2,{"b":null}]}"#, "null", #""quoted \ud83d\ude00""#, "-1.5e+3",
                        "[]", "{}", "true", #"{"x" : [ 1 , "é" ] }"#,
                    ]).utf8
                )
            )
        }
    }
}

extension CloudEvent {
    /// The same event as a receiver in the JSON format sees it.
    var throughJSON: CloudEvent {
        var event = self
        event.extensions = [:]
        for (name, value) in self.extensions {
            switch value {
            case .boolean, .integer: event.extensions[name] = value
            default: event.extensions[name] = .string(value.canonicalString)
            }
        }
        event.data = self.data.map { data in
            let isTyped = self.dataContentType.map(MediaType.isJSON)
            let isJSON = isTyped ?? (data.isJSON && JSONScanner.isValid(data.bytes))
            return isJSON ? .json(data.bytes) : .binary(data.bytes)
        }
        return event
    }

    /// The same event as a receiver in binary mode sees it.
    func throughHeaders(emptyIsNothing: Bool) -> CloudEvent {
        var event = self
        event.dataContentType = self.transportContentType
        event.extensions = [:]
        for (name, value) in self.extensions {
            event.extensions[name] = .string(value.canonicalString)
        }
        event.data = self.data.map {
            CloudEventData(bytes: $0.bytes, type: event.dataContentType)
        }
        if emptyIsNothing, event.data?.bytes.isEmpty == true { event.data = nil }
        return event
    }
}
