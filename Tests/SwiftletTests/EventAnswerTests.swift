// SPDX-License-Identifier: Apache-2.0

import HTTP
import Swiftlet
import SwiftletTesting
import Testing

@testable import Swiftlet

private struct NotAnHTTPError: Error {}

private enum ShopError: HTTPStatusError {
    case soldOut
    case strange

    var status: Int { self == .soldOut ? 409 : 200 }
    var message: String { "there is none left" }
    var retryAfter: Duration? { self == .soldOut ? .milliseconds(1500) : nil }
}

/// What senders built on the Go SDK expect of a receiver.
@Suite("Answers to events (as sdk-go gives them)")
struct EventAnswerTests {
    private static let function: Function = {
        var function = Function()
        function.on("ack") { _, _ in }
        function.on("nil") { _, _ in nil }
        function.on("echo") { event, _ in event }
        function.on("nack") { _, _ in throw NotAnHTTPError() }
        function.on("result") { _, _ in throw FunctionError(418, "a teapot") }
        function.on("later") { _, _ in throw FunctionError(503, "later", retryAfter: .seconds(7)) }
        function.on("own") { _, _ in throw ShopError.soldOut }
        function.on("strange") { _, _ in throw ShopError.strange }
        function.on("cancelled") { _, _ in throw CancellationError() }
        return function
    }()
    private let tester = FunctionTester(EventAnswerTests.function)

    struct Row: Sendable {
        var method = "POST"
        var fields: HTTPFields = [:]
        var body = ""
        var status: Int
        var isText = true
        var allow: String?
        var retryAfter: String?
    }

    private static func binary(_ type: String, _ more: HTTPFields = [:]) -> HTTPFields {
        var fields: HTTPFields = ["ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s"]
        if !type.isEmpty { fields.append("ce-type", type) }
        for (name, value) in more.lowercasedPairs { fields.append(name, value) }
        return fields
    }

    private static let structured: HTTPFields = ["Content-Type": "application/cloudevents+json"]

    static let rows: [Row] = [
        // Methods.
        Row(method: "GET", status: 405, allow: "POST, PUT"),
        Row(method: "DELETE", status: 405, allow: "POST, PUT"),
        Row(method: "OPTIONS", status: 405, allow: "POST, PUT"),
        Row(method: "PUT", fields: Self.binary("ack"), status: 200, isText: false),
        // What handlers do.
        Row(fields: Self.binary("ack"), status: 200, isText: false),
        Row(fields: Self.binary("nil"), status: 200, isText: false),
        Row(fields: Self.binary("nack"), status: 500),
        Row(fields: Self.binary("result"), status: 418),
        Row(fields: Self.binary("later"), status: 503, retryAfter: "7"),
        Row(fields: Self.binary("own"), status: 409, retryAfter: "2"),
        Row(fields: Self.binary("strange"), status: 500),
        Row(fields: Self.binary("cancelled"), status: 503),
        // Ours: sdk-go has one handler for all types, and so no word for none.
        Row(fields: Self.binary("unknown"), status: 422),
        // What is no event.
        Row(status: 415),
        Row(fields: ["Content-Type": "application/json"], body: "{}", status: 415),
        Row(fields: ["Content-Type": "application/cloudevents+avro"], status: 415),
        Row(fields: ["Content-Type": "application/cloudevents-batch+xml"], status: 415),
        // What is no valid event.
        Row(fields: Self.binary(""), status: 400),
        Row(fields: Self.binary("ack", ["ce-time": "yesterday"]), status: 400),
        Row(fields: Self.binary("ack", ["ce-bad_name": "x"]), status: 400),
        Row(fields: Self.binary("ack", ["ce-subject": ""]), status: 400),
        Row(fields: ["ce-specversion": "0.3", "ce-id": "1", "ce-type": "ack"], status: 400),
        Row(fields: Self.structured, body: "{", status: 400),
        Row(fields: Self.structured, body: #"{"specversion":"1.0","type":"ack"}"#, status: 400),
        // What Knative's senders add changes nothing.
        Row(
            fields: Self.binary("ack", ["Prefer": "reply", "Kn-Namespace": "default"]),
            status: 200,
            isText: false
        ),
    ]

    @Test("rows", arguments: rows)
    func answers(_ row: Row) async {
        let response = await self.tester.send(
            Request(
                method: row.method,
                path: "/",
                headers: Headers(row.fields),
                body: Array(row.body.utf8)
            )
        )
        #expect(response.status == row.status)
        #expect(response.body.isEmpty == !row.isText)
        let type = response.headers["Content-Type"]
        #expect(type == (row.isText ? "text/plain; charset=utf-8" : nil))
        #expect(response.headers["Allow"] == row.allow)
        #expect(response.headers["Retry-After"] == row.retryAfter)
    }

    @Test("what a handler's error says stays in the log")
    func secrets() async {
        let request = Request(method: "POST", path: "/", headers: Headers(Self.binary("nack")))
        let response = await self.tester.send(request)
        #expect(!String(decoding: response.body, as: UTF8.self).contains("NotAnHTTPError"))
    }

    @Test("a reply comes in the mode of the request")
    func modes() async throws {
        let event = CloudEvent(type: "echo", source: "/s", id: "1")
        let binary = await self.tester.send(try Request(event: event, mode: .binary))
        #expect(binary.headers["ce-type"] == "echo")
        #expect(binary.headers["Content-Type"] == nil)
        let structured = await self.tester.send(try Request(event: event, mode: .structured))
        #expect(structured.headers["ce-type"] == nil)
        #expect(
            structured.headers["Content-Type"]?.hasPrefix("application/cloudevents+json") == true
        )
        #expect(try structured.events() == [event])
    }

    static let codings: [(coding: String, sent: String, subject: String, reply: String)] = [
        ("strict", "100%25%20%C3%A9", "100% é", "100%25%20%C3%A9"),
        ("strict", "é", "é", "%C3%A9"),
        ("knative", "100%25 é", "100%25 é", "100%25 é"),
        ("knative", "a b", "a b", "a b"),
    ]

    @Test("headers are read and written as SWIFTLET_CE_HEADERS says", arguments: codings)
    func headerCoding(_ coding: String, _ sent: String, _ subject: String, _ reply: String) async {
        var function = Function()
        function.on("*") { event, _ in
            guard event.subject == subject else { throw FunctionError(400, "another subject") }
            return event
        }
        let tester = FunctionTester(
            function,
            environment: Environment(variables: ["SWIFTLET_CE_HEADERS": coding])
        )
        let headers = Headers(Self.binary("t", ["ce-subject": sent]))
        let response = await tester.send(Request(method: "POST", path: "/", headers: headers))
        #expect(response.status == 200)
        #expect(response.headers["ce-subject"] == reply)
    }
}
