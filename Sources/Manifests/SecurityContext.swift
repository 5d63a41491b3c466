// SPDX-License-Identifier: Apache-2.0

/// As whom a container runs: its `securityContext`, and its pod's where it says nothing.
package struct SecurityContext: Sendable, Hashable {
    /// The user's number (`runAsUser`); `nil` is for the image to say.
    package var user: UInt32?
    /// The group's number (`runAsGroup`); `nil` is for the image to say.
    package var group: UInt32?
    /// Whether it must not be root (`runAsNonRoot`).
    package var mustNotBeRoot: Bool?
    /// Where the manifest says so; `nil` when it says nothing.
    package var mark: SourceMark?

    /// Says nothing.
    package init() {}
}

extension SecurityContext {
    /// Kubernetes' range of users and groups.
    private static let numbers = 0...Int(Int32.max)

    /// Reads `securityContext` of a pod or a container, whose other fields have no effect here.
    init(in reader: inout ObjectReader, accepting others: [String: FieldShape]) {
        guard var context = reader.object("securityContext") else { return }
        defer { context.finish() }
        self.user = context.integer("runAsUser", in: Self.numbers).map(UInt32.init)
        self.group = context.integer("runAsGroup", in: Self.numbers).map(UInt32.init)
        self.mustNotBeRoot = context.flag("runAsNonRoot")
        if self != SecurityContext() { self.mark = context.mark }
        context.accept(others)
    }

    /// What a container is to be when it says this, and its pod that.
    func over(_ pod: SecurityContext) -> SecurityContext {
        var merged = self
        merged.user = self.user ?? pod.user
        merged.group = self.group ?? pod.group
        merged.mustNotBeRoot = self.mustNotBeRoot ?? pod.mustNotBeRoot
        merged.mark = self.mark ?? pod.mark
        return merged
    }
}
