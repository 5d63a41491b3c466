// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Manifests

@Suite("As whom a container runs")
struct SecurityContextTests {
    private static func context(pod: String?, container: String?) throws -> SecurityContext {
        var text = ServiceManifestTests.smallest
        if let container { text += "        securityContext: \(container)\n" }
        if let pod { text += "      securityContext: \(pod)\n" }
        let set = try Load.set(text)
        #expect(set.diagnostics == [])
        return try #require(set.services.first).container.security
    }

    @Test("nothing is said")
    func nothing() throws {
        #expect(try Self.context(pod: nil, container: nil) == SecurityContext())
        let others = try Self.context(
            pod: "{fsGroup: 3, supplementalGroups: [4]}",
            container: "{readOnlyRootFilesystem: true}"
        )
        #expect(others == SecurityContext())
    }

    @Test("a container's word counts before its pod's, field by field")
    func merged() throws {
        let pod = "{runAsUser: 1, runAsGroup: 2, runAsNonRoot: true}"
        let ofPod = try Self.context(pod: pod, container: nil)
        #expect(ofPod.user == 1 && ofPod.group == 2 && ofPod.mustNotBeRoot == true)
        #expect(ofPod.mark?.line == 10)
        let both = try Self.context(pod: pod, container: "{runAsUser: 2147483647}")
        #expect(both.user == 2_147_483_647 && both.group == 2 && both.mustNotBeRoot == true)
        #expect(both.mark?.line == 10)
        let root = try Self.context(pod: pod, container: "{runAsUser: 0, runAsNonRoot: false}")
        #expect(root.user == 0 && root.mustNotBeRoot == false)
    }
}
