// SPDX-License-Identifier: Apache-2.0

import Activator
import Manifests
import Testing

@testable import SwiftletCommand

@Suite("From a Service to what the activator runs")
struct RevisionPlanTests {
    static func spec(
        _ container: String,
        refusesOtherUsers: Bool = true,
        users: UserPlan = UserPlan(own: RevisionSpec.User(id: 0, group: 0)),
        portName: String = ""
    ) throws -> RevisionSpec {
        let manifest = """
            apiVersion: serving.knative.dev/v1
            kind: Service
            metadata: {name: hello, namespace: shop}
            spec:
              template:
                metadata:
                  annotations: {swiftlet.dev/command: "sh -c true"}
                spec:
                  containers:
                  - image: hello
                    ports: [{containerPort: 8081, name: "\(portName)"}]
                    \(container)
            """
        let manifests = try ManifestLoader.load(text: manifest, file: "m")
        let plan = RevisionPlan(
            manifests: manifests,
            options: try PlatformOptions(
                CommandArguments(["-f", "m"], syntax: ActivateCommand.syntax, environment: [:])
            ),
            platformVariables: [],
            refusesOtherUsers: refusesOtherUsers,
            users: users
        )
        return try plan.revision(of: try #require(manifests.services.first))
    }

    static let probes: [(String, RevisionSpec.ReadinessProbe.Action?)] = [
        ("{httpGet: {path: /r}}", .httpGet(path: "/r", headers: [])),
        ("{httpGet: {path: /r, port: 8081}}", .httpGet(path: "/r", headers: [])),
        // A port that is not served here.
        ("{httpGet: {path: /r, port: 9000}}", nil),
        // That it listens is known anyway.
        ("{tcpSocket: {port: 8081}}", nil), ("{}", nil),
        ("{tcpSocket: {port: 8081}, initialDelaySeconds: 1}", .tcpSocket),
        ("{tcpSocket: {port: 8081}, periodSeconds: 1}", .tcpSocket),
        ("{successThreshold: 2}", .tcpSocket),
        ("{grpc: {service: a.B}}", .grpc(service: "a.B")),
        ("{grpc: {port: 8081}}", .grpc(service: "")), ("{grpc: {port: 9000}}", nil),
        ("{exec: {command: [/bin/sh, -c, exit 0]}}", .exec(["/bin/sh", "-c", "exit 0"])),
    ]

    @Test("readiness probes", arguments: probes)
    func probe(_ text: String, _ action: RevisionSpec.ReadinessProbe.Action?) throws {
        guard case .exec(let command) = action else {
            #expect(try Self.spec("readinessProbe: \(text)").readinessProbe?.action == action)
            return
        }
        // A program is named by its path.
        let found = try Self.spec("readinessProbe: \(text)").readinessProbe?.action
        guard case .exec(let words) = found else {
            Issue.record("no command: \(String(describing: found))")
            return
        }
        #expect(words.dropFirst() == command.dropFirst() && words[0].hasPrefix("/"))
    }

    @Test(
        "the port's name says what is spoken",
        arguments: [("", false), ("http1", false), ("h2c", true)]
    )
    func portName(_ name: String, _ speaksHTTP2: Bool) throws {
        #expect(try Self.spec("", portName: name).speaksHTTP2 == speaksHTTP2)
    }

    @Test("a probe's program is found by PATH, and one that is not there is refused")
    func probeProgram() throws {
        let spec = try Self.spec(
            "readinessProbe: {exec: {command: [true]}}".replacing("true", with: "\"true\"")
        )
        guard case .exec(let command) = spec.readinessProbe?.action else {
            Issue.record("no command")
            return
        }
        #expect(command.count == 1 && command[0].hasPrefix("/"))
        let error = #expect(throws: CommandError.self) {
            try Self.spec("readinessProbe: {exec: {command: [/nonexistent/check]}}")
        }
        #expect(
            "\(String(describing: error))".contains(
                "m:1:1: Service hello: there is no program /nonexistent/check on this machine, which "
                    + "its readinessProbe runs"
            )
        )
    }

    @Test("times and thresholds go on to the activator")
    func probeTimes() throws {
        let probe = try Self.spec(
            "readinessProbe: {httpGet: {path: /}, initialDelaySeconds: 1, periodSeconds: 2, "
                + "timeoutSeconds: 3, successThreshold: 4, failureThreshold: 5}"
        ).readinessProbe
        #expect(probe?.initialDelay == .seconds(1) && probe?.period == .seconds(2))
        #expect(probe?.timeout == .seconds(3))
        #expect(probe?.successThreshold == 4 && probe?.failureThreshold == 5)
    }

    @Test("limits")
    func limits() throws {
        let limits = try Self.spec("resources: {limits: {memory: 64Mi, ephemeral-storage: 1Gi}}")
            .resourceLimits
        #expect(limits.memoryBytesMax == 64 << 20)
        #expect(limits.fileBytesMax == 1 << 30)
    }

    @Test("a user that cannot be had is refused, or told and left out on a developer's machine")
    func user() throws {
        let text = "securityContext: {runAsUser: 7, runAsGroup: 7}"
        #expect(try Self.spec(text).user == RevisionSpec.User(id: 7, group: 7))
        let ordinary = UserPlan(own: RevisionSpec.User(id: 1000, group: 1000))
        let error = #expect(throws: CommandError.self) { try Self.spec(text, users: ordinary) }
        #expect(
            "\(String(describing: error))".contains(
                "m:12:26: Service hello: runAsUser and runAsGroup"
            )
        )
        #expect(try Self.spec(text, refusesOtherUsers: false, users: ordinary).user == nil)
    }
}
