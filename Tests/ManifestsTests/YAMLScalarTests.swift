// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Manifests

@Suite("What plain scalars stand for (YAML 1.2.2 section 10.3, and Kubernetes)")
struct YAMLScalarTests {
    static let plain: [(String, YAMLValue)] = [
        ("", .null), ("~", .null), ("null", .null), ("Null", .null), ("NULL", .null),
        ("nUll", .string("nUll")), ("nulls", .string("nulls")),
        ("true", .boolean(true)), ("True", .boolean(true)), ("TRUE", .boolean(true)),
        ("tRue", .string("tRue")), ("false", .boolean(false)), ("FALSE", .boolean(false)),
        ("yes", .boolean(true)), ("No", .boolean(false)), ("on", .boolean(true)),
        ("OFF", .boolean(false)), ("y", .boolean(true)), ("N", .boolean(false)),
        ("0", .integer(0)), ("-0", .integer(0)), ("12", .integer(12)), ("+12", .integer(12)),
        ("-12", .integer(-12)), ("1_000", .integer(1000)), ("0x1F", .integer(31)),
        ("0o17", .integer(15)), ("0755", .integer(493)), ("0b101", .integer(5)),
        ("-0x10", .integer(-16)), ("08", .float(8)), ("--1", .string("--1")),
        ("+-1", .string("+-1")), ("0x-1", .string("0x-1")), ("0x", .string("0x")),
        ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
        ("9223372036854775808", .float(9_223_372_036_854_775_808)),
        ("1.5", .float(1.5)), (".5", .float(0.5)), ("5.", .float(5)), ("-1e3", .float(-1000)),
        ("1E-2", .float(0.01)), (".", .string(".")), ("-", .string("-")), ("+", .string("+")),
        ("1.2.3", .string("1.2.3")), ("1e", .string("1e")), ("e1", .string("e1")),
        (".inf", .float(.infinity)), ("-.Inf", .float(-.infinity)), ("inf", .string("inf")),
        ("nan", .string("nan")), ("1:30", .string("1:30")), ("2026-01-02", .string("2026-01-02")),
        ("10Mi", .string("10Mi")), ("١٢", .string("١٢")), ("hello", .string("hello")),
    ]

    @Test("a plain scalar resolves by its form", arguments: plain)
    func resolves(_ text: String, _ value: YAMLValue) {
        #expect(YAMLScalar(text: text, isPlain: true).value == value)
        #expect(YAMLScalar(text: text, isPlain: false).value == .string(text))
    }

    @Test(".nan is a number")
    func notANumber() {
        guard case .float(let number) = YAMLScalar(text: ".nan", isPlain: true).value else {
            Issue.record(".nan is no number")
            return
        }
        #expect(number.isNaN)
    }
}
