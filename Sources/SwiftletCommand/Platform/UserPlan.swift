// SPDX-License-Identifier: Apache-2.0

internal import Activator
internal import Glibc
internal import Manifests

/// As whom a program is run, when its manifest says something about that.
struct UserPlan {
    /// Why a program cannot be run as its manifest says, as a sentence without its end.
    struct Refusal: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    /// Who this process is.
    let own: RevisionSpec.User

    /// A plan for this process, or for another in its place.
    init(own: RevisionSpec.User = RevisionSpec.User(id: geteuid(), group: getegid())) {
        self.own = own
    }

    /// The user to become; `nil` when that is this process's own.
    ///
    /// - Throws: ``Refusal`` when the manifest asks for what cannot be.
    func user(
        of security: SecurityContext,
        program: String
    ) throws(Refusal) -> RevisionSpec.User? {
        let id = security.user ?? self.own.id
        if security.mustNotBeRoot == true, id == 0 {
            throw Refusal(
                description: security.user == nil
                    ? "runAsNonRoot is true, and swiftlet runs as root: say who else in runAsUser"
                    : "runAsNonRoot is true, and runAsUser is root"
            )
        }
        guard security.user != nil || security.group != nil else { return nil }
        let group = security.group ?? (id == self.own.id ? self.own.group : Self.group(of: id))
        let wanted = RevisionSpec.User(id: id, group: group)
        guard wanted != self.own else { return nil }
        guard self.own.id == 0 else {
            throw Refusal(
                description: "runAsUser and runAsGroup are \(id) and \(group), and swiftlet, which "
                    + "runs as \(self.own.id) and \(self.own.group), could change that as root only"
            )
        }
        if let obstacle = Self.obstacle(to: program, for: wanted) {
            throw Refusal(description: "user \(id) cannot run \(program): \(obstacle)")
        }
        return wanted
    }

    /// The group of a user that this machine knows; that of the same number for others, and never
    /// root's by chance.
    private static func group(of id: UInt32) -> UInt32 {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 * 1024)
        guard getpwuid_r(id, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
            return id
        }
        return entry.pw_gid
    }

    /// What keeps a user from running a program, by the permissions of its path; `nil` for nothing.
    private static func obstacle(to program: String, for user: RevisionSpec.User) -> String? {
        guard user.id != 0 else { return nil }
        var path = ""
        for part in program.split(separator: "/") {
            if let obstacle = self.missingPermission(at: path.isEmpty ? "/" : path, for: user) {
                return obstacle
            }
            path += "/\(part)"
        }
        return self.missingPermission(at: path, for: user)
    }

    private static func missingPermission(at path: String, for user: RevisionSpec.User) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return "there is no \(path)" }
        let bit: mode_t =
            status.st_uid == user.id ? S_IXUSR : status.st_gid == user.group ? S_IXGRP : S_IXOTH
        guard status.st_mode & bit == 0 else { return nil }
        let isDirectory = status.st_mode & S_IFMT == S_IFDIR
        return "\(path) may not be \(isDirectory ? "entered" : "executed") by it"
    }
}
