// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Testing

@testable import Swiftlet

@Suite("Settings from the environment")
struct FunctionSettingsTests {
    static let listeners: [(variables: [String: String], listener: FunctionSettings.Listener)] = [
        ([:], .address(.ipv4Loopback(port: 8080))),
        (["PORT": "9999"], .address(.ipv4Any(port: 9999))),
        (["PORT": "9999", "LISTEN_ADDRESS": "127.0.0.1:1"], .address(.ipv4Loopback(port: 1))),
        (["LISTEN_FDS": "1", "LISTEN_PID": "42", "PORT": "1"], .inherited(descriptor: 3)),
        (["LISTEN_FDS": "1", "LISTEN_PID": "41", "PORT": "1"], .address(.ipv4Any(port: 1))),
        (["LISTEN_FDS": "0", "LISTEN_PID": "42", "PORT": "1"], .address(.ipv4Any(port: 1))),
    ]

    @Test("say where to listen", arguments: listeners)
    func listener(_ variables: [String: String], _ listener: FunctionSettings.Listener) throws {
        let settings = try FunctionSettings(Environment(variables: variables), processID: 42)
        #expect(settings.listener == listener)
    }

    @Test("times and limits")
    func numbers() throws {
        let variables = [
            "SWIFTLET_TIMEOUT_SECONDS": "7", "SWIFTLET_DRAIN_SECONDS": "8",
            "SWIFTLET_BODY_BYTES_MAX": "9",
        ]
        let settings = try FunctionSettings(Environment(variables: variables), processID: 1)
        #expect(settings.timeout == .seconds(7))
        #expect(settings.drainTimeout == .seconds(8))
        #expect(settings.bodyBytesMax == 9)
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ("PORT", "65536"), ("PORT", "http"), ("PORT", "-1"), ("LISTEN_ADDRESS", "nowhere"),
            ("SWIFTLET_TIMEOUT_SECONDS", "0"), ("SWIFTLET_BODY_BYTES_MAX", "many"),
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
