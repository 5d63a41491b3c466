// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Manifests

@Suite("Probes")
struct ProbeTests {
    private static func manifest(_ probe: String, _ kind: String = "readinessProbe") -> String {
        ServiceManifestTests.smallest + "        \(kind): \(probe)\n"
    }

    @Test(
        "a readiness probe that speaks of no time has Knative's own; any time brings Kubernetes'",
        arguments: [
            ("{}", 0, 1, 3), ("{initialDelaySeconds: 4, successThreshold: 2}", 0, 1, 3),
            ("{periodSeconds: 0}", 0, 1, 3), ("{periodSeconds: 7}", 7, 1, 3),
            ("{timeoutSeconds: 2}", 10, 2, 3), ("{failureThreshold: 5}", 10, 1, 5),
            ("{timeoutSeconds: 0, failureThreshold: 0}", 0, 1, 3),
            ("{timeoutSeconds: 0, periodSeconds: 2}", 2, 1, 3),
        ]
    )
    func times(_ text: String, _ period: Int, _ timeout: Int, _ failures: Int) throws {
        let service = try #require(try Load.set(Self.manifest(text)).services.first)
        let probe = try #require(service.container.readinessProbe)
        #expect(probe.period == .seconds(period))
        #expect(probe.timeout == .seconds(timeout))
        #expect(probe.failureThreshold == failures)
    }

    @Test("a liveness probe has Kubernetes' period")
    func liveness() throws {
        let text = Self.manifest("{httpGet: {path: /}}", "livenessProbe")
        let service = try #require(try Load.set(text).services.first)
        #expect(service.container.livenessProbe?.period == .seconds(10))
    }

    @Test("a command is read")
    func command() throws {
        let text = Self.manifest("{exec: {command: [cat, /tmp/ready]}}")
        let service = try #require(try Load.set(text).services.first)
        guard case .exec(let command) = service.container.readinessProbe?.action else {
            Issue.record("the probe is no command")
            return
        }
        #expect(command == ["cat", "/tmp/ready"])
    }

    @Test(
        "what is no command is told once, with what it is",
        arguments: [
            ("{}", ": missing, but required"),
            ("{command: }", ": missing, but required"),
            ("{command: []}", ": expected a program and its arguments, got an empty list"),
            ("{command: cat /tmp/ready}", ": expected a list, got a string"),
            ("{command: {run: cat}}", ": expected a list, got a mapping"),
            ("{command: [1]}", "[0]: expected a string, got an integer; put it in quotes"),
            ("{command: [cat, [a]]}", "[1]: expected a string, got a list"),
            ("{command: [\"\", a]}", "[0]: expected a program, got an empty text"),
        ]
    )
    func noCommand(_ exec: String, _ message: String) throws {
        let diagnostics = Load.diagnostics(Self.manifest("{exec: \(exec)}"))
        #expect(diagnostics.count == 1, "\(diagnostics)")
        #expect(diagnostics.first?.hasSuffix("readinessProbe.exec.command\(message)") == true)
    }
}
