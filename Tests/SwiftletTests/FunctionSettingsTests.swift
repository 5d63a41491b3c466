// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Testing

@testable import Swiftlet

@Suite("Settings from the environment")
struct FunctionSettingsTests {
    static let listeners: [(variables: [String: String], listener: FunctionSettings.Listener)] = [
        ([:], .address(.ipv4Loopback(port: 8080))),
        (["PORT": "9999"], .port(9999)),
        (["PORT": "9999", "LISTEN_ADDRESS": "127.0.0.1:1"], .address(.ipv4Loopback(port: 1))),
        (["LISTEN_FDS": "1", "LISTEN_PID": "42", "PORT": "1"], .inherited(descriptor: 3)),
        (["LISTEN_FDS": "1", "LISTEN_PID": "41", "PORT": "1"], .port(1)),
        (["LISTEN_FDS": "0", "LISTEN_PID": "42", "PORT": "1"], .port(1)),
    ]

    @Test("say where to listen", arguments: listeners)
    func listener(_ variables: [String: String], _ listener: FunctionSettings.Listener) throws {
        let settings = try FunctionSettings(Environment(variables: variables), processID: 42)
        #expect(settings.listener == listener)
    }

    @Test("times and limits")
    func numbers() throws {
        let variables = [
            "REVISION_TIMEOUT_SECONDS": "7", "SWIFTLET_DRAIN_SECONDS": "8",
            "SWIFTLET_BODY_BYTES_MAX": "9", "CONTAINER_CONCURRENCY": "3",
            "SWIFTLET_QUEUE_SECONDS": "4", "REVISION_RESPONSE_START_TIMEOUT_SECONDS": "5",
            "REVISION_IDLE_TIMEOUT_SECONDS": "6", "SWIFTLET_BATCH_EVENTS_MAX": "10",
            "SWIFTLET_BACKGROUND_MAX": "11", "SWIFTLET_CE_HEADERS": "knative",
            "SWIFTLET_DRAIN_QUIET_SECONDS": "12", "METRICS_PORT": "0",
            "SWIFTLET_CONNECTIONS_MAX": "13", "SWIFTLET_HEADER_TIMEOUT_SECONDS": "14",
            "SWIFTLET_BODY_TIMEOUT_SECONDS": "15", "SWIFTLET_WRITE_TIMEOUT_SECONDS": "16",
            "SWIFTLET_KEEP_ALIVE_TIMEOUT_SECONDS": "17",
        ]
        let settings = try FunctionSettings(Environment(variables: variables), processID: 1)
        #expect(settings.timeout == .seconds(7))
        #expect(settings.drainTimeout == .seconds(8))
        #expect(settings.bodyBytesMax == 9)
        #expect(settings.concurrencyMax == 3)
        #expect(settings.queueMax == 30)
        #expect(settings.queueTimeout == .seconds(4))
        #expect(settings.responseStartTimeout == .seconds(5))
        #expect(settings.idleTimeout == .seconds(6))
        #expect(settings.batchEventsMax == 10)
        #expect(settings.backgroundMax == 11)
        #expect(settings.headerCoding == .knative)
        #expect(settings.drainQuietPeriod == .seconds(12))
        #expect(settings.metricsPort == 0)
        #expect(settings.connections.countMax == 13)
        #expect(settings.connections.headerTimeout == .seconds(14))
        #expect(settings.connections.bodyTimeout == .seconds(15))
        #expect(settings.connections.writeTimeout == .seconds(16))
        #expect(settings.connections.keepAliveTimeout == .seconds(17))
    }

    @Test("a certificate comes with its key, or not at all")
    func tls() throws {
        let both = ["SWIFTLET_TLS_CERT": "/c", "SWIFTLET_TLS_KEY": "/k"]
        let settings = try FunctionSettings(Environment(variables: both), processID: 1)
        #expect(settings.tls == FunctionSettings.TLSFiles(certificate: "/c", key: "/k"))
        for (value, interval) in [("1", Duration.seconds(1)), ("0", nil), ("", .seconds(10))] {
            let variables = both.merging(["SWIFTLET_TLS_RELOAD_SECONDS": value]) { $1 }
            let settings = try FunctionSettings(Environment(variables: variables), processID: 1)
            #expect(settings.tls?.reloadInterval == interval)
        }
        for (name, value) in both {
            let one = Environment(variables: [name: value])
            #expect(throws: FunctionStartError.self) { try FunctionSettings(one, processID: 1) }
        }
    }

    @Test("0 means no limit, and empty means not set")
    func nothing() throws {
        let names: [FunctionVariable] = [
            .containerConcurrency, .responseStartSeconds, .idleSeconds, .drainQuietSeconds,
        ]
        let defaults = try FunctionSettings(Environment(variables: [:]), processID: 1)
        #expect(defaults == FunctionSettings())
        for value in ["0", ""] {
            let variables = Dictionary(names.map { ($0.rawValue, value) }) { first, _ in first }
            let settings = try FunctionSettings(Environment(variables: variables), processID: 1)
            #expect(settings == defaults)
        }
    }

    @Test("every number is taken at its limits, and not one past them")
    func ranges() throws {
        for variable in FunctionVariable.allCases {
            guard let range = variable.range else { continue }
            for (number, isTaken) in [
                (range.lowerBound, true), (range.upperBound, true),
                (range.lowerBound - 1, false), (range.upperBound + 1, false),
            ] {
                let environment = Environment(variables: [variable.rawValue: "\(number)"])
                let settings = try? FunctionSettings(environment, processID: 1)
                #expect((settings != nil) == isTaken, "\(variable.rawValue)=\(number)")
            }
        }
    }

    @Test("the help names every variable, in lines that fit a terminal")
    func help() {
        let help = FunctionVariable.help(program: "hello")
        for variable in FunctionVariable.allCases {
            #expect(help.contains("  \(variable.rawValue) "))
            #expect(help.contains("\(variable.meaning) [\(variable.defaultText)]"))
        }
        #expect(help.hasPrefix("hello "))
        #expect(help.split(separator: "\n").allSatisfy { $0.count <= 132 })
    }

    @Test("the defaults that are shown are those that hold")
    func defaults() throws {
        let shown: [String: String] = Dictionary(
            FunctionVariable.allCases
                .filter { $0.range != nil && Int($0.defaultText) != nil && $0 != .queueDepth }
                .map { ($0.rawValue, $0.defaultText) }
        ) { first, _ in first }
        #expect(shown.count > 8)
        let settings = try FunctionSettings(Environment(variables: shown), processID: 1)
        #expect(settings == FunctionSettings())
    }

    @Test("a timeout of 0 is the default, as in Knative's manifests")
    func timeoutOfZero() throws {
        let variables = ["REVISION_TIMEOUT_SECONDS": "0"]
        let settings = try FunctionSettings(Environment(variables: variables), processID: 1)
        #expect(settings == FunctionSettings())
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ("PORT", "65536"), ("PORT", "http"), ("PORT", "-1"), ("LISTEN_ADDRESS", "nowhere"),
            ("REVISION_TIMEOUT_SECONDS", "-1"), ("SWIFTLET_BODY_BYTES_MAX", "many"),
            ("SWIFTLET_CE_HEADERS", "loose"), ("CONTAINER_CONCURRENCY", "1.5"),
            ("SWIFTLET_HALF_CLOSE", "maybe"),
        ]
    )
    func refused(_ name: String, _ value: String) {
        let error = #expect(throws: FunctionStartError.self) {
            try FunctionSettings(Environment(variables: [name: value]), processID: 1)
        }
        #expect(error?.description.contains(name) == true)
        #expect(error?.description.contains(value) == true)
    }
}
