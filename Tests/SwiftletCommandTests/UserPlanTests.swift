// SPDX-License-Identifier: Apache-2.0

import Activator
import Glibc
import Manifests
import Testing

@testable import SwiftletCommand

typealias ProgramUser = RevisionSpec.User

@Suite("As whom a program is run")
struct UserPlanTests {
    static func security(_ text: String) throws -> SecurityContext {
        let manifest = """
            apiVersion: serving.knative.dev/v1
            kind: Service
            metadata: {name: hello}
            spec:
              template:
                spec:
                  containers:
                  - image: hello
                    securityContext: \(text)
            """
        let set = try ManifestLoader.load(text: manifest, file: "m")
        return try #require(set.services.first).container.security
    }

    static func user(
        _ text: String,
        own: ProgramUser,
        program: String = "/bin/sh"
    ) throws -> ProgramUser? {
        try UserPlan(own: own).user(of: self.security(text), program: program)
    }

    static let root = ProgramUser(id: 0, group: 0)
    static let ordinary = ProgramUser(id: 1000, group: 1001)

    static let possible: [(String, ProgramUser, ProgramUser?)] = [
        ("{}", root, nil), ("{}", ordinary, nil), ("{runAsNonRoot: true}", ordinary, nil),
        ("{runAsNonRoot: false}", root, nil), ("{runAsUser: 0}", root, nil),
        ("{runAsUser: 1000}", ordinary, nil),
        ("{runAsUser: 1000, runAsGroup: 1001}", ordinary, nil),
        ("{runAsUser: 7123, runAsGroup: 9}", root, ProgramUser(id: 7123, group: 9)),
        ("{runAsGroup: 9}", root, ProgramUser(id: 0, group: 9)),
        // One that no machine knows has the group of its own number.
        ("{runAsUser: 7123456}", root, ProgramUser(id: 7_123_456, group: 7_123_456)),
        (
            "{runAsUser: 7123, runAsGroup: 9, runAsNonRoot: true}", root,
            ProgramUser(id: 7123, group: 9)
        ),
    ]

    @Test("what can be, is", arguments: possible)
    func granted(_ text: String, _ own: ProgramUser, _ user: ProgramUser?) throws {
        #expect(try Self.user(text, own: own) == user)
    }

    static let impossible: [(String, ProgramUser, String)] = [
        (
            "{runAsNonRoot: true}", root,
            "runAsNonRoot is true, and swiftlet runs as root: say who else in runAsUser"
        ),
        (
            "{runAsNonRoot: true, runAsUser: 0}", root,
            "runAsNonRoot is true, and runAsUser is root"
        ),
        (
            "{runAsNonRoot: true, runAsUser: 0}", ordinary,
            "runAsNonRoot is true, and runAsUser is root"
        ),
        (
            "{runAsUser: 7, runAsGroup: 8}", ordinary,
            "runAsUser and runAsGroup are 7 and 8, and swiftlet, which runs as 1000 and 1001, could"
                + " change that as root only"
        ),
        (
            "{runAsGroup: 8}", ordinary,
            "runAsUser and runAsGroup are 1000 and 8, and swiftlet, which runs as 1000 and 1001,"
                + " could change that as root only"
        ),
    ]

    @Test("what cannot be is refused with the reason", arguments: impossible)
    func refused(_ text: String, _ own: ProgramUser, _ reason: String) throws {
        let error = #expect(throws: UserPlan.Refusal.self) { try Self.user(text, own: own) }
        #expect(error?.description == reason)
    }

    @Test("a program that the user cannot reach, or not execute, is refused")
    func obstacle() throws {
        func reason(_ program: String) throws -> String? {
            let error = #expect(throws: UserPlan.Refusal.self) {
                try Self.user("{runAsUser: 7123}", own: Self.root, program: program)
            }
            return error?.description
        }
        #expect(
            try reason("/etc/passwd")
                == "user 7123 cannot run /etc/passwd: /etc/passwd may not be executed by it"
        )
        #expect(
            try reason("/nonexistent/a")
                == "user 7123 cannot run /nonexistent/a: there is no /nonexistent"
        )
        var template = Array("/tmp/swiftlet-user-XXXXXX".utf8CString)
        let isMade = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) } != nil
        }
        try #require(isMade)
        let path = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
        defer { rmdir(path) }
        #expect(
            try reason("\(path)/a")
                == "user 7123 cannot run \(path)/a: \(path) may not be entered by it"
        )
    }
}
