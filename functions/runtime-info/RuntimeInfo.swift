// SPDX-License-Identifier: Apache-2.0

/// What a container can see, in the JSON of Knative's runtime test image.
struct RuntimeInfo: Codable, Sendable {
    var request: RequestInfo
    var host: HostInfo
}

/// The request as it came.
struct RequestInfo: Codable, Sendable {
    /// When, RFC 3339.
    var ts: String
    var uri: String
    var host: String
    var method: String
    /// By lower-case name, the values in order.
    var headers: [String: [String]]
    var proto: String
}

/// The process and what surrounds it.
struct HostInfo: Codable, Sendable {
    var files: [String: FileInfo]
    var envs: [String: String]
    var fileAccess: [String: FileAccess]
    var cgroups: [Cgroup]
    var mounts: [Mount]
    var stdin: StandardInput
    var user: User
    var args: [String]
    /// The open descriptors by number, and what each of them is; only here, not in Knative's image.
    var descriptors: [String: String]
}

/// The metadata of a path.
struct FileInfo: Codable, Sendable, Equatable {
    /// As `ls` writes permissions, without the type.
    var mode: String?
    var isDir: Bool?
    /// Where a symbolic link leads.
    var sourceFile: String?
    var error: String?
}

/// Whether a path can be read and written; `nil` when it can.
struct FileAccess: Codable, Sendable, Equatable {
    var readErr: String?
    var writeErr: String?
}

/// A file of the control group.
struct Cgroup: Codable, Sendable, Equatable {
    var name: String
    var value: String?
    var error: String?
}

/// A line of `/proc/self/mounts`.
struct Mount: Codable, Sendable, Equatable {
    var device: String
    var path: String
    var type: String
    var options: [String]
}

/// What standard input holds.
struct StandardInput: Codable, Sendable, Equatable {
    var eof: Bool?
    var error: String?
}

/// Who runs the process, and where.
struct User: Codable, Sendable, Equatable {
    var uid: UInt32
    var euid: UInt32
    var gid: UInt32
    var egid: UInt32
    var cwd: String
    var home: String?
}
